/// A JSON object on one line, with its keys in the order they were added.
struct JSONLine {
    private var fields: [String] = []

    var text: String { "{" + fields.joined(separator: ",") + "}" }

    mutating func add(_ key: String, raw: String) { fields.append("\(Self.quoted(key)):\(raw)") }
    mutating func add(_ key: any CodingKey, _ value: Int) { add(key.stringValue, raw: String(value)) }
    mutating func add(_ key: any CodingKey, _ value: Double) { add(key.stringValue, value) }
    mutating func add(_ key: String, _ value: Double) { add(key, raw: Self.number(value)) }

    static func number(_ value: Double) -> String {
        value.isFinite ? "\(value)" : value.isNaN ? "\"nan\"" : value < 0 ? "\"-inf\"" : "\"inf\""
    }

    static func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar -> String in
            if scalar == "\"" || scalar == "\\" { return "\\\(scalar)" }
            return scalar.value < 0x20 ? "\\u00" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16) : String(scalar)
        }
        return "\"" + escaped.joined() + "\""
    }
}
