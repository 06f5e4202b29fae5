import Support

/// Values as text: Python's `str` and `repr`, and `json.dumps` as the filter `tojson` of transformers calls it.
extension TemplateInterpreter {
    func text(of value: TemplateValue) throws(TrainerError) -> TracedString {
        switch value {
        case .undefined: return TracedString()
        case .string(let text): return text
        default: return try represented(value)
        }
    }

    /// What Python's `repr` gives.
    func represented(_ value: TemplateValue) throws(TrainerError) -> TracedString {
        try charge(value)
        var result = TracedString()
        try represent(value, TracedString.Mark(), into: &result)
        return result
    }

    private func represent(_ value: TemplateValue, _ mark: TracedString.Mark, into result: inout TracedString) throws(TrainerError) {
        switch value {
        case .undefined: result.append("Undefined", mark)
        case .string(let text): result.append(text.quoted(mark))
        case .list(let list):
            let mark = mark.inside(list.origin)
            result.append(list.isTuple ? "(" : "[", mark)
            for (index, item) in list.items.enumerated() {
                if index > 0 { result.append(", ", mark) }
                try represent(item, mark, into: &result)
            }
            result.append(list.isTuple ? list.items.count == 1 ? ",)" : ")" : "]", mark)
        case .mapping(let mapping):
            let mark = mark.inside(mapping.origin)
            result.append("{", mark)
            for (index, entry) in mapping.entries.enumerated() {
                if index > 0 { result.append(", ", mark) }
                try represent(entry.key, mark, into: &result)
                result.append(": ", mark)
                try represent(entry.value, mark, into: &result)
            }
            result.append("}", mark)
        case .object(let object): try represent(object, mark, into: &result)
        default: result.append(value.literal, mark)
        }
        try checkSize(result.bytes.count)
    }

    private func represent(_ object: TemplateObject, _ mark: TracedString.Mark, into result: inout TracedString) throws(TrainerError) {
        switch object.kind {
        case .range(let range):
            result.append("range(\(range.start), \(range.stop)\(range.step == 1 ? "" : ", \(range.step)"))", mark)
        case .view(let name, let mapping):
            result.append("dict_\(name)(", mark)
            let items = name == "items" ? mapping.pairs : mapping.entries.map { name == "keys" ? $0.key : $0.value }
            try represent(.list(items), mark, into: &result)
            result.append(")", mark)
        case .macro(let macro): result.append(macro.definition.name.isEmpty ? "<Macro anonymous>" : "<Macro '\(macro.definition.name)'>", mark)
        case .loop(let loop): result.append("<LoopContext \(loop.index + 1)/\(try count(loop))>", mark)
        default: throw error("a \(object.typeName) can't be printed")
        }
    }

    // MARK: - JSON

    /// `tojson(ensure_ascii=False, indent=None, separators=None, sort_keys=False)`.
    func json(_ value: TemplateValue, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        let values = try bind(["ensure_ascii", "indent", "separators", "sort_keys"], arguments, of: "tojson")
        var options = JSONOptions()
        options.isASCII = values[0]?.isTrue ?? false
        options.sortsKeys = values[3]?.isTrue ?? false
        switch values[1] {
        case nil, TemplateValue.none?: break
        case .string(let text)?: options.indent = text.text
        case let value?:
            guard let count = value.index else { throw error("tojson is given a \(value.typeName) as indent") }
            try checkSize(count)
            options.indent = String(repeating: " ", count: max(count, 0))
        }
        if options.indent != nil { options.itemSeparator = "," }
        if let separators = values[2], !separators.equals(.none) {
            let texts = try items(of: separators)
            guard texts.count == 2, case .string(let item) = texts[0], case .string(let key) = texts[1] else {
                throw error("tojson takes two strings as separators")
            }
            (options.itemSeparator, options.keySeparator) = (item.text, key.text)
        }
        try charge(value)
        var result = TracedString()
        try writeJSON(value, options, TracedString.Mark(), level: 0, into: &result)
        return try made(result)
    }

    private struct JSONOptions {
        var isASCII = false
        var sortsKeys = false
        /// Nil writes all on one line.
        var indent: String?
        var itemSeparator = ", "
        var keySeparator = ": "

        func lineBreak(_ level: Int) -> String { indent.map { "\n" + String(repeating: $0, count: level) } ?? "" }
    }

    private func writeJSON(
        _ value: TemplateValue, _ options: JSONOptions, _ mark: TracedString.Mark, level: Int, into result: inout TracedString
    ) throws(TrainerError) {
        switch value {
        case .none: result.append("null", mark)
        case .boolean(let value): result.append(value ? "true" : "false", mark)
        case .integer(let value): result.append(String(value), mark)
        case .double(let value): result.append(Self.jsonNumber(value), mark)
        case .string(let text): result.append(text.jsonQuoted(isASCII: options.isASCII, mark))
        case .list(let list):
            let mark = mark.inside(list.origin)
            guard !list.items.isEmpty else { return result.append("[]", mark) }
            result.append("[" + options.lineBreak(level + 1), mark)
            for (index, item) in list.items.enumerated() {
                if index > 0 { result.append(options.itemSeparator + options.lineBreak(level + 1), mark) }
                try writeJSON(item, options, mark, level: level + 1, into: &result)
            }
            result.append(options.lineBreak(level) + "]", mark)
        case .mapping(let mapping): try writeJSON(mapping, options, mark.inside(mapping.origin), level: level, into: &result)
        default: throw error("a \(value.typeName) can't be written as JSON")
        }
        try checkSize(result.bytes.count)
    }

    private func writeJSON(
        _ mapping: TemplateMapping, _ options: JSONOptions, _ mark: TracedString.Mark, level: Int, into result: inout TracedString
    ) throws(TrainerError) {
        guard !mapping.entries.isEmpty else { return result.append("{}", mark) }
        var entries = mapping.entries
        if options.sortsKeys { entries = try sorted(entries, by: { ($0.key, $0.value) }) }
        result.append("{" + options.lineBreak(level + 1), mark)
        for (index, entry) in entries.enumerated() {
            if index > 0 { result.append(options.itemSeparator + options.lineBreak(level + 1), mark) }
            if case .string(let text) = entry.key {
                result.append(text.jsonQuoted(isASCII: options.isASCII, mark))
            } else {
                result.append("\"\(try jsonKey(entry.key))\"", mark)
            }
            result.append(options.keySeparator, mark)
            try writeJSON(entry.value, options, mark, level: level + 1, into: &result)
        }
        result.append(options.lineBreak(level) + "}", mark)
    }

    private func jsonKey(_ key: TemplateValue) throws(TrainerError) -> String {
        switch key {
        case .none: return "null"
        case .boolean(let value): return value ? "true" : "false"
        case .integer(let value): return String(value)
        case .double(let value): return Self.jsonNumber(value)
        default: throw error("a \(key.typeName) can't be a key in JSON")
        }
    }

    private static func jsonNumber(_ value: Double) -> String {
        value.isNaN ? "NaN" : value.isInfinite ? value < 0 ? "-Infinity" : "Infinity" : value.pythonText
    }
}

extension TracedString.Mark {
    /// The mark of what lies in a container: that of its message, if it is part of one.
    fileprivate func inside(_ origin: TemplateOrigin) -> Self {
        guard origin != .computed else { return self }
        var mark = self
        mark.origin = origin
        return mark
    }
}

extension TemplateValue {
    /// A constant or number as Python prints it.
    fileprivate var literal: String {
        switch self {
        case .none: "None"
        case .boolean(let value): value ? "True" : "False"
        case .integer(let value): String(value)
        case .double(let value): value.pythonText
        default: ""
        }
    }
}

extension TracedString {
    /// The text between quotes as Python's `repr` writes it. `mark` goes to the quotes, and to what has no message of its own.
    fileprivate func quoted(_ mark: Mark) -> TracedString {
        let quote: Unicode.Scalar = bytes.contains(UInt8(ascii: "'")) && !bytes.contains(UInt8(ascii: "\"")) ? "\"" : "'"
        return escaped(String(quote), mark) { scalar in
            switch scalar {
            case "\\": "\\\\"
            case "\n": "\\n"
            case "\r": "\\r"
            case "\t": "\\t"
            case quote: "\\\(quote)"
            default: scalar.isPythonPrintable ? String(scalar) : scalar.pythonEscape
            }
        }
    }

    /// The text between quotes as Python's `json` writes it.
    fileprivate func jsonQuoted(isASCII: Bool, _ mark: Mark) -> TracedString {
        escaped("\"", mark) { scalar in
            switch scalar {
            case "\\": return "\\\\"
            case "\"": return "\\\""
            case "\n": return "\\n"
            case "\r": return "\\r"
            case "\t": return "\\t"
            case "\u{8}": return "\\b"
            case "\u{C}": return "\\f"
            default:
                guard scalar.value < 0x20 || isASCII && scalar.value > 0x7E else { return String(scalar) }
                return String(scalar).utf16.map { "\\u" + hexadecimal(UInt32($0), digits: 4) }.joined()
            }
        }
    }

    private func escaped(_ quote: String, _ mark: Mark, _ change: (Unicode.Scalar) -> String) -> TracedString {
        var result = TracedString()
        result.append(quote, mark)
        result.append(mapScalars(change).marked { $0.origin == .computed ? mark : $0 })
        result.append(quote, mark)
        return result
    }
}

extension Unicode.Scalar {
    /// Python's `str.isprintable`.
    fileprivate var isPythonPrintable: Bool {
        if self == " " { return true }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator: return false
        default: return true
        }
    }

    fileprivate var pythonEscape: String {
        switch value {
        case ..<0x100: "\\x" + hexadecimal(value, digits: 2)
        case ..<0x10000: "\\u" + hexadecimal(value, digits: 4)
        default: "\\U" + hexadecimal(value, digits: 8)
        }
    }
}

private func hexadecimal(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}

extension Double {
    /// The shortest digits that give the number back, as Python's `repr` sets them.
    var pythonText: String {
        guard isFinite else { return isNaN ? "nan" : self < 0 ? "-inf" : "inf" }
        guard self != 0 else { return sign == .minus ? "-0.0" : "0.0" }
        // Swift's shortest digits, with the point after the first.
        let parts = magnitude.description.split(separator: "e")
        let number = parts[0].split(separator: ".")
        let (whole, fraction) = (number[0], number.count > 1 ? number[1] : "")
        let all = String(whole + fraction)
        let zeros = all.prefix { $0 == "0" }.count
        var digits = String(all.dropFirst(zeros))
        while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
        let exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) + whole.count - 1 - zeros
        return (self < 0 ? "-" : "") + Self.place(digits, exponent)
    }

    private static func place(_ digits: String, _ exponent: Int) -> String {
        if exponent < -4 || exponent >= 16 {
            let fraction = digits.dropFirst()
            let size = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
            return "\(digits.prefix(1))\(fraction.isEmpty ? "" : ".")\(fraction)e\(exponent < 0 ? "-" : "+")\(size)"
        }
        if exponent < 0 { return "0." + String(repeating: "0", count: -exponent - 1) + digits }
        let whole = digits.prefix(exponent + 1)
        let fraction = digits.dropFirst(exponent + 1)
        return whole + String(repeating: "0", count: exponent + 1 - whole.count) + "." + (fraction.isEmpty ? "0" : fraction)
    }
}
