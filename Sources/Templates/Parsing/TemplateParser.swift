import Support

/// Parses tokens into statements, with the grammar of Jinja 3.1, its loop controls and the `generation` block of transformers.
struct TemplateParser {
    typealias Statement = TemplateSyntax.Statement
    typealias Expression = TemplateSyntax.Expression

    let source: TemplateSource
    var names = TemplateNames()
    private let tokens: [TemplateToken]
    private var position = 0
    /// How deep blocks and expressions lie in one another at this place.
    private var depth = 0
    /// How many branches surround this place: only there may a filter or test be unknown until it runs, as in Jinja.
    var branchDepth = 0
    /// Filters and tests that are not supported and that no branch holds.
    var unknown: [TrainerError] = []
    /// Whether a `generation` block stands somewhere in the template.
    private(set) var hasGenerationBlocks = false
    /// Loops around this place, macros apart.
    var loopDepth = 0
    /// The names among `caller`, `varargs` and `kwargs` that the macros around this place read, innermost last.
    var implicitNames: [Set<Int>] = []

    /// Deeper sources are refused: parsing recurses, and so does running what was parsed.
    static let depthLimit = 100
    /// Chains of operators and filters, which parse without recursion, may be longer.
    static let expressionDepthLimit = 250

    init(_ source: TemplateSource) throws(TrainerError) {
        self.source = source
        tokens = try TemplateLexer.tokens(of: source)
    }

    mutating func template() throws(TrainerError) -> [Statement] {
        let statements = try statements(until: [])
        if let problem = unknown.first { throw problem }
        return statements
    }

    // MARK: - Tokens

    var current: TemplateToken { tokens[position] }
    var offset: Int { current.offset }

    /// The token after the current one.
    var following: TemplateToken.Kind { position + 1 < tokens.count ? tokens[position + 1].kind : .end }

    func error(_ problem: String, offset: Int? = nil) -> TrainerError { source.error(problem, at: offset ?? self.offset) }

    mutating func advance() { if position + 1 < tokens.count { position += 1 } }

    /// Reads past a token if it is the current one.
    mutating func skip(_ kind: TemplateToken.Kind) -> Bool {
        guard current.kind == kind else { return false }
        advance()
        return true
    }

    mutating func expect(_ kind: TemplateToken.Kind) throws(TrainerError) {
        guard skip(kind) else {
            throw error("\(current.description) stands where \(TemplateToken(kind: kind, offset: 0).description) is expected")
        }
    }

    mutating func expectName() throws(TrainerError) -> String {
        guard case .name(let name) = current.kind else { throw error("\(current.description) stands where a name is expected") }
        advance()
        return name
    }

    /// Runs `body` one level deeper.
    mutating func nested<Result>(_ body: (inout Self) throws(TrainerError) -> Result) throws(TrainerError) -> Result {
        guard depth < Self.depthLimit else { throw error("more than \(Self.depthLimit) levels of nesting") }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    // MARK: - Statements

    /// Statements up to a tag that opens with one of the names, whose `{%` is read; to the template's end if there are none.
    private mutating func statements(until ends: Set<String>) throws(TrainerError) -> [Statement] {
        var body: [Statement] = []
        while true {
            let offset = offset
            switch current.kind {
            case .text(let text):
                advance()
                body.append(Statement(kind: .text(text), offset: offset))
            case .outputBegin:
                advance()
                body.append(Statement(kind: .output(try tuple()), offset: offset))
                try expect(.outputEnd)
            case .blockBegin:
                advance()
                guard case .name(let tag) = current.kind else { throw error("\(current.description) stands where a tag's name is expected") }
                if ends.contains(tag) { return body }
                body += try nested { (parser) throws(TrainerError) in try parser.statement(tag) }
                try expect(.blockEnd)
            default:
                guard ends.isEmpty else { throw error("the template ends where \(ends.sorted().joined(separator: " or ")) is expected") }
                return body
            }
        }
    }

    /// The body of a block: from the end of its tag to a tag of one of the names; returns that name, read past.
    mutating func block(until ends: Set<String>) throws(TrainerError) -> (body: [Statement], end: String) {
        _ = skip(.sign(":"))
        try expect(.blockEnd)
        let body = try statements(until: ends)
        return (body, try expectName())
    }

    private mutating func statement(_ tag: String) throws(TrainerError) -> [Statement] {
        let offset = offset
        advance()
        let kind: Statement.Kind
        switch tag {
        case "if": kind = try branch()
        case "for": kind = try loop()
        case "set": kind = try set()
        case "macro": kind = try macro()
        case "call": kind = try call()
        case "filter":
            let filters = try filterChain(Expression(kind: .captured, offset: offset, depth: 1), startsWithName: true)
            kind = .filter(filters, try block(until: ["endfilter"]).body)
        case "with": kind = try with()
        case "generation":
            hasGenerationBlocks = true
            let (body, used) = try macroBody(until: "endgeneration")
            kind = .generation(TemplateSyntax.Macro(name: "", parameters: [], body: body, implicitNames: used))
        case "print": return try printed(offset)
        case "break", "continue":
            guard loopDepth > 0 else { throw error("\(tag) stands outside a loop", offset: offset) }
            kind = tag == "break" ? .breakLoop : .continueLoop
        case "block", "extends", "include", "import", "from", "autoescape": throw error("the tag \(tag) is not supported", offset: offset)
        default: throw error("unknown tag \(tag)", offset: offset)
        }
        return [Statement(kind: kind, offset: offset)]
    }

    private mutating func branch() throws(TrainerError) -> Statement.Kind {
        branchDepth += 1
        defer { branchDepth -= 1 }
        var branches: [(condition: Expression, body: [Statement])] = []
        while true {
            let condition = try tuple(canBeConditional: false)
            let (body, end) = try block(until: ["elif", "else", "endif"])
            branches.append((condition, body))
            switch end {
            case "elif": continue
            case "else": return .branch(branches, otherwise: try block(until: ["endif"]).body)
            default: return .branch(branches, otherwise: [])
            }
        }
    }

    private mutating func loop() throws(TrainerError) -> Statement.Kind {
        let target = try target(endsWith: "in")
        guard !target.names.contains(TemplateNames.loop) else { throw error("a loop can't assign to its variable loop") }
        try expect(.name("in"))
        let items = try tuple(canBeConditional: false, endsWith: "recursive")
        let condition = skip(.name("if")) ? try expression() : nil
        let isRecursive = skip(.name("recursive"))
        loopDepth += 1
        let (body, end) = try block(until: ["endfor", "else"])
        loopDepth -= 1
        let otherwise = end == "else" ? try block(until: ["endfor"]).body : []
        return .loop(
            TemplateSyntax.Loop(target: target, items: items, condition: condition, isRecursive: isRecursive, body: body, otherwise: otherwise))
    }

    private mutating func set() throws(TrainerError) -> Statement.Kind {
        let offset = offset
        let target = try target(canBeAttribute: true)
        if skip(.sign("=")) { return .set(target, try tuple()) }
        let filters = try filterChain(Expression(kind: .captured, offset: offset, depth: 1))
        return .capture(target, filters, try block(until: ["endset"]).body)
    }

    private mutating func with() throws(TrainerError) -> Statement.Kind {
        var values: [(TemplateSyntax.Target, Expression)] = []
        while current.kind != .blockEnd {
            if !values.isEmpty { try expect(.sign(",")) }
            let target = try target()
            try expect(.sign("="))
            values.append((target, try expression()))
        }
        return .with(values, try block(until: ["endwith"]).body)
    }

    private mutating func printed(_ offset: Int) throws(TrainerError) -> [Statement] {
        var outputs: [Statement] = []
        while current.kind != .blockEnd {
            if !outputs.isEmpty { try expect(.sign(",")) }
            outputs.append(Statement(kind: .output(try expression()), offset: offset))
        }
        return outputs
    }
}
