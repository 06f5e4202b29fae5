/// A part of the configuration: stored properties with their defaults, and one table that says everything else about them.
///
/// Decoding, range checks, the refusal of unknown keys, the resolved file and the listing of all keys read the table; nothing else knows a key.
public protocol ConfigurationOptions: Equatable, Sendable {
    /// The defaults.
    init()
    /// One row per stored property, in the order of the listing.
    static var keys: [ConfigurationKey<Self>] { get }
}

/// One row of a `keys` table: a key of `Root` with its name, what it may hold and what it means; or a section of such rows.
public struct ConfigurationKey<Root> {
    /// In snake_case, as files spell it.
    public let name: String
    /// One sentence: meaning, unit, what larger costs.
    public let meaning: String
    /// What a file may hold: `a whole number of 1 or more`. Empty for a section.
    public let wanted: String
    /// Whether a file must give the key.
    public private(set) var isRequired = false
    /// What must hold for the key to have any effect.
    public private(set) var conditions: [Condition] = []
    /// Names under which other programs know the key; they are not accepted, but lead to it.
    public private(set) var foreignNames: [String] = []
    var body: Body

    public struct Condition {
        /// What completes "it counts only": `where kind is lora or qlora`.
        public let words: String
        let holds: (Root) -> Bool
    }

    enum Body {
        /// `read` stores the value, unless it refuses it.
        case value(read: (ConfigurationNode, inout Root) -> Verdict, write: (Root) -> ConfigurationNode)
        case section([ConfigurationKey<Root>])
    }

    enum Verdict {
        case stored
        case refused(remedy: String?)
    }
}

// MARK: - Rows

extension ConfigurationKey {
    /// A key that may hold any value of its type.
    public static func key<Value: ConfigurationValue>(_ name: String, _ path: WritableKeyPath<Root, Value>, _ meaning: String) -> Self {
        key(name, path, wanted: Value.wanted, contains: { _ in true }, meaning)
    }

    /// A key that holds a number within limits.
    public static func key<Value>(
        _ name: String, _ path: WritableKeyPath<Root, Value>, _ limits: ConfigurationLimits<Value>, _ meaning: String
    ) -> Self {
        key(name, path, wanted: Value.wanted + limits.words, contains: limits.contains, meaning)
    }

    /// A key that holds a number within limits, or nothing.
    public static func key<Value>(
        _ name: String, _ path: WritableKeyPath<Root, Value?>, _ limits: ConfigurationLimits<Value>, _ meaning: String
    ) -> Self {
        key(name, path, wanted: Value.wanted + limits.words, contains: { $0.map(limits.contains) ?? true }, meaning)
    }

    /// The keys of another part, below a name of their own.
    public static func section<Part: ConfigurationOptions>(_ name: String, _ path: WritableKeyPath<Root, Part>, _ meaning: String) -> Self {
        Self(name: name, meaning: meaning, wanted: "", body: .section(Part.keys.map { $0.lifted(path) }))
    }

    private static func key<Value: ConfigurationValue>(
        _ name: String, _ path: WritableKeyPath<Root, Value>, wanted: String, contains: @escaping (Value) -> Bool, _ meaning: String
    ) -> Self {
        let read = { (node: ConfigurationNode, root: inout Root) -> Verdict in
            guard let value = Value(configuration: node), contains(value) else {
                let nearest = node.anyText.flatMap { nearestName(to: $0, among: Value.choices) }
                return .refused(remedy: nearest.map { "Did you mean \($0)?" })
            }
            root[keyPath: path] = value
            return .stored
        }
        return Self(name: name, meaning: meaning, wanted: wanted, body: .value(read: read, write: { $0[keyPath: path].configuration }))
    }

    private init(name: String, meaning: String, wanted: String, body: Body) {
        self.name = name
        self.meaning = meaning
        self.wanted = wanted
        self.body = body
    }
}

// MARK: - Changing rows

extension ConfigurationKey {
    /// The row, but a file must give the key.
    public func required() -> Self {
        var copy = self
        copy.isRequired = true
        return copy
    }

    /// The row, but its key has an effect only where `holds`; given elsewhere it is an error, and the resolved file leaves it out.
    public func only(_ words: String, _ holds: @escaping (Root) -> Bool) -> Self {
        var copy = self
        copy.conditions.append(Condition(words: words, holds: holds))
        return copy
    }

    /// The row, with names of other programs that an error about them leads to this key.
    public func known(as names: String...) -> Self {
        var copy = self
        copy.foreignNames += names
        return copy
    }

    /// The row as one of a larger struct, which holds `Root` at `path`.
    public func lifted<Whole>(_ path: WritableKeyPath<Whole, Root>) -> ConfigurationKey<Whole> {
        let liftedBody: ConfigurationKey<Whole>.Body =
            switch body {
            case .section(let rows): .section(rows.map { $0.lifted(path) })
            case .value(let read, let write):
                .value(
                    read: { node, whole in
                        switch read(node, &whole[keyPath: path]) {
                        case .stored: .stored
                        case .refused(let remedy): .refused(remedy: remedy)
                        }
                    }, write: { write($0[keyPath: path]) })
            }
        var row = ConfigurationKey<Whole>(name: name, meaning: meaning, wanted: wanted, body: liftedBody)
        row.isRequired = isRequired
        row.foreignNames = foreignNames
        row.conditions = conditions.map { condition in .init(words: condition.words, holds: { condition.holds($0[keyPath: path]) }) }
        return row
    }
}

// MARK: - Tables

extension Array {
    /// The keys of a part as keys of the struct that holds it, at the same level, all under one condition.
    public static func including<Root, Part: ConfigurationOptions>(
        _ path: WritableKeyPath<Root, Part>, only words: String, _ holds: @escaping (Root) -> Bool
    ) -> Self where Element == ConfigurationKey<Root> {
        Part.keys.map { $0.lifted(path).only(words, holds) }
    }

    /// The table with a condition on the key at a dotted path: for conditions that look at more than one section.
    ///
    /// - Precondition: The table has that key.
    public func only<Root>(at path: String, _ words: String, _ holds: @escaping (Root) -> Bool) -> Self
    where Element == ConfigurationKey<Root> {
        let names = path.split(separator: ".", maxSplits: 1).map(String.init)
        precondition(contains { $0.name == names.first }, "Array.only: the table has no key \(path)")
        return map { row in
            guard row.name == names[0] else { return row }
            guard names.count > 1, case .section(let rows) = row.body else { return row.only(words, holds) }
            var copy = row
            copy.body = .section(rows.only(at: names[1], words, holds))
            return copy
        }
    }
}
