import Support

/// Operands with what follows them: attributes, items, calls, filters and tests.
extension TemplateParser {
    mutating func primary() throws(TrainerError) -> Expression {
        let offset = offset
        let token = current
        switch token.kind {
        case .name(let name):
            advance()
            return try make(constant(name).map { .constant($0) } ?? .name(use(name)), offset)
        case .string(let first):
            var text = first
            advance()
            while case .string(let more) = current.kind {
                text += more
                advance()
            }
            return try make(.constant(.string(TracedString(text, TracedString.Mark(origin: .literal(offset: offset))))), offset)
        case .integer(let value):
            advance()
            return try make(.constant(.integer(value)), offset)
        case .double(let value):
            advance()
            return try make(.constant(.double(value)), offset)
        case .sign("("):
            advance()
            let value = try nested { (parser) throws(TrainerError) in try parser.tuple(canBeEmpty: true) }
            try expect(.sign(")"))
            return value
        case .sign("["):
            advance()
            return try list(offset)
        case .sign("{"):
            advance()
            return try mapping(offset)
        default: throw error("\(token.description) stands where an expression is expected")
        }
    }

    private func constant(_ name: String) -> TemplateValue? {
        switch name {
        case "true", "True": .boolean(true)
        case "false", "False": .boolean(false)
        case "none", "None": TemplateValue.none
        default: nil
        }
    }

    private mutating func use(_ name: String) -> Int {
        let number = names.number(of: name)
        if number <= TemplateNames.keywordArguments, let last = implicitNames.indices.last { implicitNames[last].insert(number) }
        return number
    }

    private mutating func list(_ offset: Int) throws(TrainerError) -> Expression {
        var items: [Expression] = []
        while current.kind != .sign("]") {
            items.append(try expression())
            guard skip(.sign(",")) else { break }
        }
        try expect(.sign("]"))
        return try make(.list(items, isTuple: false), offset, over: items)
    }

    private mutating func mapping(_ offset: Int) throws(TrainerError) -> Expression {
        var pairs: [(Expression, Expression)] = []
        while current.kind != .sign("}") {
            let key = try expression()
            try expect(.sign(":"))
            pairs.append((key, try expression()))
            guard skip(.sign(",")) else { break }
        }
        try expect(.sign("}"))
        return try make(.mapping(pairs), offset, over: pairs.flatMap { [$0.0, $0.1] })
    }

    /// Attributes, items, slices and calls after an operand.
    mutating func postfix(_ operand: Expression) throws(TrainerError) -> Expression {
        var value = operand
        while true {
            let offset = offset
            if skip(.sign(".")) {
                if case .integer(let index) = current.kind {
                    advance()
                    let item = try make(.constant(.integer(index)), offset)
                    value = try make(.item(value, item), offset, over: [value, item])
                } else {
                    value = try make(.attribute(value, try expectName()), offset, over: [value])
                }
            } else if skip(.sign("[")) {
                value = try subscripted(value, offset)
            } else if current.kind == .sign("(") {
                let arguments = try arguments()
                value = try make(.call(value, arguments), offset, over: [value] + arguments.all)
            } else {
                return value
            }
        }
    }

    private mutating func subscripted(_ value: Expression, _ offset: Int) throws(TrainerError) -> Expression {
        var bounds: [Expression?] = [nil]
        var isSlice = false
        while current.kind != .sign("]") {
            if skip(.sign(":")) {
                isSlice = true
                bounds.append(nil)
                guard bounds.count <= 3 else { throw error("a slice has more than three parts") }
            } else if bounds[bounds.count - 1] == nil {
                bounds[bounds.count - 1] = try expression()
            } else {
                break
            }
        }
        let parts = bounds.compactMap(\.self)
        if current.kind == .sign(","), !isSlice {
            // Items of tuples as keys.
            var items = parts
            while skip(.sign(",")) { items.append(try expression()) }
            try expect(.sign("]"))
            let key = try make(.list(items, isTuple: true), offset, over: items)
            return try make(.item(value, key), offset, over: [value, key])
        }
        try expect(.sign("]"))
        if !isSlice {
            guard let item = bounds[0] else { throw error("empty brackets follow a value", offset: offset) }
            return try make(.item(value, item), offset, over: [value, item])
        }
        return try make(
            .slice(value, from: bounds[0], to: bounds[1], by: bounds.count > 2 ? bounds[2] : nil), offset, over: [value] + parts)
    }

    private mutating func arguments() throws(TrainerError) -> TemplateSyntax.Arguments {
        let offset = offset
        var arguments = TemplateSyntax.Arguments()
        try expect(.sign("("))
        while current.kind != .sign(")") {
            if skip(.sign("*")) {
                guard arguments.sequence == nil, arguments.mapping == nil else { throw error("arguments stand in a wrong order", offset: offset) }
                arguments.sequence = try expression()
            } else if skip(.sign("**")) {
                guard arguments.mapping == nil else { throw error("arguments stand in a wrong order", offset: offset) }
                arguments.mapping = try expression()
            } else if case .name(let name) = current.kind, following == .sign("=") {
                guard arguments.mapping == nil else { throw error("arguments stand in a wrong order", offset: offset) }
                advance()
                advance()
                guard !arguments.keywords.contains(where: { $0.name == name }) else { throw error("the argument \(name) is given twice") }
                arguments.keywords.append((name, try expression()))
            } else {
                guard arguments.keywords.isEmpty, arguments.sequence == nil, arguments.mapping == nil else {
                    throw error("arguments stand in a wrong order", offset: offset)
                }
                arguments.positional.append(try expression())
            }
            guard current.kind != .sign(")") else { break }
            try expect(.sign(","))
        }
        try expect(.sign(")"))
        return arguments
    }

    // MARK: - Filters and tests

    mutating func filtersAndTests(_ operand: Expression) throws(TrainerError) -> Expression {
        var value = operand
        while true {
            if current.kind == .sign("|") {
                value = try filterChain(value)
            } else if current.kind == .name("is") {
                value = try test(value)
            } else if current.kind == .sign("(") {
                let offset = offset
                let arguments = try arguments()
                value = try make(.call(value, arguments), offset, over: [value] + arguments.all)
            } else {
                return value
            }
        }
    }

    /// Filters one after another; the first may stand without its bar, as after `filter`.
    mutating func filterChain(_ operand: Expression, startsWithName: Bool = false) throws(TrainerError) -> Expression {
        var value = operand
        var isFirst = startsWithName
        while isFirst || skip(.sign("|")) {
            isFirst = false
            let offset = offset
            let name = try dottedName()
            check(TemplateFilter(spelling: name) != nil, "filter", name, offset)
            let arguments = current.kind == .sign("(") ? try arguments() : TemplateSyntax.Arguments()
            value = try make(.filter(value, name, arguments), offset, over: [value] + arguments.all)
        }
        return value
    }

    private mutating func test(_ operand: Expression) throws(TrainerError) -> Expression {
        try expect(.name("is"))
        let offset = offset
        let isNegated = skip(.name("not"))
        let name = try dottedName()
        check(TemplateTest(spelling: name) != nil, "test", name, offset)
        var arguments = TemplateSyntax.Arguments()
        switch current.kind {
        case .sign("("): arguments = try self.arguments()
        case .name("else"), .name("or"), .name("and"): break
        case .name("is"): throw error("tests can't follow one another")
        case .name, .string, .integer, .double, .sign("["), .sign("{"):
            let operand = try primary()
            arguments.positional = [try postfix(operand)]
        default: break
        }
        let test = try make(.test(operand, name, arguments), offset, over: [operand] + arguments.all)
        return isNegated ? try make(.not(test), offset, over: [test]) : test
    }

    private mutating func dottedName() throws(TrainerError) -> String {
        var name = try expectName()
        while skip(.sign(".")) { name += "." + (try expectName()) }
        return name
    }

    /// Unknown filters and tests are refused once parsing ends, unless a branch that may not run holds them; then running refuses them.
    private mutating func check(_ isKnown: Bool, _ what: String, _ name: String, _ offset: Int) {
        if !isKnown, branchDepth == 0 { unknown.append(error("the \(what) \(name) is not supported", offset: offset)) }
    }
}
