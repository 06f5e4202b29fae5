import Support

/// Attributes, items, slices and iteration with the rules of Jinja's immutable sandbox.
extension TemplateInterpreter {
    /// `value.name`: the attribute of that name, or else the item.
    func attribute(_ name: String, of value: TemplateValue) throws(TrainerError) -> TemplateValue {
        try checkDefined(value)
        if let found = try member(name, of: value) { return found }
        if case .mapping(let mapping) = value, let found = mapping[name] { return found }
        return .undefined("\(value.typeName) object has no attribute \(name)")
    }

    /// `value[key]`: the item of that key, or else the attribute.
    func item(_ key: TemplateValue, of value: TemplateValue) throws(TrainerError) -> TemplateValue {
        try checkDefined(value)
        switch value {
        case .mapping(let mapping):
            try charge(key)
            if let found = mapping[key] { return found }
        case .list(let list):
            if let index = key.index, let place = position(index, list.items.count) {
                // A loop over positions visits its message by its number.
                if index == counter, turn == nil, case .mapping(let mapping) = list.items[place] { turn = mapping.messageIndex }
                return list.items[place]
            }
        case .string(let text):
            if let index = key.index {
                try charge(bytes: text.bytes.count)
                let starts = text.boundaries
                if let place = position(index, starts.count - 1) { return .string(text[starts[place]..<starts[place + 1]]) }
            }
        case .object(let object):
            if case .range(let range) = object.kind, let index = key.index, let place = position(index, range.count) { return range[place] }
        default: break
        }
        if case .string(let name) = key, let found = try member(name.text, of: value) { return found }
        if case .string(let name) = key { return .undefined("\(value.typeName) object has no attribute \(name.text)") }
        return .undefined("\(value.typeName) object has no element \(try represented(key).text)")
    }

    /// The place that an index stands for, counted from the end if it is negative.
    private func position(_ index: Int, _ count: Int) -> Int? {
        let place = index < 0 ? index + count : index
        return (0..<count).contains(place) ? place : nil
    }

    /// The value's own attribute; nil if Python has none of that name. What the sandbox keeps from templates is undefined.
    func member(_ name: String, of value: TemplateValue) throws(TrainerError) -> TemplateValue? {
        let methods: Set<String>
        var refused: Set<String> = []
        switch value {
        case .string: methods = TemplateStringMethod.names
        case .list(let list):
            methods = list.isTuple ? ["index", "count"] : ["index", "count", "copy"]
            if !list.isTuple { refused = ["append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"] }
        case .mapping:
            methods = ["get", "items", "keys", "values", "copy"]
            refused = ["clear", "pop", "popitem", "setdefault", "update"]
        case .object(let object): return try member(name, of: object, value)
        default: return nil
        }
        if methods.contains(name) { return try made(.method(of: value, name: name)) }
        return refused.contains(name) ? .undefined("access to attribute \(name) of \(value.typeName) object is unsafe") : nil
    }

    private func member(_ name: String, of object: TemplateObject, _ value: TemplateValue) throws(TrainerError) -> TemplateValue? {
        switch object.kind {
        case .namespace(let namespace): return namespace[name]
        case .loop(let loop): return try member(name, of: loop, value)
        case .range(let range):
            let values = ["start": range.start, "stop": range.stop, "step": range.step]
            return values[name].map { .integer($0) }
        case .macro(let macro): return name == "name" && !macro.definition.name.isEmpty ? .string(macro.definition.name) : nil
        default: return nil
        }
    }

    private func member(_ name: String, of loop: TemplateLoop, _ value: TemplateValue) throws(TrainerError) -> TemplateValue? {
        switch name {
        case "index": return .integer(loop.index + 1)
        case "index0": return .integer(loop.index)
        case "first": return .boolean(loop.index == 0)
        case "last": return .boolean(try peek(loop) == nil)
        case "length": return .integer(try count(loop))
        case "revindex": return .integer(try count(loop) - loop.index)
        case "revindex0": return .integer(try count(loop) - loop.index - 1)
        case "depth": return .integer(loop.depth + 1)
        case "depth0": return .integer(loop.depth)
        case "previtem": return loop.index == 0 ? .undefined("there is no previous item") : loop.previous
        case "nextitem": return try peek(loop) ?? .undefined("there is no next item")
        case "cycle", "changed": return try made(.method(of: value, name: name))
        default: return nil
        }
    }

    // MARK: - Slices

    /// `value[from:to:by]`; the bounds are none where they are left out.
    func slice(_ value: TemplateValue, _ bounds: [TemplateValue]) throws(TrainerError) -> TemplateValue {
        try checkDefined(value)
        var indices: [Int?] = []
        for bound in bounds {
            if case .none = bound {
                indices.append(nil)
            } else if let index = bound.index {
                indices.append(index)
            } else {
                throw error("a slice is bounded by a \(bound.typeName)")
            }
        }
        guard indices[2] != 0 else { throw error("a slice has the step 0") }
        switch value {
        case .list(let list):
            return try made(places(indices, list.items.count).map { list.items[$0] }, isTuple: list.isTuple)
        case .string(let text): return try slice(text, indices)
        case .object(let object):
            guard case .range(let range) = object.kind else { break }
            let (from, to, _) = self.bounds(indices, range.count)
            let step = range.step.multipliedReportingOverflow(by: indices[2] ?? 1)
            let start = range.start.addingReportingOverflow(from * range.step)
            let stop = range.start.addingReportingOverflow(to * range.step)
            guard !step.overflow, !start.overflow, !stop.overflow, let part = TemplateRange(start.partialValue, stop.partialValue, step.partialValue)
            else { throw error("a slice of a range exceeds 64 bits") }
            return try made(.range(part))
        default: break
        }
        throw error("a \(value.typeName) can't be sliced")
    }

    private func slice(_ text: TracedString, _ indices: [Int?]) throws(TrainerError) -> TemplateValue {
        try charge(bytes: text.bytes.count)
        let starts = text.boundaries
        let places = places(indices, starts.count - 1)
        guard let first = places.first, let last = places.last else { return .emptyString }
        if indices[2] ?? 1 == 1 { return try made(text[starts[first]..<starts[last + 1]]) }
        var result = TracedString()
        for place in places { result.append(text[starts[place]..<starts[place + 1]]) }
        return try made(result)
    }

    /// The places that a slice takes from a sequence: Python's `slice.indices`.
    private func places(_ indices: [Int?], _ count: Int) -> [Int] {
        let (from, to, step) = bounds(indices, count)
        return Array(stride(from: from, to: to, by: step))
    }

    private func bounds(_ bounds: [Int?], _ count: Int) -> (from: Int, to: Int, step: Int) {
        let step = bounds[2] ?? 1
        // A step beyond the sequence takes one item, however large it is.
        func clamped(_ bound: Int, _ low: Int, _ high: Int) -> Int { max(low, min(high, bound < 0 ? bound + count : bound)) }
        let from = bounds[0].map { clamped($0, step < 0 ? -1 : 0, step < 0 ? count - 1 : count) } ?? (step < 0 ? count - 1 : 0)
        let to = bounds[1].map { clamped($0, step < 0 ? -1 : 0, step < 0 ? count - 1 : count) } ?? (step < 0 ? -1 : count)
        return (from, to, max(-count - 1, min(count + 1, step)))
    }

    // MARK: - Iteration

    /// The items that a loop over the value visits.
    func items(of value: TemplateValue) throws(TrainerError) -> [TemplateValue] {
        switch value {
        case .undefined: return []
        case .string(let text):
            try charge(text.bytes.count)
            return text.characters.map { .string($0) }
        case .list(let list): return list.items
        case .mapping(let mapping):
            try charge(mapping.entries.count)
            return mapping.entries.map(\.key)
        case .object(let object):
            if let items = try items(of: object) { return items }
        default: break
        }
        throw error("a \(value.typeName) can't be iterated over")
    }

    /// The items of an object; nil if it has none. Reading a lazy one uses it up.
    func items(of object: TemplateObject) throws(TrainerError) -> [TemplateValue]? {
        switch object.kind {
        case .range(let range):
            try charge(range.count)
            return range.items
        case .iterator(let iterator): return iterator.takeAll()
        case .view(let name, let mapping):
            try charge(mapping.entries.count)
            return name == "items" ? mapping.pairs : mapping.entries.map { name == "keys" ? $0.key : $0.value }
        default: return nil
        }
    }

    /// Python's `len`.
    func length(of value: TemplateValue) throws(TrainerError) -> Int {
        switch value {
        case .undefined: return 0
        case .string(let text):
            try charge(bytes: text.bytes.count)
            return text.count
        case .list(let list): return list.items.count
        case .mapping(let mapping): return mapping.entries.count
        case .object(let object):
            if case .loop(let loop) = object.kind { return try count(loop) }
            if let length = object.length { return length }
        default: break
        }
        throw error("a \(value.typeName) has no length")
    }
}
