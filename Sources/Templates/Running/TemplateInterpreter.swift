import Support

/// Runs a parsed template once: its state, its limits, and what it prints.
///
/// Used by one thread. What a template can build is bounded by steps, by text size and by depth, so that no template traps or hangs.
final class TemplateInterpreter {
    let source: TemplateSource
    let names: TemplateNames
    let limits: TemplateLimits
    let time: TemplateTime
    /// The place in the source that runs, for errors.
    var offset = 0
    private var steps = 0
    private var depth = 0
    /// What is printed now; blocks and macros that capture put their own in its place.
    var sink = TracedString()
    /// The message of the outermost iteration over messages that runs.
    var turn: Int?
    /// The item of the innermost loop that runs, if it is an integer.
    var counter: Int?
    var generation: Int?
    var generationCount = 0
    /// Whether what is printed now is printed because a generation prompt is asked for.
    var isPrompting = false
    /// How often the variable `add_generation_prompt` was read as true.
    var promptReads = 0
    /// What the innermost block that filters its text has captured.
    var captured = TemplateValue.emptyString
    /// Scopes and namespaces that values may refer to. They are emptied one by one at the end, which ends cycles and long chains without recursion.
    private var kept: [TemplateScope] = []
    private var keptNamespaces: [TemplateNamespace] = []

    init(_ source: TemplateSource, names: TemplateNames, limits: TemplateLimits, time: TemplateTime) {
        self.source = source
        self.names = names
        self.limits = limits
        self.time = time
    }

    func run(_ statements: [TemplateSyntax.Statement], _ variables: [(name: String, value: TemplateValue)]) throws(TrainerError) -> TracedString {
        defer { release() }
        let context = TemplateScope(parent: nil)
        for (index, name) in names.spellings.enumerated() {
            if let value = variables.last(where: { $0.name == name })?.value { context.set(index, to: value) }
        }
        _ = try execute(statements, TemplateScope(parent: context))
        return sink
    }

    private func release() {
        for scope in kept { scope.removeAll() }
        for namespace in keptNamespaces { namespace.attributes = [] }
    }

    func keep(_ scope: TemplateScope) {
        guard !scope.isKept else { return }
        scope.isKept = true
        kept.append(scope)
    }

    func keep(_ namespace: TemplateNamespace) { keptNamespaces.append(namespace) }

    // MARK: - Errors and limits

    func error(_ problem: String) -> TrainerError { source.error(problem, at: offset) }

    /// Counts work: about a step for each value visited and for each 256 bytes.
    func charge(_ count: Int = 1) throws(TrainerError) {
        guard count <= limits.steps - steps else {
            throw error("the template takes more than \(limits.steps) steps")
        }
        steps += count
    }

    func charge(bytes: Int) throws(TrainerError) { try charge(1 + bytes >> TemplateExtent.bytesPerStepShift) }

    /// Charges the cutting of a text, before the pieces take their memory: a step for 16 bytes.
    func chargePieces(of text: TracedString) throws(TrainerError) { try charge(1 + text.bytes.count >> 4) }

    /// Charges a walk through values.
    func charge(_ values: TemplateValue...) throws(TrainerError) {
        for value in values { try charge(value.extent.weight) }
    }

    /// Runs `body` one level deeper: expressions, blocks and macros in one another share one limit.
    func nested<Result>(_ body: () throws(TrainerError) -> Result) throws(TrainerError) -> Result {
        guard depth < limits.depth else { throw error("the template runs more than \(limits.depth) levels deep") }
        depth += 1
        defer { depth -= 1 }
        return try body()
    }

    func checkSize(_ bytes: Int) throws(TrainerError) {
        guard bytes <= limits.outputBytes else { throw error("a text grows beyond \(limits.outputBytes) bytes") }
    }

    /// A text as a value, with its size checked and its making charged.
    func made(_ text: TracedString) throws(TrainerError) -> TemplateValue {
        try checkSize(text.bytes.count)
        try charge(bytes: text.bytes.count)
        return .string(text)
    }

    /// A list as a value, with its depth checked and its making charged.
    func made(_ items: [TemplateValue], isTuple: Bool = false) throws(TrainerError) -> TemplateValue {
        try charge(items.count)
        let list = TemplateList(items, isTuple: isTuple)
        try checkDepth(list.extent)
        return .list(list)
    }

    func made(_ pairs: [(TemplateValue, TemplateValue)], like model: TemplateMapping? = nil) throws(TrainerError) -> TemplateValue {
        try charge(pairs.count)
        for (key, _) in pairs {
            try charge(key)
            guard TemplateKey(key) != nil else { throw error("a \(key.typeName) can't be a key of a mapping") }
        }
        let mapping = TemplateMapping(pairs, messageIndex: model?.messageIndex)
        try checkDepth(mapping.extent)
        return .mapping(mapping)
    }

    func made(_ kind: TemplateObject.Kind) throws(TrainerError) -> TemplateValue {
        let object = TemplateObject(kind)
        try checkDepth(object.extent)
        return .object(object)
    }

    /// What a lazy filter of Jinja returns.
    func madeIterator(_ items: [TemplateValue]) throws(TrainerError) -> TemplateValue {
        try charge(items.count)
        return try made(.iterator(TemplateIterator(items)))
    }

    private func checkDepth(_ extent: TemplateExtent) throws(TrainerError) {
        guard extent.depth <= TemplateLimits.valueDepth else {
            throw error("a value lies more than \(TemplateLimits.valueDepth) levels deep in others")
        }
    }

    // MARK: - Printing

    func emit(_ text: TracedString) throws(TrainerError) {
        try charge(bytes: text.bytes.count)
        try checkSize(sink.bytes.count + text.bytes.count)
        guard turn != nil || generation != nil || isPrompting else { return sink.append(text) }
        sink.append(
            text.marked { mark in
                var mark = mark
                mark.turn = mark.turn ?? turn
                mark.generation = mark.generation ?? generation
                mark.isPrompt = mark.isPrompt || isPrompting
                return mark
            })
    }

    /// What `body` prints, kept from the output.
    func capture(_ body: () throws(TrainerError) -> Void) throws(TrainerError) -> TracedString {
        let outer = sink
        sink = TracedString()
        defer { sink = outer }
        try body()
        return sink
    }
}

/// The variables of a block, and those around it.
final class TemplateScope {
    let parent: TemplateScope?
    private var values: [(name: Int, value: TemplateValue)] = []
    /// Whether the interpreter holds it to the end.
    var isKept = false

    init(parent: TemplateScope?) { self.parent = parent }

    func set(_ name: Int, to value: TemplateValue) {
        if let index = values.firstIndex(where: { $0.name == name }) {
            values[index].value = value
        } else {
            values.append((name, value))
        }
    }

    func removeAll() { values = [] }

    /// The value in this scope or the nearest around it that has one.
    subscript(name: Int) -> TemplateValue? {
        var scope: TemplateScope? = self
        while let here = scope {
            if let value = here.values.first(where: { $0.name == name })?.value { return value }
            scope = here.parent
        }
        return nil
    }
}
