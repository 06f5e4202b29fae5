public import Support

/// A chat template as models publish it, in Jinja's language as transformers runs it.
///
/// The same text comes out as from Jinja 3.1.6 under transformers 5: an immutable sandbox with `trim_blocks` and `lstrip_blocks`, loop controls,
/// `generation` blocks, `raise_exception`, `strftime_now` and a `tojson` that leaves HTML alone. Templates are code from elsewhere: whatever one does
/// ends in text or in an error, within the limits.
public struct ChatTemplate: Sendable {
    /// What errors call the template: its file, as a rule.
    public let path: String
    /// Whether the template marks what the assistant generates with `generation` blocks.
    public let hasGenerationBlocks: Bool
    /// What `strftime_now` tells; nil for the time of each rendering.
    public var time: TemplateTime?
    public var limits = TemplateLimits()
    private let source: TemplateSource
    private let names: TemplateNames
    private let statements: [TemplateSyntax.Statement]
    private let specialTokens: [(name: String, value: TemplateValue)]

    /// - Parameters:
    ///   - specialTokens: The spellings of tokens by the names that templates use: `bos_token`, `eos_token` and so on. One that is missing prints
    ///     nothing.
    /// - Throws: `format` with the template's path, line and column if it is malformed, nested more than 100 levels deep, or uses what is not
    ///   supported.
    public init(_ source: String, path: String, specialTokens: [String: String] = [:]) throws(TrainerError) {
        self.source = TemplateSource(source, name: path)
        var parser = try TemplateParser(self.source)
        statements = try parser.template()
        names = parser.names
        hasGenerationBlocks = parser.hasGenerationBlocks
        self.path = path
        self.specialTokens = specialTokens.map { ($0, .string($1)) }
    }

    /// Runs the template.
    ///
    /// - Parameters:
    ///   - addsGenerationPrompt: Whether the text ends where the assistant's next turn begins.
    /// - Throws: `format` with the template's path, line and column: what the template raises (its message is the whole problem), what Python would
    ///   raise, and what exceeds a limit.
    public func render(_ conversation: Conversation, addsGenerationPrompt: Bool = false) throws(TrainerError) -> RenderedChat {
        let interpreter = TemplateInterpreter(source, names: names, limits: limits, time: time ?? .now)
        return RenderedChat(try interpreter.run(statements, specialTokens + conversation.variables(addsGenerationPrompt: addsGenerationPrompt)))
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
