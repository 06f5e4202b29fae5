import Support

/// `json.dumps` as the filter `tojson` of transformers calls it.
extension TemplateInterpreter {
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
