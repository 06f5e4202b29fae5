import Support

/// The values of a call's arguments.
struct TemplateArguments {
    var positional: [TemplateValue] = []
    var keywords: [(name: String, value: TemplateValue)] = []
}

extension TemplateInterpreter {
    typealias Expression = TemplateSyntax.Expression

    func evaluate(_ expression: Expression, _ scope: TemplateScope) throws(TrainerError) -> TemplateValue {
        try charge()
        switch expression.kind {
        case .constant(let value): return value
        case .name(let name): return try value(of: name, scope)
        case .captured: return captured
        default: return try nested { () throws(TrainerError) in try operate(expression, scope) }
        }
    }

    private func operate(_ expression: Expression, _ scope: TemplateScope) throws(TrainerError) -> TemplateValue {
        let kind = expression.kind
        switch kind {
        case .constant, .name, .captured: return try evaluate(expression, scope)
        case .attribute, .item, .slice: return try access(kind, scope, expression.offset)
        case .call(let callee, let arguments): return try call(callee, arguments, scope, expression.offset)
        case .filter(let operand, let name, let arguments): return try filter(operand, name, arguments, scope, expression.offset)
        case .test(let operand, let name, let arguments): return try test(operand, name, arguments, scope, expression.offset)
        case .list, .mapping: return try collect(kind, scope)
        case .negation, .identity, .arithmetic: return try calculate(kind, scope, expression.offset)
        case .not(let operand): return .boolean(!(try evaluate(operand, scope).isTrue))
        case .and(let left, let right):
            let value = try evaluate(left, scope)
            return value.isTrue ? try evaluate(right, scope) : value
        case .or(let left, let right):
            let value = try evaluate(left, scope)
            return value.isTrue ? value : try evaluate(right, scope)
        case .concatenation(let parts): return try concatenate(parts, scope, expression.offset)
        case .comparison(let first, let others): return try compare(first, others, scope, expression.offset)
        case .conditional(let value, let condition, let otherwise):
            let reads = promptReads
            let isChosen = try evaluate(condition, scope).isTrue
            guard let chosen = isChosen ? value : otherwise else { return .undefined("an inline if without else was false") }
            let result = try evaluate(chosen, scope)
            guard promptReads > reads, case .string(let text) = result else { return result }
            return .string(text.marked { TracedString.Mark(origin: $0.origin, turn: $0.turn, generation: $0.generation, isPrompt: true) })
        }
    }

    private func value(of name: Int, _ scope: TemplateScope) throws(TrainerError) -> TemplateValue {
        if let value = scope[name] {
            if name == TemplateNames.prompt, value.isTrue { promptReads += 1 }
            return value
        }
        let spelling = names.spellings[name]
        if let function = TemplateFunction(rawValue: spelling) { return try made(.function(function)) }
        if ["lipsum", "cycler", "joiner"].contains(spelling) { throw error("the function \(spelling) is not supported") }
        return .undefined("\(spelling) is undefined")
    }

    private func access(_ kind: Expression.Kind, _ scope: TemplateScope, _ offset: Int) throws(TrainerError) -> TemplateValue {
        switch kind {
        case .attribute(let owner, let name):
            let value = try evaluate(owner, scope)
            self.offset = offset
            return try attribute(name, of: value)
        case .item(let owner, let key):
            let value = try evaluate(owner, scope)
            let key = try evaluate(key, scope)
            self.offset = offset
            return try item(key, of: value)
        case .slice(let owner, let from, let to, let by):
            let value = try evaluate(owner, scope)
            var bounds: [TemplateValue] = []
            for bound in [from, to, by] { bounds.append(try bound.map { (bound) throws(TrainerError) in try evaluate(bound, scope) } ?? .none) }
            self.offset = offset
            return try slice(value, bounds)
        default: return .none
        }
    }

    private func collect(_ kind: Expression.Kind, _ scope: TemplateScope) throws(TrainerError) -> TemplateValue {
        switch kind {
        case .list(let expressions, let isTuple):
            var items: [TemplateValue] = []
            for expression in expressions { items.append(try evaluate(expression, scope)) }
            return try made(items, isTuple: isTuple)
        case .mapping(let expressions):
            var pairs: [(TemplateValue, TemplateValue)] = []
            for (key, value) in expressions { pairs.append((try evaluate(key, scope), try evaluate(value, scope))) }
            return try made(pairs)
        default: return .none
        }
    }

    private func calculate(_ kind: Expression.Kind, _ scope: TemplateScope, _ offset: Int) throws(TrainerError) -> TemplateValue {
        switch kind {
        case .arithmetic(let operation, let left, let right):
            let left = try evaluate(left, scope)
            let right = try evaluate(right, scope)
            self.offset = offset
            return try calculate(operation, left, right)
        case .negation(let operand), .identity(let operand):
            let value = try evaluate(operand, scope)
            self.offset = offset
            if case .identity = kind { return try signed(value, isNegative: false) }
            return try signed(value, isNegative: true)
        default: return .none
        }
    }

    private func concatenate(_ parts: [Expression], _ scope: TemplateScope, _ offset: Int) throws(TrainerError) -> TemplateValue {
        var result = TracedString()
        for part in parts {
            let value = try evaluate(part, scope)
            self.offset = offset
            result.append(try text(of: value))
        }
        return try made(result)
    }

    private func filter(
        _ operand: Expression, _ name: String, _ arguments: TemplateSyntax.Arguments, _ scope: TemplateScope, _ offset: Int
    ) throws(TrainerError) -> TemplateValue {
        let value = try evaluate(operand, scope)
        let arguments = try evaluate(arguments, scope)
        self.offset = offset
        return try apply(filter: name, to: value, arguments)
    }

    private func test(
        _ operand: Expression, _ name: String, _ arguments: TemplateSyntax.Arguments, _ scope: TemplateScope, _ offset: Int
    ) throws(TrainerError) -> TemplateValue {
        let value = try evaluate(operand, scope)
        let arguments = try evaluate(arguments, scope)
        self.offset = offset
        return .boolean(try apply(test: name, to: value, arguments))
    }

    // MARK: - Calls

    private func call(
        _ callee: Expression, _ arguments: TemplateSyntax.Arguments, _ scope: TemplateScope, _ offset: Int
    ) throws(TrainerError) -> TemplateValue {
        let function = try evaluate(callee, scope)
        let values = try evaluate(arguments, scope)
        self.offset = offset
        return try call(function, values)
    }

    /// The call of a `call` block, which hands its body over as `caller`.
    func callBlock(_ call: Expression, _ body: TemplateSyntax.Macro, _ scope: TemplateScope) throws(TrainerError) -> TemplateValue {
        guard case .call(let callee, let arguments) = call.kind else { return .none }
        keep(scope)
        let function = try evaluate(callee, scope)
        var values = try evaluate(arguments, scope)
        values.keywords.append(("caller", try made(.macro(TemplateMacro(body, scope: scope)))))
        offset = call.offset
        return try self.call(function, values)
    }

    private func evaluate(_ arguments: TemplateSyntax.Arguments, _ scope: TemplateScope) throws(TrainerError) -> TemplateArguments {
        var values = TemplateArguments()
        for expression in arguments.positional { values.positional.append(try evaluate(expression, scope)) }
        for (name, expression) in arguments.keywords { values.keywords.append((name, try evaluate(expression, scope))) }
        if let sequence = arguments.sequence { values.positional += try items(of: try evaluate(sequence, scope)) }
        if let expression = arguments.mapping {
            guard case .mapping(let mapping) = try evaluate(expression, scope) else { throw error("what follows ** is no mapping") }
            for (key, value) in mapping.entries {
                guard case .string(let name) = key else { throw error("a key of the mapping after ** is no string") }
                guard !values.keywords.contains(where: { $0.name == name.text }) else { throw error("the argument \(name.text) is given twice") }
                values.keywords.append((name.text, value))
            }
        }
        return values
    }

    /// The arguments of what takes the named parameters; nil where one is not given.
    func bind(_ parameters: [String], _ arguments: TemplateArguments, of what: String) throws(TrainerError) -> [TemplateValue?] {
        guard arguments.positional.count <= parameters.count else { throw error("\(what) takes at most \(parameters.count) arguments") }
        var values: [TemplateValue?] = arguments.positional + Array(repeating: nil, count: parameters.count - arguments.positional.count)
        for (name, value) in arguments.keywords {
            guard let index = parameters.firstIndex(of: name) else { throw error("\(what) takes no argument \(name)") }
            guard values[index] == nil else { throw error("\(what) is given its argument \(name) twice") }
            values[index] = value
        }
        return values
    }
}
