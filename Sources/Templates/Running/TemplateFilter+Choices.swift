import Support

extension TemplateInterpreter {
    // MARK: - Filters that map, choose or order items

    func choice(_ filter: TemplateFilter, _ value: TemplateValue, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        switch filter {
        case .map: return try map(value, arguments)
        case .sort: return try sort(value, arguments)
        case .dictsort: return try sortMapping(value, arguments)
        case .unique: return try unique(value, arguments)
        case .min, .max: return try extreme(value, arguments, isMaximum: filter == .max)
        default:
            return try choose(
                value, arguments, usesAttribute: filter == .selectattr || filter == .rejectattr, wanted: filter == .select || filter == .selectattr)
        }
    }

    private func map(_ value: TemplateValue, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        let items = try items(of: value)
        var results: [TemplateValue] = []
        if let name = arguments.positional.first {
            guard case .string(let filter) = name else { throw error("the filter map takes a filter's name") }
            let rest = TemplateArguments(positional: Array(arguments.positional.dropFirst()), keywords: arguments.keywords)
            for item in items { results.append(try apply(filter: filter.text, to: item, rest)) }
        } else {
            let values = try bind(["attribute", "default"], arguments, of: "map")
            guard let attribute = values[0] else { throw error("the filter map takes a filter's name or an attribute") }
            let path = try attributePath(attribute)
            let missing = values[1].flatMap { $0.equals(.none) ? nil : $0 }
            for item in items { results.append(try follow(path, from: item, missing: missing)) }
        }
        return try madeIterator(results)
    }

    private func choose(
        _ value: TemplateValue, _ arguments: TemplateArguments, usesAttribute: Bool, wanted: Bool
    ) throws(TrainerError) -> TemplateValue {
        guard value.isTrue else { return try madeIterator([]) }
        var rest = arguments.positional[...]
        var path: [TemplateValue] = []
        if usesAttribute {
            guard let attribute = rest.popFirst() else { throw error("selectattr and rejectattr take an attribute") }
            path = try attributePath(attribute)
        }
        let test = rest.popFirst()
        var chosen: [TemplateValue] = []
        for item in try items(of: value) {
            let part = try follow(path, from: item)
            try charge()
            var holds = part.isTrue
            if let test {
                guard case .string(let name) = test else { throw error("a test is named by a \(test.typeName)") }
                holds = try apply(test: name.text, to: part, TemplateArguments(positional: Array(rest), keywords: arguments.keywords))
            }
            if holds == wanted { chosen.append(item) }
        }
        return try madeIterator(chosen)
    }

    // MARK: - Order

    private func sort(_ value: TemplateValue, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        let values = try bind(["reverse", "case_sensitive", "attribute"], arguments, of: "sort")
        var paths: [[TemplateValue]] = []
        if case .string(let text)? = values[2] {
            for part in text.split([UInt8(ascii: ",")], limit: .max, fromRight: false) { paths.append(try attributePath(.string(part))) }
        } else {
            paths = [try attributePath(values[2])]
        }
        var keyed: [(TemplateValue, TemplateValue)] = []
        for item in try items(of: value) {
            var key: [TemplateValue] = []
            for path in paths { key.append(folded(try follow(path, from: item), isCaseSensitive: values[1])) }
            keyed.append((.list(key), item))
        }
        return try made(try sorted(keyed, isReversed: values[0]?.isTrue ?? false, by: \.self).map(\.1))
    }

    private func sortMapping(_ value: TemplateValue, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        let values = try bind(["case_sensitive", "by", "reverse"], arguments, of: "dictsort")
        try checkDefined(value)
        guard case .mapping(let mapping) = value else { throw error("the filter dictsort takes a mapping, not a \(value.typeName)") }
        let by = values[1] ?? .string("key")
        guard by.equals(.string("key")) || by.equals(.string("value")) else { throw error("the filter dictsort sorts by key or value") }
        let usesKey = by.equals(.string("key"))
        let keyed = mapping.pairs.enumerated().map { place, pair in
            (folded(usesKey ? mapping.entries[place].key : mapping.entries[place].value, isCaseSensitive: values[0]), pair)
        }
        return try made(try sorted(keyed, isReversed: values[2]?.isTrue ?? false, by: \.self).map(\.1))
    }

    /// Sorts by keys, equal ones in their order, as Python's `sorted`.
    func sorted<Element>(
        _ elements: [Element], isReversed: Bool = false, by pair: (Element) -> (TemplateValue, TemplateValue)
    ) throws(TrainerError) -> [Element] {
        let keys = elements.map { pair($0).0 }
        // Each comparison costs at most its heavier key; about log2(n) comparisons an element.
        let rounds = Int.bitWidth - elements.count.leadingZeroBitCount
        for key in keys {
            let (cost, overflow) = key.extent.weight.multipliedReportingOverflow(by: rounds)
            try charge(overflow ? .max : cost)
        }
        var isOrdered = true
        let order = keys.indices.sorted { first, second in
            let (left, right) = isReversed ? (keys[second], keys[first]) : (keys[first], keys[second])
            guard let isBefore = left.isBefore(right), let isAfter = right.isBefore(left) else {
                isOrdered = false
                return first < second
            }
            return isBefore || !isAfter && first < second
        }
        guard isOrdered else { throw error("values are sorted that have no order") }
        return order.map { elements[$0] }
    }

    /// A key with case taken out of texts, unless it counts.
    private func folded(_ value: TemplateValue, isCaseSensitive: TemplateValue?) -> TemplateValue {
        guard case .string(let text) = value, isCaseSensitive?.isTrue != true else { return value }
        return .string(text.lowercased)
    }

    private func unique(_ value: TemplateValue, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        let values = try bind(["case_sensitive", "attribute"], arguments, of: "unique")
        let path = try attributePath(values[1])
        var seen: Set<TemplateKey> = []
        var kept: [TemplateValue] = []
        for item in try items(of: value) {
            let key = folded(try follow(path, from: item), isCaseSensitive: values[0])
            try charge(key)
            guard let hashed = TemplateKey(key) else { throw error("the filter unique can't compare a \(key.typeName)") }
            if seen.insert(hashed).inserted { kept.append(item) }
        }
        return try madeIterator(kept)
    }

    private func extreme(_ value: TemplateValue, _ arguments: TemplateArguments, isMaximum: Bool) throws(TrainerError) -> TemplateValue {
        let values = try bind(["case_sensitive", "attribute"], arguments, of: isMaximum ? "max" : "min")
        let path = try attributePath(values[1])
        var best: (key: TemplateValue, item: TemplateValue)?
        for item in try items(of: value) {
            let key = folded(try follow(path, from: item), isCaseSensitive: values[0])
            if let found = best {
                guard try holds(isMaximum ? .greater : .less, key, found.key) else { continue }
            }
            best = (key, item)
        }
        return best?.item ?? .undefined("no aggregated item, the sequence was empty")
    }
}
