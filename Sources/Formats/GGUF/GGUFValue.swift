/// A value of GGUF's metadata.
public enum GGUFValue: Equatable, Sendable {
    case uint8(UInt8), int8(Int8), uint16(UInt16), int16(Int16), uint32(UInt32), int32(Int32), uint64(UInt64), int64(Int64)
    case float32(Float), float64(Double)
    case bool(Bool)
    case string(String)
    /// Elements of one type; an empty array keeps its type too.
    case array(Kind, [GGUFValue])

    /// The number that stands for a value's type in the file.
    public enum Kind: UInt32, CaseIterable, Sendable {
        case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

        /// The fewest bytes that a value of this type takes in a file.
        var minimumBytes: Int {
            switch self {
            case .uint8, .int8, .bool: 1
            case .uint16, .int16: 2
            case .uint32, .int32, .float32: 4
            case .uint64, .int64, .float64, .string: 8
            case .array: 12
            }
        }
    }

    public var kind: Kind {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .uint16: .uint16
        case .int16: .int16
        case .uint32: .uint32
        case .int32: .int32
        case .uint64: .uint64
        case .int64: .int64
        case .float32: .float32
        case .float64: .float64
        case .bool: .bool
        case .string: .string
        case .array: .array
        }
    }

    /// The value of any whole-number type, if an `Int` holds it.
    public var integer: Int? {
        switch self {
        case .uint8(let value): Int(value)
        case .int8(let value): Int(value)
        case .uint16(let value): Int(value)
        case .int16(let value): Int(value)
        case .uint32(let value): Int(value)
        case .int32(let value): Int(value)
        case .uint64(let value): Int(exactly: value)
        case .int64(let value): Int(value)
        default: nil
        }
    }

    /// The value of any number type.
    public var double: Double? {
        switch self {
        case .float32(let value): Double(value)
        case .float64(let value): value
        default: integer.map(Double.init)
        }
    }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var elements: [GGUFValue]? {
        if case .array(_, let elements) = self { elements } else { nil }
    }

    public static func strings(_ values: [String]) -> GGUFValue { .array(.string, values.map { .string($0) }) }

    /// What the value is, for error messages.
    public var shown: String {
        switch self {
        case .array(let kind, let elements): "an array of \(elements.count) \(kind)"
        case .string(let text): text.count <= 60 ? "the string \"\(text)\"" : "a string of \(text.count) characters"
        case .bool(let value): String(value)
        default: integer.map { "\($0)" } ?? double.map { "\($0)" } ?? "\(kind)"
        }
    }
}
