import Support

/// Macros and what is assigned to.
extension TemplateParser {
    // MARK: - Macros

    mutating func macro() throws(TrainerError) -> Statement.Kind {
        let name = try expectName()
        _ = names.number(of: name)
        let parameters = try signature()
        let (body, used) = try macroBody(until: "endmacro")
        return .macro(TemplateSyntax.Macro(name: name, parameters: parameters, body: body, implicitNames: used))
    }

    mutating func call() throws(TrainerError) -> Statement.Kind {
        let offset = offset
        let parameters = current.kind == .sign("(") ? try signature() : []
        let call = try expression()
        guard case .call = call.kind else { throw error("a call block holds no call", offset: offset) }
        let (body, used) = try macroBody(until: "endcall")
        return .call(call, TemplateSyntax.Macro(name: "", parameters: parameters, body: body, implicitNames: used))
    }

    /// The body of a macro with those of its special names that it reads.
    mutating func macroBody(until end: String) throws(TrainerError) -> ([Statement], Set<Int>) {
        let outerLoops = loopDepth
        loopDepth = 0
        implicitNames.append([])
        let body = try block(until: [end]).body
        loopDepth = outerLoops
        let used = implicitNames.removeLast()
        // A macro inside this one counts as part of it.
        if let last = implicitNames.indices.last { implicitNames[last].formUnion(used) }
        return (body, used)
    }

    private mutating func signature() throws(TrainerError) -> [(name: Int, defaultValue: Expression?)] {
        var parameters: [(name: Int, defaultValue: Expression?)] = []
        try expect(.sign("("))
        while current.kind != .sign(")") {
            if !parameters.isEmpty { try expect(.sign(",")) }
            let name = names.number(of: try expectName())
            let value = skip(.sign("=")) ? try expression() : nil
            guard name != TemplateNames.caller || value != nil else { throw error("a parameter named caller has no default") }
            if value == nil, parameters.last?.defaultValue != nil { throw error("a parameter without a default follows one that has one") }
            parameters.append((name, value))
        }
        try expect(.sign(")"))
        return parameters
    }

    // MARK: - Targets

    mutating func target(canBeAttribute: Bool = false, endsWith end: String? = nil) throws(TrainerError) -> TemplateSyntax.Target {
        try nested { (parser) throws(TrainerError) in
            var targets: [TemplateSyntax.Target] = []
            while true {
                if parser.isTupleEnd(end), !targets.isEmpty { break }
                targets.append(try parser.singleTarget(canBeAttribute: canBeAttribute))
                if !parser.skip(.sign(",")) { return targets.count == 1 ? targets[0] : .tuple(targets) }
            }
            return .tuple(targets)
        }
    }

    private mutating func singleTarget(canBeAttribute: Bool) throws(TrainerError) -> TemplateSyntax.Target {
        if skip(.sign("(")) {
            let inner = try target(canBeAttribute: false)
            try expect(.sign(")"))
            return inner
        }
        let name = try expectName()
        guard !["true", "false", "none", "True", "False", "None"].contains(name) else { throw error("\(name) can't be assigned to") }
        let number = names.number(of: name)
        guard canBeAttribute, skip(.sign(".")) else { return .name(number) }
        return .attribute(of: number, try expectName())
    }

    /// Whether a tuple without brackets ends here.
    func isTupleEnd(_ end: String? = nil) -> Bool {
        switch current.kind {
        case .outputEnd, .blockEnd, .sign(")"): true
        case .name(let name): name == end
        default: false
        }
    }
}

extension TemplateSyntax.Target {
    /// The names that are assigned to.
    var names: [Int] {
        switch self {
        case .name(let name): [name]
        case .attribute: []
        case .tuple(let targets): targets.flatMap(\.names)
        }
    }
}
