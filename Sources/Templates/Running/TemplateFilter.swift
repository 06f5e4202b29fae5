import Support

/// The filters that may follow `|`.
enum TemplateFilter: String, CaseIterable {
    case abs, capitalize, `default`, dictsort, escape, first, float, format, indent, int, items, join, last, length, list, lower, map, max, min,
        reject,
        rejectattr, replace, reverse, round, safe, select, selectattr, sort, string, sum, title, tojson, trim, unique, upper

    /// Second names of filters.
    private static let others: [String: TemplateFilter] = ["count": .length, "d": .default, "e": .escape]

    init?(spelling: String) {
        guard let filter = Self(rawValue: spelling) ?? Self.others[spelling] else { return nil }
        self = filter
    }
}

extension TemplateInterpreter {
    func apply(filter name: String, to value: TemplateValue, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        guard let filter = TemplateFilter(spelling: name) else { throw error("the filter \(name) is not supported") }
        try charge()
        switch filter {
        case .default:
            let values = try bind(["default_value", "boolean"], arguments, of: name)
            return value.isUndefined || values[1]?.isTrue == true && !value.isTrue ? values[0] ?? .emptyString : value
        case .tojson: return try json(value, arguments)
        case .abs, .float, .int, .round, .sum: return try number(filter, value, arguments)
        case .capitalize, .escape, .format, .indent, .lower, .replace, .safe, .string, .title, .trim, .upper:
            return try text(filter, value, arguments)
        case .map, .select, .selectattr, .reject, .rejectattr, .sort, .unique, .min, .max, .dictsort:
            return try choice(filter, value, arguments)
        case .first, .items, .join, .last, .length, .list, .reverse: return try sequence(filter, value, arguments)
        }
    }

    // MARK: - Texts

    private func text(_ filter: TemplateFilter, _ value: TemplateValue, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        let name = filter.rawValue
        if filter == .indent { return try indent(value, arguments) }
        let text = try text(of: value)
        try charge(bytes: text.bytes.count)
        switch filter {
        case .format:
            guard arguments.keywords.isEmpty else { throw error("the filter format takes no named arguments here") }
            return try percentFormat(text, .tuple(arguments.positional))
        case .replace:
            let values = try bind(["old", "new", "count"], arguments, of: name)
            guard let old = values[0], let new = values[1] else { throw error("the filter replace takes two strings") }
            return try replace(text, try self.text(of: old), try self.text(of: new), count: values[2])
        case .trim: return try strip(text, try bind(["chars"], arguments, of: name)[0], .both)
        default: break
        }
        _ = try bind([], arguments, of: name)
        switch filter {
        case .capitalize: return try made(text.capitalized)
        case .title:
            try chargePieces(of: text)
            return try made(text.titledByWords)
        case .lower: return try made(text.lowercased)
        case .upper: return try made(text.uppercased)
        case .escape: return try made(text.escapedForHTML)
        case .safe:
            var text = text
            text.isMarkup = true
            return .string(text)
        default: return .string(text)
        }
    }

    private func indent(_ value: TemplateValue, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        let values = try bind(["width", "first", "blank"], arguments, of: "indent")
        guard case .string(let text) = value else { throw error("the filter indent takes a string, not a \(value.typeName)") }
        try chargePieces(of: text)
        var margin = TracedString(String(repeating: " ", count: 4))
        if case .string(let given)? = values[0] {
            margin = given
        } else if let width = values[0] {
            guard let count = width.index else { throw error("the filter indent takes an integer or a string as width") }
            try checkSize(count)
            margin = TracedString(String(repeating: " ", count: Swift.max(count, 0)))
        }
        var ended = text
        ended.append("\n")
        let lines = ended.lines()
        try checkSize(text.bytes.count + lines.count * margin.bytes.count)
        var result = values[1]?.isTrue == true ? margin : TracedString()
        for (number, line) in lines.enumerated() {
            if number > 0 {
                result.append("\n")
                if !line.isEmpty || values[2]?.isTrue == true { result.append(margin) }
            }
            result.append(line)
        }
        return try made(result)
    }

    func integer(_ value: TemplateValue, _ what: String) throws(TrainerError) -> Int {
        guard let index = value.index else { throw error("\(what) is a \(value.typeName), not an integer") }
        return index
    }
}

extension TracedString {
    /// Each word as a title has it, words beginning after white space and `-({[<`: the filter `title`, which differs from `str.title`.
    fileprivate var titledByWords: TracedString {
        var result = TracedString()
        let words = spans { !($0.isPythonSpace || "-({[<".unicodeScalars.contains($0)) }
        var end = 0
        for word in words {
            result.append(self[end..<word.lowerBound])
            let part = self[word]
            let first = part.bytes.span.scalar(at: 0).length
            result.append(part[0..<first].uppercased)
            result.append(part[first..<part.bytes.count].lowercased)
            end = word.upperBound
        }
        result.append(self[end..<bytes.count])
        return result
    }
}
