/// A type that a configuration key can hold.
public protocol ConfigurationValue: Equatable, Sendable {
    /// What a file may hold, as an error puts it after "wants": `a whole number`.
    static var wanted: String { get }
    /// The words that are allowed where only some are, so that an error can name the nearest.
    static var choices: [String] { get }

    /// The value written in `node`; nil if it is no such value.
    init?(configuration node: ConfigurationNode)

    /// The value as it would be written.
    var configuration: ConfigurationNode { get }
}

extension ConfigurationValue {
    public static var choices: [String] { [] }
}

/// An enumeration with text raw values is a key with a few allowed words.
extension ConfigurationValue where Self: CaseIterable & RawRepresentable, RawValue == String {
    public static var choices: [String] { allCases.map(\.rawValue) }
    public static var wanted: String { alternatives(choices) }

    public init?(configuration node: ConfigurationNode) {
        guard let text = node.anyText else { return nil }
        self.init(rawValue: text)
    }

    public var configuration: ConfigurationNode { .text(rawValue) }
}

extension Int: ConfigurationValue {
    public static var wanted: String { "a whole number" }

    public init?(configuration node: ConfigurationNode) {
        guard let digits = node.plainText.flatMap(plainNumber) else { return nil }
        if let value = Int(digits) {
            self = value
        } else if let number = Double(digits), abs(number) < 0x1p53, let value = Int(exactly: number) {
            self = value  // 1e6
        } else {
            return nil
        }
    }

    public var configuration: ConfigurationNode { .plain(String(self)) }
}

extension Double: ConfigurationValue {
    public static var wanted: String { "a number" }

    public init?(configuration node: ConfigurationNode) {
        guard let digits = node.plainText.flatMap(plainNumber), let value = Double(digits) else { return nil }
        self = value
    }

    /// With a point before an exponent, without which readers of YAML 1.1 take it for a text: `1.0e-08`.
    public var configuration: ConfigurationNode {
        var text = "\(self)"
        if text.hasSuffix(".0") {
            text.removeLast(2)
        } else if !text.contains("."), let exponent = text.firstIndex(of: "e") {
            text.insert(contentsOf: ".0", at: exponent)
        }
        return .plain(text)
    }
}

extension Bool: ConfigurationValue {
    public static var wanted: String { "true or false" }

    /// `true` and `false` alone: `yes`, `no`, `on` and `off` are words, and mean different things to different readers of YAML.
    public init?(configuration node: ConfigurationNode) {
        switch node.plainText {
        case "true", "True", "TRUE": self = true
        case "false", "False", "FALSE": self = false
        default: return nil
        }
    }

    public var configuration: ConfigurationNode { .plain(self ? "true" : "false") }
}

extension String: ConfigurationValue {
    public static var wanted: String { "a text" }

    public init?(configuration node: ConfigurationNode) {
        guard let text = node.anyText, !text.isEmpty else { return nil }
        self = text
    }

    public var configuration: ConfigurationNode { .text(self) }
}

extension Array: ConfigurationValue where Element == String {
    public static var wanted: String { "a list of texts" }

    public init?(configuration node: ConfigurationNode) {
        guard case .list(let nodes) = node.content else { return nil }
        let texts = nodes.compactMap { String(configuration: $0) }
        guard texts.count == nodes.count else { return nil }
        self = texts
    }

    public var configuration: ConfigurationNode { ConfigurationNode(.list(map { .text($0) })) }
}

/// Nothing (`null`) is nil.
extension Optional: ConfigurationValue where Wrapped: ConfigurationValue {
    public static var wanted: String { Wrapped.wanted }
    public static var choices: [String] { Wrapped.choices }

    public init?(configuration node: ConfigurationNode) {
        if node.isNull {
            self = .none
        } else if let value = Wrapped(configuration: node) {
            self = .some(value)
        } else {
            return nil
        }
    }

    public var configuration: ConfigurationNode { self?.configuration ?? .null }
}

/// A count that the plan chooses unless it is given.
public enum AutomaticCount: ConfigurationValue {
    case auto
    case count(Int)

    public static var wanted: String { "auto or a whole number from 1 to 65536" }

    /// The number that was given; nil for auto.
    public var given: Int? {
        guard case .count(let count) = self else { return nil }
        return count
    }

    public init?(configuration node: ConfigurationNode) {
        if node.anyText == "auto" {
            self = .auto
        } else if let count = Int(configuration: node), (1...65536).contains(count) {
            self = .count(count)
        } else {
            return nil
        }
    }

    public var configuration: ConfigurationNode {
        switch self {
        case .auto: .plain("auto")
        case .count(let count): count.configuration
        }
    }
}

/// `a`, `a or b`, `a, b or c`.
public func alternatives(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " or " + last
}
