extension JSONValue {
    /// The value as UTF-8 text: on one line without spaces, or, with `indent`, a line for each element as Python's `json.dumps` sets it.
    public func text(indent: Int? = nil) -> String {
        var output = ""
        write(to: &output, indent: indent, depth: 0)
        return output
    }

    private func write(to output: inout String, indent: Int?, depth: Int) {
        switch self {
        case .null: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .number(let text): output += text
        case .string(let text): JSONValue.writeString(text, to: &output)
        case .array(let elements):
            JSONValue.writeList("[", "]", elements.count, to: &output, indent: indent, depth: depth) { index, output in
                elements[index].write(to: &output, indent: indent, depth: depth + 1)
            }
        case .object(let object):
            JSONValue.writeList("{", "}", object.keys.count, to: &output, indent: indent, depth: depth) { index, output in
                let key = object.keys[index]
                JSONValue.writeString(key, to: &output)
                output += indent == nil ? ":" : ": "
                (object[key] ?? .null).write(to: &output, indent: indent, depth: depth + 1)
            }
        }
    }

    private static func writeList(
        _ open: String, _ close: String, _ count: Int, to output: inout String, indent: Int?, depth: Int, _ element: (Int, inout String) -> Void
    ) {
        output += open
        for index in 0..<count {
            if index > 0 { output += "," }
            if let indent { output += "\n" + String(repeating: " ", count: indent * (depth + 1)) }
            element(index, &output)
        }
        if let indent, count > 0 { output += "\n" + String(repeating: " ", count: indent * depth) }
        output += close
    }

    /// Quotes a string; only what JSON demands is escaped, as serde's writer does.
    private static func writeString(_ text: String, to output: inout String) {
        output += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case "\u{8}": output += "\\b"
            case "\u{C}": output += "\\f"
            case "\u{0}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}
