/// What a `keys` table made of a written configuration: the values, who gave each, and everything that is wrong with it.
public struct ConfigurationReading<Root: ConfigurationOptions> {
    /// The values; where a problem was found, the default.
    public private(set) var value = Root()
    /// The origin of each key that was given, by its dotted path. A key that is absent here has its default.
    public private(set) var origins: [String: ConfigurationOrigin] = [:]
    /// One error per problem, in the order of the file.
    public private(set) var problems: [TrainerError] = []
    private var sectionsInDoubt: Set<String> = []

    /// Reads `node`, a section, against the keys of `Root`.
    ///
    /// - Parameter isComplete: Whether `node` holds all that was written; if parts of it could not be read, keys without effect can't be told.
    public init(_ node: ConfigurationNode, isComplete: Bool = true) {
        read(node, rows: Root.keys, path: "")
        if isComplete { checkEffect(rows: Root.keys, path: "") }
    }

    private mutating func read(_ node: ConfigurationNode, rows: [ConfigurationKey<Root>], path: String) {
        guard case .section(let entries) = node.content else {
            let remedy = path.isEmpty ? nil : "Write its keys below it: \(rows.prefix(3).map(\.name).joined(separator: ", ")) and so on"
            return report(node, path, "found \(node.found), wants a section", remedy: remedy)
        }
        for entry in entries {
            guard let row = rows.first(where: { $0.name == entry.name }) else {
                refuse(entry, rows: rows, path: path)
                continue
            }
            read(entry.node, row: row, path: dottedPath(path, row.name))
        }
        for row in rows where !entries.contains(where: { $0.name == row.name }) { readAbsent(row, path: dottedPath(path, row.name)) }
    }

    private mutating func read(_ node: ConfigurationNode, row: ConfigurationKey<Root>, path: String) {
        switch row.body {
        case .section(let rows): read(node, rows: rows, path: path)
        case .value(let read, _):
            switch read(node, &value) {
            case .stored: origins[path] = node.origin
            case .refused(let remedy): report(node, path, "found \(node.found), wants \(row.wanted)", remedy: remedy)
            }
        }
    }

    private mutating func readAbsent(_ row: ConfigurationKey<Root>, path: String) {
        if case .section(let rows) = row.body {
            for row in rows { readAbsent(row, path: dottedPath(path, row.name)) }
        } else if row.isRequired {
            problems.append(TrainerError(.configuration, path, "is missing", remedy: "Give \(row.wanted): \(row.meaning)"))
        }
    }

    /// An unknown key, with the key that was most likely meant: a near name here, or its name or foreign name anywhere.
    private mutating func refuse(_ entry: ConfigurationNode.Entry, rows: [ConfigurationKey<Root>], path: String) {
        let everywhere = Root.keys.leaves(below: "")
        let here = rows.first { $0.foreignNames.contains(entry.name) }?.name
        let elsewhere = everywhere.first { $0.row.name == entry.name || $0.row.foreignNames.contains(entry.name) }?.path
        let nearest = here ?? elsewhere ?? nearestName(to: entry.name, among: rows.map(\.name))
        report(entry.node, dottedPath(path, entry.name), "is no known key", remedy: nearest.map { "Did you mean \($0)?" })
    }

    private mutating func report(_ node: ConfigurationNode, _ path: String, _ problem: String, remedy: String?) {
        problems.append(TrainerError(.configuration, node.origin.subject(path), problem, remedy: remedy))
        sectionsInDoubt.insert(parent(path))
    }

    /// Reports keys that were given but have no effect, in sections that are otherwise sound.
    private mutating func checkEffect(rows: [ConfigurationKey<Root>], path: String) {
        for (path, row) in rows.leaves(below: path) {
            guard let origin = origins[path], !row.written(value).isNull, !sectionsInDoubt.contains(parent(path)) else { continue }
            guard let condition = row.failing(value) else { continue }
            let subject = origin.subject(path)
            problems.append(
                TrainerError(.configuration, subject, "has no effect: it counts only \(condition)", remedy: "Remove it or change the other key"))
        }
    }
}

/// The dotted path of a key in a section.
func dottedPath(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

private func parent(_ path: String) -> String { path.lastIndex(of: ".").map { String(path[..<$0]) } ?? "" }

// MARK: - Reading rows

extension ConfigurationKey {
    /// The value as it would be written; nothing for a section.
    func written(_ root: Root) -> ConfigurationNode {
        guard case .value(_, let write) = body else { return .null }
        return write(root)
    }

    /// The words of the first condition that does not hold.
    func failing(_ root: Root) -> String? { conditions.first { !$0.holds(root) }?.words }
}

extension Array {
    /// The keys that hold values, with their dotted paths; sections are taken apart.
    func leaves<Root>(below path: String) -> [(path: String, row: ConfigurationKey<Root>)] where Element == ConfigurationKey<Root> {
        flatMap { row in
            let rowPath = dottedPath(path, row.name)
            guard case .section(let rows) = row.body else { return [(rowPath, row)] }
            return rows.leaves(below: rowPath)
        }
    }
}
