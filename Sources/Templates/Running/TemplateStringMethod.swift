import Support

/// The methods of Python's `str`. Those that no chat template needs are known by name and refused where they are called.
enum TemplateStringMethod: String, CaseIterable {
    case capitalize, casefold, center, count, encode, endswith, expandtabs, find, format, format_map, index, isalnum, isalpha, isascii, isdecimal,
        isdigit, isidentifier, islower, isnumeric, isprintable, isspace, istitle, isupper, join, ljust, lower, lstrip, maketrans, partition,
        removeprefix, removesuffix, replace, rfind, rindex, rjust, rpartition, rsplit, rstrip, split, splitlines, startswith, strip, swapcase, title,
        translate, upper, zfill

    static let names = Set(allCases.map(\.rawValue))
}

extension TemplateInterpreter {
    func call(_ name: String, of text: TracedString, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        guard let method = TemplateStringMethod(rawValue: name) else { throw error("the method \(name) of str is not supported") }
        try charge(bytes: text.bytes.count)
        guard arguments.keywords.isEmpty || [.split, .rsplit, .splitlines, .format].contains(method) else {
            throw error("the method \(name) takes no named arguments")
        }
        switch method {
        case .capitalize, .lower, .title, .upper: return try changeCase(method, text, arguments)
        case .isalnum, .isalpha, .isascii, .isdecimal, .isdigit, .islower, .isnumeric, .isspace, .isupper:
            _ = try bind([], arguments, of: name)
            return .boolean(isAll(method, text))
        case .split, .rsplit, .splitlines, .partition, .rpartition: return try cut(method, text, arguments)
        case .find, .rfind, .index, .rindex, .count: return try search(method, text, arguments)
        case .startswith, .endswith: return .boolean(try hasAffix(method, text, arguments))
        case .strip, .lstrip, .rstrip:
            return try strip(text, try bind(["chars"], arguments, of: name)[0], method == .strip ? .both : method == .lstrip ? .left : .right)
        case .removeprefix, .removesuffix:
            let part = try string(try bind(["part"], arguments, of: name)[0], name)
            let isPrefix = method == .removeprefix
            guard !part.isEmpty, isPrefix ? text.bytes.starts(with: part.bytes) : text.bytes.reversed().starts(with: part.bytes.reversed()) else {
                return .string(text)
            }
            return try made(text[isPrefix ? part.bytes.count..<text.bytes.count : 0..<text.bytes.count - part.bytes.count])
        case .replace:
            let values = try bind(["old", "new", "count"], arguments, of: name)
            return try replace(text, try string(values[0], name), try string(values[1], name), count: values[2])
        case .join:
            var result = TracedString()
            guard let value = try bind(["iterable"], arguments, of: name)[0] else { throw error("the method join takes a sequence") }
            for (index, item) in try items(of: value).enumerated() {
                if index > 0 { result.append(text) }
                result.append(try string(item, name))
                try checkSize(result.bytes.count)
            }
            return try made(result)
        case .format: return try braceFormat(text, arguments)
        default: throw error("the method \(name) of str is not supported")
        }
    }

    private func string(_ value: TemplateValue?, _ method: String) throws(TrainerError) -> TracedString {
        guard case .string(let text)? = value else {
            throw error("the method \(method) takes a string, not a \(value?.typeName ?? "missing argument")")
        }
        return text
    }

    private func changeCase(
        _ method: TemplateStringMethod, _ text: TracedString, _ arguments: TemplateArguments
    ) throws(TrainerError) -> TemplateValue {
        _ = try bind([], arguments, of: method.rawValue)
        switch method {
        case .capitalize: return try made(text.capitalized)
        case .title: return try made(text.titled)
        case .upper: return try made(text.uppercased)
        default: return try made(text.lowercased)
        }
    }

    private func isAll(_ method: TemplateStringMethod, _ text: TracedString) -> Bool {
        let scalars = text.scalars
        switch method {
        case .isascii: return text.bytes.allSatisfy { $0 < 0x80 }
        case .islower: return text.isAll { $0.properties.isLowercase }
        case .isupper: return text.isAll { $0.properties.isUppercase }
        case .isalpha: return !text.isEmpty && scalars.allSatisfy(\.isPythonLetter)
        case .isalnum: return !text.isEmpty && scalars.allSatisfy(\.isPythonAlphanumeric)
        case .isspace: return !text.isEmpty && scalars.allSatisfy(\.isPythonSpace)
        case .isdecimal: return !text.isEmpty && scalars.allSatisfy { $0.properties.numericType == .decimal }
        case .isdigit: return !text.isEmpty && scalars.allSatisfy { [.decimal, .digit].contains($0.properties.numericType) }
        default: return !text.isEmpty && scalars.allSatisfy { $0.properties.numericType != nil }
        }
    }

    // MARK: - Cutting

    private func cut(_ method: TemplateStringMethod, _ text: TracedString, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        let name = method.rawValue
        try chargePieces(of: text)
        switch method {
        case .splitlines:
            let keepsEnds = try bind(["keepends"], arguments, of: name)[0]?.isTrue ?? false
            return try made(text.lines(keepingEnds: keepsEnds).map { .string($0) })
        case .partition, .rpartition:
            let separator = try string(try bind(["sep"], arguments, of: name)[0], name)
            guard !separator.isEmpty else { throw error("the method \(name) takes a separator that is not empty") }
            let place = method == .partition ? text.find(separator.bytes) : text.findLast(separator.bytes)
            guard let place else {
                let parts = [text, TracedString(), TracedString()]
                return try made((method == .partition ? parts : parts.reversed()).map { .string($0) }, isTuple: true)
            }
            let parts = [text[0..<place], separator, text[place + separator.bytes.count..<text.bytes.count]]
            return try made(parts.map { .string($0) }, isTuple: true)
        default:
            let values = try bind(["sep", "maxsplit"], arguments, of: name)
            let given = try values[1].map { (value) throws(TrainerError) in try integer(value, "maxsplit") } ?? -1
            let limit = given < 0 ? Int.max : given
            let parts: [TracedString]
            if let separator = values[0], !separator.equals(.none) {
                let separator = try string(separator, name)
                guard !separator.isEmpty else { throw error("the method \(name) takes a separator that is not empty") }
                parts = text.split(separator.bytes, limit: limit, fromRight: method == .rsplit)
            } else {
                parts = text.splitAtSpace(limit: limit, fromRight: method == .rsplit)
            }
            return try made(parts.map { .string($0) })
        }
    }

    func strip(_ text: TracedString, _ characters: TemplateValue?, _ sides: TracedString.Sides) throws(TrainerError) -> TemplateValue {
        try charge(bytes: text.bytes.count)
        guard let characters, !characters.equals(.none) else { return .string(text[text.trimming(sides, where: \.isPythonSpace)]) }
        let dropped = Set(try string(characters, "strip").scalars)
        return .string(text[text.trimming(sides, where: dropped.contains)])
    }

    func replace(_ text: TracedString, _ old: TracedString, _ new: TracedString, count: TemplateValue?) throws(TrainerError) -> TemplateValue {
        var limit = Int.max
        if let count, !count.equals(.none) { limit = try integer(count, "count") }
        let places = text.occurrences(old.bytes, limit: limit < 0 ? .max : limit).count
        let (growth, overflow) = places.multipliedReportingOverflow(by: max(0, new.bytes.count - old.bytes.count))
        try checkSize(overflow ? .max : min(.max - text.bytes.count, growth) + text.bytes.count)
        var result = text.replacing(old.bytes, with: new, limit: limit < 0 ? .max : limit)
        result.isMarkup = false
        return try made(result)
    }

    // MARK: - Searching

    private func search(_ method: TemplateStringMethod, _ text: TracedString, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        let name = method.rawValue
        let values = try bind(["sub", "start", "end"], arguments, of: name)
        let needle = try string(values[0], name).bytes
        guard let range = try range(of: text, values[1], values[2]) else {
            guard method != .index, method != .rindex else { throw error("the text that \(name) looks for is not there") }
            return .integer(method == .count ? 0 : -1)
        }
        if method == .count { return .integer(text[range].occurrences(needle).count) }
        let isLast = method == .rfind || method == .rindex
        guard let place = isLast ? text.findLast(needle, in: range) : text.find(needle, in: range) else {
            guard method != .index, method != .rindex else { throw error("the text that \(name) looks for is not there") }
            return .integer(-1)
        }
        return .integer(text[0..<place].count)
    }

    /// The bytes between two positions in scalars; nil where no text can be found, not even an empty one.
    private func range(of text: TracedString, _ start: TemplateValue?, _ end: TemplateValue?) throws(TrainerError) -> Range<Int>? {
        guard start != nil || end != nil else { return 0..<text.bytes.count }
        let starts = text.boundaries
        let count = starts.count - 1
        func place(_ value: TemplateValue?, _ missing: Int) throws(TrainerError) -> Int {
            guard let value, !value.equals(.none) else { return missing }
            let index = try integer(value, "a position")
            return max(0, index < 0 ? index + count : index)
        }
        let (from, to) = (try place(start, 0), min(count, try place(end, count)))
        return from <= to ? starts[from]..<starts[to] : nil
    }

    private func hasAffix(_ method: TemplateStringMethod, _ text: TracedString, _ arguments: TemplateArguments) throws(TrainerError) -> Bool {
        let values = try bind(["prefix", "start", "end"], arguments, of: method.rawValue)
        var affixes = [values[0] ?? .none]
        if case .list(let list)? = values[0], list.isTuple { affixes = list.items }
        guard let range = try range(of: text, values[1], values[2]) else { return false }
        let part = text.bytes[range]
        for affix in affixes {
            let bytes = try string(affix, method.rawValue).bytes
            if method == .startswith ? part.starts(with: bytes) : part.count >= bytes.count && part.suffix(bytes.count).elementsEqual(bytes) {
                return true
            }
        }
        return false
    }
}
