public import Support

/// A chat template as models publish it, in Jinja's language as transformers runs it.
///
/// The same text comes out as from Jinja 3.1.6 under transformers 5: an immutable sandbox with `trim_blocks` and `lstrip_blocks`, loop controls,
/// `generation` blocks, `raise_exception`, `strftime_now` and a `tojson` that leaves HTML alone. Templates are code from elsewhere: whatever one does
/// ends in text or in an error, within the limits.
public struct ChatTemplate: Sendable {
    /// What errors call the template: a file's name, as a rule.
    public let name: String
    private let names: TemplateNames
    private let statements: [TemplateSyntax.Statement]

    /// - Throws: `format` with the template's name and line if it is malformed, nested more than 100 levels deep, or uses what is not supported.
    public init(_ source: String, name: String) throws(TrainerError) {
        var parser = try TemplateParser(source, name: name)
        statements = try parser.template()
        names = parser.names
        self.name = name
    }

    /// Runs the template.
    ///
    /// - Parameters:
    ///   - context: The conversation and what else the template may read.
    ///   - time: What `strftime_now` tells.
    /// - Throws: `format` with the template's name and line: what the template raises (its message is the whole problem), what Python would raise,
    ///   and what exceeds a limit.
    public func render(
        _ context: TemplateContext, time: TemplateTime = .now, limits: TemplateLimits = TemplateLimits()
    ) throws(TrainerError) -> TemplateRendering {
        let interpreter = TemplateInterpreter(name: name, names: names, limits: limits, time: time)
        return TemplateRendering(try interpreter.run(statements, context.all))
    }
}

/// How much a template may do.
public struct TemplateLimits: Equatable, Sendable {
    /// Values visited, statements run, and texts made by 256 bytes.
    public var steps: Int
    /// Bytes of the output and of any text on the way.
    public var outputBytes: Int
    /// How deep blocks, expressions and macros may run in one another; more costs more of the thread's stack.
    public var depth: Int

    public init(steps: Int = 1_000_000, outputBytes: Int = 16 << 20, depth: Int = 400) {
        self.steps = steps
        self.outputBytes = outputBytes
        self.depth = depth
    }

    /// How deep lists and mappings may lie in one another: walks through them recurse.
    static let valueDepth = 200
}
