import Support

extension TemplateInterpreter {
    func call(_ callee: TemplateValue, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        try checkDefined(callee)
        if case .object(let object) = callee {
            switch object.kind {
            case .macro(let macro): return try call(macro, arguments)
            case .function(let function): return try call(function, arguments)
            case .method(.string(let text), let name): return try call(name, of: text, arguments)
            case .method(let receiver, let name): return try call(name, of: receiver, arguments)
            case .loop(let loop):
                guard let items = try bind(["iterable"], arguments, of: "loop")[0] else { throw error("loop is called without items") }
                return try recur(loop, try self.items(of: items))
            default: break
            }
        }
        throw error("a \(callee.typeName) can't be called")
    }

    private func recur(_ loop: TemplateLoop, _ items: [TemplateValue]) throws(TrainerError) -> TemplateValue {
        guard loop.syntax.isRecursive else { throw error("loop is called in a loop that is not recursive") }
        let inner = TemplateLoop(loop.syntax, items, scope: loop.scope, depth: loop.depth + 1)
        return try made(try capture { () throws(TrainerError) in try nested { () throws(TrainerError) in try run(inner) } })
    }

    // MARK: - Macros

    private func call(_ macro: TemplateMacro, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        let scope = try bind(macro.definition, arguments, macro.scope)
        let text = try capture { () throws(TrainerError) in
            try nested { () throws(TrainerError) in _ = try execute(macro.definition.body, scope) }
        }
        return try made(text)
    }

    /// A macro's scope with its parameters set.
    func bind(_ macro: TemplateSyntax.Macro, _ arguments: TemplateArguments, _ outer: TemplateScope) throws(TrainerError) -> TemplateScope {
        let scope = TemplateScope(parent: outer)
        var keywords = arguments.keywords
        func take(_ name: Int) -> TemplateValue? {
            let spelling = names.spellings[name]
            return keywords.firstIndex { $0.name == spelling }.map { keywords.remove(at: $0).value }
        }
        for (index, parameter) in macro.parameters.enumerated() {
            if index < arguments.positional.count {
                scope.set(parameter.name, to: arguments.positional[index])
            } else if let value = take(parameter.name) {
                scope.set(parameter.name, to: value)
            } else if let value = parameter.defaultValue {
                scope.set(parameter.name, to: try evaluate(value, scope))
            } else {
                scope.set(parameter.name, to: .undefined("parameter \(names.spellings[parameter.name]) was not provided"))
            }
        }
        let implicit = macro.implicitNames.subtracting(macro.parameters.map(\.name))
        if implicit.contains(TemplateNames.caller) {
            scope.set(TemplateNames.caller, to: take(TemplateNames.caller) ?? .undefined("no caller is defined"))
        }
        let what = macro.name.isEmpty ? "the block" : "the macro \(macro.name)"
        if implicit.contains(TemplateNames.keywordArguments) {
            scope.set(TemplateNames.keywordArguments, to: try made(keywords.map { (.string($0.name), $0.value) }))
        } else if let (name, _) = keywords.first {
            throw error("\(what) takes no argument \(name)")
        }
        let rest = arguments.positional.dropFirst(macro.parameters.count)
        if implicit.contains(TemplateNames.variableArguments) {
            scope.set(TemplateNames.variableArguments, to: try made(Array(rest), isTuple: true))
        } else if !rest.isEmpty {
            throw error("\(what) takes at most \(macro.parameters.count) arguments")
        }
        return scope
    }

    // MARK: - Functions

    private func call(_ function: TemplateFunction, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        switch function {
        case .range: return try range(arguments)
        case .dict: return try mapping(arguments)
        case .namespace:
            let namespace = TemplateNamespace()
            keep(namespace)
            guard case .mapping(let mapping) = try mapping(arguments) else { return .none }
            for (key, value) in mapping.entries {
                guard case .string(let name) = key else { throw error("a namespace's attribute is named by a \(key.typeName)") }
                try checkAttribute(name.text)
                namespace.attributes.append((name.text, value))
            }
            return try made(.namespace(namespace))
        case .raiseException:
            guard let message = try bind(["message"], arguments, of: "raise_exception")[0] else { throw error("raise_exception has no message") }
            throw error(try text(of: message).text)
        case .strftimeNow:
            guard case .string(let format) = try bind(["format"], arguments, of: "strftime_now")[0] else {
                throw error("strftime_now takes a string")
            }
            return try made(TracedString(time.formatted(format.text)))
        }
    }

    /// The sandbox's limit on `range`.
    private static let rangeLimit = 100_000

    private func range(_ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        var bounds: [Int] = []
        for value in arguments.positional {
            guard let bound = value.index else { throw error("range takes integers, not a \(value.typeName)") }
            bounds.append(bound)
        }
        guard arguments.keywords.isEmpty, (1...3).contains(bounds.count) else { throw error("range takes one to three integers") }
        let range = bounds.count == 1 ? TemplateRange(0, bounds[0], 1) : TemplateRange(bounds[0], bounds[1], bounds.count == 3 ? bounds[2] : 1)
        guard let range, range.count <= Self.rangeLimit else {
            throw error("a range has the step 0 or more than \(Self.rangeLimit) items")
        }
        return try made(.range(range))
    }

    /// Python's `dict`: from a mapping or pairs, and names.
    private func mapping(_ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        guard arguments.positional.count <= 1 else { throw error("dict takes at most one argument without a name") }
        var pairs: [(TemplateValue, TemplateValue)] = []
        var model: TemplateMapping?
        switch arguments.positional.first {
        case nil: break
        case .mapping(let mapping):
            model = mapping
            pairs = mapping.entries.map { ($0.key, $0.value) }
        case let value?:
            for pair in try items(of: value) {
                let parts = try items(of: pair)
                guard parts.count == 2 else { throw error("dict takes pairs, not \(parts.count) values") }
                pairs.append((parts[0], parts[1]))
            }
        }
        // A message that is changed on the way is still that message.
        return try made(pairs + arguments.keywords.map { (.string($0.name), $0.value) }, like: model)
    }

    // MARK: - Methods of lists, mappings and loops

    private func call(_ name: String, of receiver: TemplateValue, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        switch receiver {
        case .mapping(let mapping): return try call(name, of: mapping, receiver, arguments)
        case .list(let list): return try call(name, of: list, receiver, arguments)
        case .object(let object):
            guard case .loop(let loop) = object.kind, arguments.keywords.isEmpty else { break }
            let values = arguments.positional
            if name == "cycle" {
                guard !values.isEmpty else { throw error("cycle takes at least one argument") }
                return values[max(loop.index, 0) % values.count]
            }
            for value in values { try charge(value) }
            defer { loop.lastChanged = values }
            return .boolean(!(loop.lastChanged?.elementsEqual(values) { $0.equals($1) } ?? false))
        default: break
        }
        throw error("the method \(name) of \(receiver.typeName) is not supported")
    }

    private func call(
        _ name: String, of mapping: TemplateMapping, _ receiver: TemplateValue, _ arguments: TemplateArguments
    ) throws(TrainerError) -> TemplateValue {
        guard arguments.keywords.isEmpty, arguments.positional.count <= (name == "get" ? 2 : 0) else {
            throw error("the method \(name) of dict is given wrong arguments")
        }
        switch name {
        case "get":
            guard let key = arguments.positional.first else { throw error("the method get of dict takes a key") }
            try charge(key)
            guard TemplateKey(key) != nil else { throw error("a \(key.typeName) can't be a key of a mapping") }
            return mapping[key] ?? (arguments.positional.count > 1 ? arguments.positional[1] : .none)
        case "copy": return receiver
        default: return try made(.view(name: name, of: mapping))
        }
    }

    private func call(
        _ name: String, of list: TemplateList, _ receiver: TemplateValue, _ arguments: TemplateArguments
    ) throws(TrainerError) -> TemplateValue {
        if name == "copy" { return receiver }
        guard arguments.keywords.isEmpty, let wanted = arguments.positional.first, arguments.positional.count <= (name == "index" ? 3 : 1) else {
            throw error("the method \(name) of \(receiver.typeName) is given wrong arguments")
        }
        try charge(receiver, wanted)
        if name == "count" { return .integer(list.items.count { $0.equals(wanted) }) }
        var bounds: [Int] = [0, list.items.count]
        for (place, value) in arguments.positional.dropFirst().enumerated() {
            guard let bound = value.index else { throw error("the method index takes integers as bounds") }
            bounds[place] = max(0, min(list.items.count, bound < 0 ? bound + list.items.count : bound))
        }
        guard bounds[0] <= bounds[1], let index = list.items[bounds[0]..<bounds[1]].firstIndex(where: { $0.equals(wanted) }) else {
            throw error("the value that index looks for is not in the list")
        }
        return .integer(index)
    }
}
