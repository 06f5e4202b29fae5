/// A piece of a configuration as it was written, before any key says what it should be.
///
/// A scalar keeps its text: whether `off`, `2e-4` or `8_192` is a word or a number is decided by the key that reads it, never by YAML's own
/// guesses, so `off` can't turn into false and `2e-4` can't turn into a text.
public struct ConfigurationNode: Equatable, Sendable {
    public enum Content: Equatable, Sendable {
        case scalar(String, isQuoted: Bool)
        case list([ConfigurationNode])
        case section([Entry])
    }

    /// A key of a section with its value.
    public struct Entry: Equatable, Sendable {
        public var name: String
        public var node: ConfigurationNode

        public init(_ name: String, _ node: ConfigurationNode) {
            self.name = name
            self.node = node
        }
    }

    public var content: Content
    public var origin: ConfigurationOrigin

    public init(_ content: Content, origin: ConfigurationOrigin = .builtIn) {
        self.content = content
        self.origin = origin
    }

    /// Nothing: an empty value, `~` or `null`.
    public static let null = ConfigurationNode(.scalar("null", isQuoted: false))

    /// A scalar without quotes.
    public static func plain(_ text: String) -> ConfigurationNode { ConfigurationNode(.scalar(text, isQuoted: false)) }

    /// A scalar in quotes where it would read as something other than a text without them.
    public static func text(_ text: String) -> ConfigurationNode {
        ConfigurationNode(.scalar(text, isQuoted: needsQuotes(text)))
    }

    public var isNull: Bool {
        guard let text = plainText else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// The text of a scalar, quoted or not; nil for nothing, lists and sections.
    public var anyText: String? {
        guard case .scalar(let text, _) = content, !isNull else { return nil }
        return text
    }

    /// The text of a scalar without quotes.
    public var plainText: String? {
        guard case .scalar(let text, false) = content else { return nil }
        return text
    }

    /// The number of a scalar that is one; nil for all else.
    public var number: Double? { plainText.flatMap(plainNumber).flatMap(Double.init) }

    /// What was found, as an error puts it after "found": `nothing`, `0.5`, `the text "abc"`, `a list`, `a section`.
    public var found: String {
        switch content {
        case .scalar(let text, let isQuoted):
            if isNull { return "nothing" }
            let isWord = isQuoted || plainNumber(text) == nil && !["true", "false"].contains(text)
            return isWord ? "the text \"\(text)\"" : text
        case .list: return "a list"
        case .section: return "a section"
        }
    }

    /// The value as YAML on one line.
    public var flowText: String {
        switch content {
        case .scalar(let text, let isQuoted): isQuoted ? quoted(text) : text
        case .list(let nodes): "[" + nodes.map(\.flowText).joined(separator: ", ") + "]"
        case .section(let entries): "{" + entries.map { "\($0.name): \($0.node.flowText)" }.joined(separator: ", ") + "}"
        }
    }
}

/// Where a value of the configuration comes from.
public enum ConfigurationOrigin: Hashable, Sendable, CustomStringConvertible {
    /// The default of its `keys` row.
    case builtIn
    /// A file, by the path it was asked for, and a line counted from 1.
    case file(String, line: Int)
    /// A `key=value` of the command line.
    case commandLine

    /// `default`, `run.yaml:3` or `command line`.
    public var description: String {
        switch self {
        case .builtIn: "default"
        case .file(let path, let line): "\(path):\(line)"
        case .commandLine: "command line"
        }
    }

    /// The start of an error's subject: `run.yaml:3: method.r`; the key alone where no one gave it.
    public func subject(_ key: String) -> String {
        if case .builtIn = self { return key }
        return key.isEmpty ? description : "\(description): \(key)"
    }
}

// MARK: - Scalars

/// The digits of a plain number, ready for `Int` and `Double`; nil if the text is none.
///
/// Takes `16`, `-3`, `8_192`, `0.5`, `.5`, `1e-4` and `2.0E-4`; refuses `inf`, `0x10`, `1:30`, and `010`, which YAML 1.1 reads as 8.
func plainNumber(_ text: String) -> String? {
    var digits = ""
    var before: Character = " "
    for (position, character) in text.enumerated() {
        let isSign = (character == "+" || character == "-") && (position == 0 || before == "e" || before == "E")
        let isUnderscore = character == "_" && before.isWholeNumber
        guard isSign || isUnderscore || "0123456789.eE".contains(character), !(before == "_" && !character.isWholeNumber) else { return nil }
        if !isUnderscore { digits.append(character) }
        before = character
    }
    let unsigned = digits.drop { $0 == "+" || $0 == "-" }
    let hasLeadingZero = unsigned.first == "0" && unsigned.dropFirst().first?.isWholeNumber == true
    guard before != "_", !hasLeadingZero, unsigned.first != "e", unsigned.first != "E", let number = Double(digits), number.isFinite else {
        return nil
    }
    return digits
}

/// Whether a text written without quotes could be read as something else by some YAML reader.
private func needsQuotes(_ text: String) -> Bool {
    func isSafe(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber) || "_./-".contains(character)
    }
    guard let first = text.first, isSafe(first), first != "-", text.allSatisfy(isSafe) else { return true }
    let reserved = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]
    return reserved.contains(text.lowercased()) || first.isNumber || first == "."
}

private func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case "\n": out += "\\n"
        case "\t": out += "\\t"
        case let control where control.value < 0x20 || (0x7F...0x9F).contains(control.value):
            let digits = String(control.value, radix: 16)
            out += "\\x" + (digits.count < 2 ? "0" : "") + digits
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out + "\""
}
