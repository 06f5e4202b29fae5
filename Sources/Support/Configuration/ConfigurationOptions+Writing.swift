extension ConfigurationOptions {
    /// The values as YAML that reads back to the same values, each line with the origin of its value.
    ///
    /// Keys without effect are left out, and so are those that hold nothing by default.
    ///
    /// - Parameters:
    ///   - origins: The origin of each key that was given, by its dotted path.
    ///   - notes: What is to be added to a key's comment, by its dotted path: what the plan chose for `auto`.
    public func yaml(origins: [String: ConfigurationOrigin] = [:], notes: [String: String] = [:]) -> String {
        var lines: [String] = []
        append(Self.keys, path: "", indentation: "") { path, text in
            let origin = (origins[path] ?? .builtIn).description
            let comment = notes[path].map { "\(origin); \($0)" } ?? origin
            let padding = String(repeating: " ", count: max(2, 48 - text.count))
            lines.append(text + padding + "# " + comment.filter { !$0.isNewline })
        } section: {
            lines.append($0)
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private func append(
        _ rows: [ConfigurationKey<Self>], path: String, indentation: String, value: (_ path: String, _ text: String) -> Void,
        section: (_ text: String) -> Void
    ) {
        let defaults = Self()
        for (rowPath, row) in rows.map({ (dottedPath(path, $0.name), $0) }) {
            if case .section(let rows) = row.body {
                guard rows.leaves(below: rowPath).contains(where: { isWritten($0.row, defaults) }) else { continue }
                section("\(indentation)\(row.name):")
                append(rows, path: rowPath, indentation: indentation + "  ", value: value, section: section)
            } else if isWritten(row, defaults) {
                value(rowPath, "\(indentation)\(row.name): \(row.written(self).flowText)")
            }
        }
    }

    private func isWritten(_ row: ConfigurationKey<Self>, _ defaults: Self) -> Bool {
        row.failing(self) == nil && !(row.written(self).isNull && row.written(defaults).isNull)
    }

    /// The values of all keys that have an effect, in the order of the tables.
    public var settings: [ConfigurationSetting] {
        let defaults = Self()
        let written = Self.keys.leaves(below: "").filter { isWritten($0.row, defaults) }
        return written.map { ConfigurationSetting(path: $0.path, value: $0.row.written(self)) }
    }

    /// All keys with their meanings, in the order of the tables.
    public static var explanations: [ConfigurationExplanation] {
        let defaults = Self()
        return keys.leaves(below: "").map { path, row in
            let written = row.written(defaults)
            return ConfigurationExplanation(
                path: path, wanted: row.wanted, defaultText: row.isRequired ? nil : written.isNull ? "none" : written.flowText,
                meaning: row.meaning, conditions: row.conditions.map(\.words))
        }
    }
}

/// What there is to know about one key.
public struct ConfigurationExplanation: Equatable, Sendable {
    /// The key with its sections: `training.optimizer.learning_rate`.
    public let path: String
    /// What a file may hold: `a whole number of 1 or more`.
    public let wanted: String
    /// The default as a file would hold it; nil where the key must be given.
    public let defaultText: String?
    public let meaning: String
    /// When the key counts, beyond always: `where kind is lora or qlora`.
    public let conditions: [String]
}

/// The value of one key.
public struct ConfigurationSetting: Equatable, Sendable {
    /// The key with its sections: `training.optimizer.learning_rate`.
    public let path: String
    public let value: ConfigurationNode

    public init(path: String, value: ConfigurationNode) {
        self.path = path
        self.value = value
    }
}
