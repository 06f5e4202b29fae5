/// A JSON value that keeps what a file says: the order of keys, and numbers as they are spelled.
///
/// Foundation's readers drop a name that comes twice and turn numbers into binary ones; a checkpoint's header must not be read that way, and
/// a `config.json` that is saved again must differ only where something was changed.
public enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// A number in JSON's spelling, or Python's `NaN`, `Infinity` and `-Infinity`.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    public static func integer(_ value: Int) -> JSONValue { .number(String(value)) }

    public static func double(_ value: Double) -> JSONValue {
        guard value.isFinite else { return .number(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity") }
        return .number(String(value))
    }

    public static func strings(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }

    public static func integers(_ values: [Int]) -> JSONValue { .array(values.map { .integer($0) }) }

    /// What the value is, for error messages: `the string "llama"`, `a list`, `null`.
    public var shown: String {
        switch self {
        case .null: "null"
        case .bool(let value): String(value)
        case .number(let text): text.count <= 40 ? text : "a number of \(text.count) digits"
        case .string(let text): text.count <= 60 ? "the string \"\(text)\"" : "a string of \(text.count) characters"
        case .array(let elements): "a list of \(elements.count)"
        case .object: "an object"
        }
    }
}

/// The names and values of a JSON object, in the file's order. Names are compared byte by byte: é has two spellings, and a vocabulary both.
public struct JSONObject: Equatable, Sendable {
    public private(set) var keys: [String] = []
    private var values: [Name: JSONValue] = [:]

    /// A name as its bytes; Swift's own strings are equal where Unicode calls them equivalent.
    private struct Name: Hashable, Sendable {
        var text: String

        static func == (left: Name, right: Name) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

        func hash(into hasher: inout Hasher) {
            if text.utf8.withContiguousStorageIfAvailable({ hasher.combine(bytes: UnsafeRawBufferPointer($0)) }) == nil {
                for byte in text.utf8 { hasher.combine(byte) }
            }
        }
    }

    public init() {}

    public init(_ pairs: [(String, JSONValue)]) {
        for (key, value) in pairs { self[key] = value }
    }

    /// The value of `key`; a new key goes to the end, and nil removes it.
    public subscript(key: String) -> JSONValue? {
        get { values[Name(text: key)] }
        set {
            let name = Name(text: key)
            let isOld = values.updateValue(newValue ?? .null, forKey: name) != nil
            if !isOld { keys.append(key) }
            if newValue == nil {
                values[name] = nil
                keys.removeAll { Name(text: $0) == name }
            }
        }
    }

    /// A copy whose keys are in the order of their bytes, as transformers and PEFT write them.
    public var sorted: JSONObject {
        JSONObject(keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { ($0, self[$0] ?? .null) })
    }
}
