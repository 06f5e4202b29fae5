import Support

extension TemplateInterpreter {
    // MARK: - Sequences

    func sequence(_ filter: TemplateFilter, _ value: TemplateValue, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        let name = filter.rawValue
        switch filter {
        case .join: return try join(value, arguments)
        default: _ = try bind([], arguments, of: name)
        }
        switch filter {
        case .first: return try first(of: value)
        case .last: return try reversible(value).last ?? .undefined("no last item, the sequence was empty")
        case .length: return .integer(try length(of: value))
        case .items:
            if value.isUndefined { return try madeIterator([]) }
            guard case .mapping(let mapping) = value else { throw error("the filter items takes a mapping, not a \(value.typeName)") }
            return try madeIterator(mapping.pairs)
        case .reverse:
            if case .string = value { return try slice(value, [.none, .none, .integer(-1)]) }
            if case .object(let object) = value, case .iterator(let iterator) = object.kind { return try made(iterator.takeAll().reversed()) }
            return try madeIterator(try reversible(value).reversed())
        default: return try made(try items(of: value))
        }
    }

    private func first(of value: TemplateValue) throws(TrainerError) -> TemplateValue {
        let found: TemplateValue?
        if case .object(let object) = value, case .iterator(let iterator) = object.kind {
            found = iterator.takeFirst()
        } else {
            found = try items(of: value).first
        }
        return found ?? .undefined("no first item, the sequence was empty")
    }

    /// The items of what Python's `reversed` takes, which lazy sequences are not.
    private func reversible(_ value: TemplateValue) throws(TrainerError) -> [TemplateValue] {
        if case .object(let object) = value, case .iterator = object.kind { throw error("a generator can't be read backwards") }
        return try items(of: value)
    }

    private func join(_ value: TemplateValue, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        let values = try bind(["d", "attribute"], arguments, of: "join")
        let separator = try values[0].map { (value) throws(TrainerError) in try text(of: value) } ?? TracedString()
        let path = try attributePath(values[1])
        var result = TracedString()
        for (index, item) in try items(of: value).enumerated() {
            if index > 0 { result.append(separator) }
            result.append(try text(of: try follow(path, from: item)))
            try checkSize(result.bytes.count)
        }
        return try made(result)
    }

    // MARK: - Attributes

    /// The keys that an attribute like `function.name` or `0.text` stands for.
    func attributePath(_ attribute: TemplateValue?) throws(TrainerError) -> [TemplateValue] {
        switch attribute {
        case nil, TemplateValue.none?: return []
        case .string(let path)?:
            return path.split([UInt8(ascii: ".")], limit: .max, fromRight: false).map { part in
                Int(part.text).flatMap { part.bytes.allSatisfy { (0x30...0x39).contains($0) } ? .integer($0) : nil } ?? .string(part)
            }
        case let value?: return [value]
        }
    }

    func follow(_ path: [TemplateValue], from value: TemplateValue, missing: TemplateValue? = nil) throws(TrainerError) -> TemplateValue {
        var value = value
        for key in path {
            try charge()
            value = try item(key, of: value)
            if value.isUndefined, let missing { value = missing }
        }
        return value
    }
}
