import Support

extension TemplateInterpreter {
    typealias Statement = TemplateSyntax.Statement

    /// How a list of statements ended.
    enum Flow { case finished, broken, continued }

    func execute(_ statements: [Statement], _ scope: TemplateScope) throws(TrainerError) -> Flow {
        for statement in statements {
            offset = statement.offset
            try charge()
            let flow = try nested { () throws(TrainerError) in try execute(statement, scope) }
            guard flow == .finished else { return flow }
        }
        return .finished
    }

    private func execute(_ statement: Statement, _ scope: TemplateScope) throws(TrainerError) -> Flow {
        switch statement.kind {
        case .text(let bytes): try emit(TracedString(bytes, TracedString.Mark(origin: .literal(offset: statement.offset))))
        case .output(let expression):
            let value = try evaluate(expression, scope)
            offset = statement.offset
            try emit(try text(of: value))
        case .branch(let branches, let otherwise): return try branch(branches, otherwise, scope)
        case .loop(let loop): try run(loop, try evaluate(loop.items, scope), scope)
        case .set(let target, let expression):
            try assign(try evaluate(expression, scope), to: target, scope)
        case .capture(let target, let filters, let body):
            let value = try filtered(filters, scope) { () throws(TrainerError) in try execute(body, TemplateScope(parent: scope)) }
            if let value { try assign(value, to: target, scope) }
        case .macro(let definition): try define(definition, scope)
        case .call(let call, let body): try emit(try text(of: try callBlock(call, body, scope)))
        case .filter(let filters, let body):
            let inner = TemplateScope(parent: scope)
            if let value = try filtered(filters, inner, { () throws(TrainerError) in try execute(body, inner) }) { try emit(try text(of: value)) }
        case .with(let values, let body): return try with(values, body, scope)
        case .generation(let body): try generate(body, scope)
        case .breakLoop: return .broken
        case .continueLoop: return .continued
        }
        return .finished
    }

    private func branch(
        _ branches: [(condition: TemplateSyntax.Expression, body: [Statement])], _ otherwise: [Statement], _ scope: TemplateScope
    ) throws(TrainerError) -> Flow {
        // A branch that is chosen because a generation prompt is asked for prints that prompt.
        let (reads, outer) = (promptReads, isPrompting)
        defer { isPrompting = outer }
        for (condition, body) in branches {
            let isChosen = try evaluate(condition, scope).isTrue
            isPrompting = outer || promptReads > reads
            if isChosen { return try execute(body, scope) }
        }
        return try execute(otherwise, scope)
    }

    private func with(
        _ values: [(TemplateSyntax.Target, TemplateSyntax.Expression)], _ body: [Statement], _ scope: TemplateScope
    ) throws(TrainerError) -> Flow {
        let inner = TemplateScope(parent: scope)
        for (target, expression) in values { try assign(try evaluate(expression, scope), to: target, inner) }
        return try execute(body, inner)
    }

    /// What filters make of a captured text; nil if the block was left by `break` or `continue`, which drops it.
    private func filtered(
        _ filters: TemplateSyntax.Expression, _ scope: TemplateScope, _ body: () throws(TrainerError) -> Flow
    ) throws(TrainerError) -> TemplateValue? {
        var flow = Flow.finished
        let text = try capture { () throws(TrainerError) in flow = try body() }
        guard flow == .finished else { return nil }
        let outer = captured
        captured = .string(text)
        defer { captured = outer }
        return try evaluate(filters, scope)
    }

    private func generate(_ body: TemplateSyntax.Macro, _ scope: TemplateScope) throws(TrainerError) {
        let outer = generation
        generationCount += 1
        generation = generationCount
        defer { generation = outer }
        _ = try execute(body.body, try bind(body, TemplateArguments(), scope))
    }

    private func define(_ definition: TemplateSyntax.Macro, _ scope: TemplateScope) throws(TrainerError) {
        keep(scope)
        let macro = try made(.macro(TemplateMacro(definition, scope: scope)))
        if let number = names.spellings.firstIndex(of: definition.name) { scope.set(number, to: macro) }
    }

    // MARK: - Assignment

    func assign(_ value: TemplateValue, to target: TemplateSyntax.Target, _ scope: TemplateScope) throws(TrainerError) {
        switch target {
        case .name(let name): scope.set(name, to: value)
        case .attribute(let owner, let attribute):
            guard case .object(let object) = scope[owner], case .namespace(let namespace) = object.kind else {
                throw error("an attribute of \(names.spellings[owner]) is set, which is no namespace")
            }
            try checkAttribute(attribute)
            namespace[attribute] = value
        case .tuple(let targets):
            let items = try items(of: value)
            guard items.count == targets.count else { throw error("\(items.count) values are assigned to \(targets.count) names") }
            for (target, item) in zip(targets, items) { try assign(item, to: target, scope) }
        }
    }

    /// As transformers does, so that templates don't reach what Python keeps to itself.
    func checkAttribute(_ name: String) throws(TrainerError) {
        if name.hasPrefix("_") { throw error("a namespace can't have the attribute \(name), which begins with an underscore") }
    }

    // MARK: - Loops

    private func run(_ syntax: TemplateSyntax.Loop, _ items: TemplateValue, _ scope: TemplateScope) throws(TrainerError) {
        try run(TemplateLoop(syntax, try self.items(of: items), scope: scope, depth: 0))
    }

    func run(_ loop: TemplateLoop) throws(TrainerError) {
        keep(loop.scope)
        let value = try made(.loop(loop))
        let (outerTurn, outerCounter) = (turn, counter)
        defer { (turn, counter) = (outerTurn, outerCounter) }
        // As in Jinja, an iteration that is left early does not count for `else`.
        var hasFinishedOne = false
        while let item = try advance(loop) {
            let scope = TemplateScope(parent: loop.scope)
            scope.set(TemplateNames.loop, to: value)
            try assign(item, to: loop.syntax.target, scope)
            // A loop over messages within the iteration of one prints text of that one.
            if turn == nil, case .mapping(let mapping) = item { turn = mapping.messageIndex }
            if case .integer(let number) = item { counter = number } else { counter = nil }
            let flow = try execute(loop.syntax.body, scope)
            turn = outerTurn
            if flow == .broken { break }
            if flow == .finished { hasFinishedOne = true }
        }
        if !hasFinishedOne, !loop.syntax.otherwise.isEmpty { _ = try execute(loop.syntax.otherwise, TemplateScope(parent: loop.scope)) }
    }

    /// The next item, which becomes the current one.
    private func advance(_ loop: TemplateLoop) throws(TrainerError) -> TemplateValue? {
        guard let item = try peek(loop) else { return nil }
        try charge()
        loop.ahead = []
        loop.index += 1
        loop.previous = loop.current
        loop.current = item
        return item
    }

    /// The item after the current one, once the loop's condition has been asked.
    func peek(_ loop: TemplateLoop) throws(TrainerError) -> TemplateValue? {
        if let item = loop.ahead.first { return item }
        while loop.position < loop.items.count {
            let item = loop.items[loop.position]
            loop.position += 1
            guard try isWanted(item, in: loop) else { continue }
            loop.ahead = [item]
            return item
        }
        return nil
    }

    private func isWanted(_ item: TemplateValue, in loop: TemplateLoop) throws(TrainerError) -> Bool {
        guard let condition = loop.syntax.condition, loop.isFiltering else { return true }
        try charge()
        let scope = TemplateScope(parent: loop.scope)
        try assign(item, to: loop.syntax.target, scope)
        return try evaluate(condition, scope).isTrue
    }

    /// The number of items; asks the condition for all that are left.
    func count(_ loop: TemplateLoop) throws(TrainerError) -> Int {
        if loop.syntax.condition != nil, loop.isFiltering {
            var rest: [TemplateValue] = []
            for item in loop.items[loop.position...] where try isWanted(item, in: loop) { rest.append(item) }
            loop.passed = loop.index + 1 + loop.ahead.count
            loop.items = rest
            loop.position = 0
            loop.isFiltering = false
        }
        return loop.passed + loop.items.count
    }
}

/// A loop that runs: what a template sees as `loop`.
final class TemplateLoop {
    let syntax: TemplateSyntax.Loop
    /// Where the loop stands.
    let scope: TemplateScope
    /// Recursive calls around this one.
    let depth: Int
    let extent: TemplateExtent
    /// What is looped over, and where to read on.
    var items: [TemplateValue]
    var position = 0
    /// Whether the condition must still be asked, and how many items had passed it before all were asked at once.
    var isFiltering = true
    var passed = 0
    /// The next item, if it was looked at.
    var ahead: [TemplateValue] = []
    var index = -1
    var previous: TemplateValue?
    var current: TemplateValue?
    /// What `changed` was called with last.
    var lastChanged: [TemplateValue]?

    init(_ syntax: TemplateSyntax.Loop, _ items: [TemplateValue], scope: TemplateScope, depth: Int) {
        self.syntax = syntax
        self.items = items
        self.scope = scope
        self.depth = depth
        extent = TemplateExtent(of: items)
    }
}
