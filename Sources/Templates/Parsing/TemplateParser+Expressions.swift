import Support

/// Expressions, from conditionals down to signs.
extension TemplateParser {
    /// An expression with its depth, which is limited.
    func make(_ kind: Expression.Kind, _ offset: Int, over parts: [Expression] = []) throws(TrainerError) -> Expression {
        let depth = parts.reduce(0) { max($0, $1.depth) } + 1
        guard depth <= Self.expressionDepthLimit else {
            throw error("an expression is more than \(Self.expressionDepthLimit) operations deep", offset: offset)
        }
        return Expression(kind: kind, offset: offset, depth: depth)
    }

    /// One expression, or several between commas, which make a tuple.
    mutating func tuple(canBeConditional: Bool = true, endsWith end: String? = nil, canBeEmpty: Bool = false) throws(TrainerError) -> Expression {
        let offset = offset
        var items: [Expression] = []
        var isTuple = false
        while true {
            if isTupleEnd(end) { break }
            items.append(canBeConditional ? try expression() : try or())
            guard skip(.sign(",")) else { break }
            isTuple = true
        }
        if !isTuple, let only = items.first { return only }
        guard isTuple || canBeEmpty else { throw error("\(current.description) stands where an expression is expected") }
        return try make(.list(items, isTuple: true), offset, over: items)
    }

    mutating func expression() throws(TrainerError) -> Expression {
        try nested { (parser) throws(TrainerError) in try parser.conditional() }
    }

    private mutating func conditional() throws(TrainerError) -> Expression {
        let offset = offset
        let known = unknown.count
        var value = try or()
        while skip(.name("if")) {
            // What precedes turns out to stand in a branch.
            unknown.removeSubrange(known...)
            let condition = try or()
            let otherwise = skip(.name("else")) ? try expression() : nil
            unknown.removeSubrange(known...)
            value = try make(
                .conditional(value, condition: condition, otherwise: otherwise), offset, over: [value, condition] + [otherwise].compactMap(\.self))
        }
        return value
    }

    // MARK: - Operators, from the loosest to the tightest

    private mutating func or() throws(TrainerError) -> Expression {
        let offset = offset
        var left = try and()
        while skip(.name("or")) {
            let right = try and()
            left = try make(.or(left, right), offset, over: [left, right])
        }
        return left
    }

    private mutating func and() throws(TrainerError) -> Expression {
        let offset = offset
        var left = try not()
        while skip(.name("and")) {
            let right = try not()
            left = try make(.and(left, right), offset, over: [left, right])
        }
        return left
    }

    private mutating func not() throws(TrainerError) -> Expression {
        let offset = offset
        guard skip(.name("not")) else { return try comparison() }
        let value = try nested { (parser) throws(TrainerError) in try parser.not() }
        return try make(.not(value), offset, over: [value])
    }

    private mutating func comparison() throws(TrainerError) -> Expression {
        let offset = offset
        let first = try sum()
        var others: [(TemplateSyntax.Comparison, Expression)] = []
        while let comparison = readComparison() { others.append((comparison, try sum())) }
        return others.isEmpty ? first : try make(.comparison(first, others), offset, over: [first] + others.map(\.1))
    }

    private mutating func readComparison() -> TemplateSyntax.Comparison? {
        switch current.kind {
        case .sign(let sign):
            guard let comparison = TemplateSyntax.Comparison(rawValue: sign) else { return nil }
            advance()
            return comparison
        case .name("in"):
            advance()
            return .isIn
        case .name("not") where following == .name("in"):
            advance()
            advance()
            return .isNotIn
        default: return nil
        }
    }

    private mutating func sum() throws(TrainerError) -> Expression {
        let offset = offset
        var left = try concatenation()
        while let operation = readArithmetic([.add, .subtract]) {
            let right = try concatenation()
            left = try make(.arithmetic(operation, left, right), offset, over: [left, right])
        }
        return left
    }

    private mutating func concatenation() throws(TrainerError) -> Expression {
        let offset = offset
        var parts = [try product()]
        while skip(.sign("~")) { parts.append(try product()) }
        return parts.count == 1 ? parts[0] : try make(.concatenation(parts), offset, over: parts)
    }

    private mutating func product() throws(TrainerError) -> Expression {
        let offset = offset
        var left = try power()
        while let operation = readArithmetic([.multiply, .divide, .floorDivide, .remainder]) {
            let right = try power()
            left = try make(.arithmetic(operation, left, right), offset, over: [left, right])
        }
        return left
    }

    /// Groups to the left, as Jinja has it.
    private mutating func power() throws(TrainerError) -> Expression {
        let offset = offset
        var left = try unary()
        while let operation = readArithmetic([.power]) {
            let right = try unary()
            left = try make(.arithmetic(operation, left, right), offset, over: [left, right])
        }
        return left
    }

    private mutating func readArithmetic(_ allowed: [TemplateSyntax.Arithmetic]) -> TemplateSyntax.Arithmetic? {
        guard case .sign(let sign) = current.kind, let operation = TemplateSyntax.Arithmetic(rawValue: sign), allowed.contains(operation) else {
            return nil
        }
        advance()
        return operation
    }

    mutating func unary(canBeFiltered: Bool = true) throws(TrainerError) -> Expression {
        let offset = offset
        var value: Expression
        if current.kind == .sign("-") || current.kind == .sign("+") {
            let isNegation = current.kind == .sign("-")
            advance()
            let operand = try nested { (parser) throws(TrainerError) in try parser.unary(canBeFiltered: false) }
            value = try make(isNegation ? .negation(operand) : .identity(operand), offset, over: [operand])
        } else {
            value = try primary()
        }
        value = try postfix(value)
        return canBeFiltered ? try filtersAndTests(value) : value
    }
}
