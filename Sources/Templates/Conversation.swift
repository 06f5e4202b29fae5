/// What a template is given: messages and variables.
///
/// Texts of messages are marked with their message, so that a rendering tells where each stretch came from.
public struct Conversation: Sendable {
    /// Marked with their positions.
    private let messages: [TemplateValue]
    private let tools: TemplateValue
    private let documents: TemplateValue
    private let others: [(name: String, value: TemplateValue)]

    /// - Parameters:
    ///   - messages: Mappings, in order, with `role`, `content` and what else the template reads. As in transformers, a message's reasoning is
    ///     available as `reasoning_content` and `thinking`, whichever of these and `reasoning` holds it.
    ///   - tools: A list of JSON schemas, or none.
    ///   - documents: A list of mappings, or none.
    ///   - variables: What else the template reads (`enable_thinking`); of two of a name the later one counts, and any over a special token.
    public init(
        messages: [TemplateValue], tools: TemplateValue = .none, documents: TemplateValue = .none,
        variables: [(name: String, value: TemplateValue)] = []
    ) {
        self.messages = messages.enumerated().map { index, message in Self.marked(Self.withReasoning(message), index) }
        self.tools = tools
        self.documents = documents
        others = variables
    }

    private init(_ whole: Conversation, count: Int) {
        messages = Array(whole.messages.prefix(count))
        (tools, documents, others) = (whole.tools, whole.documents, whole.others)
    }

    public var messageCount: Int { messages.count }

    /// The message's `role`; nil if it has none that is a text.
    public func role(of message: Int) -> String? {
        guard case .mapping(let mapping) = messages[message], case .string(let role)? = mapping["role"] else { return nil }
        return role.text
    }

    /// The first messages with the same variables.
    func prefix(_ count: Int) -> Conversation { Conversation(self, count: count) }

    /// In the order in which they are set; a later one of a name counts.
    func variables(addsGenerationPrompt: Bool) -> [(name: String, value: TemplateValue)] {
        others + [
            ("messages", .list(messages)), ("tools", tools), ("documents", documents), ("add_generation_prompt", .boolean(addsGenerationPrompt)),
        ]
    }

    // MARK: - Marks

    /// A message as the one of that position: itself, its texts and what they lie in.
    private static func marked(_ message: TemplateValue, _ index: Int) -> TemplateValue {
        guard case .mapping(let mapping) = message else { return message }
        let pairs = mapping.entries.map { key, value -> (TemplateValue, TemplateValue) in
            guard case .string(let name) = key else { return (key, value) }
            return (key, marked(value, .message(index: index, field: name.text)))
        }
        return .mapping(TemplateMapping(pairs, origin: .message(index: index, field: ""), messageIndex: index))
    }

    private static func marked(_ value: TemplateValue, _ origin: TemplateOrigin) -> TemplateValue {
        switch value {
        case .string(let text): return .string(TracedString(text.bytes, TracedString.Mark(origin: origin)))
        case .list(let list) where list.extent.depth <= TemplateLimits.valueDepth:
            return .list(TemplateList(list.items.map { marked($0, origin) }, isTuple: list.isTuple, origin: origin))
        case .mapping(let mapping) where mapping.extent.depth <= TemplateLimits.valueDepth:
            let pairs = mapping.entries.map { (marked($0.key, origin), marked($0.value, origin)) }
            return .mapping(TemplateMapping(pairs, origin: origin))
        default: return value
        }
    }

    /// The names under which reasoning is passed, the one that templates read first.
    private static let reasoningFields = ["reasoning_content", "thinking", "reasoning"]

    private static func withReasoning(_ message: TemplateValue) -> TemplateValue {
        guard case .mapping(let mapping) = message else { return message }
        let found = reasoningFields.compactMap { mapping[$0] }.first { if case .none = $0 { false } else { true } }
        guard let found else { return message }
        let pairs = mapping.entries.map { ($0.key, $0.value) }
        return .mapping(TemplateMapping([(.string("thinking"), found)] + pairs + [(.string("reasoning_content"), found)]))
    }
}
