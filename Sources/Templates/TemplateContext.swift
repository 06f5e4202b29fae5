/// What a template is given: a conversation and variables.
///
/// Texts of messages are marked with their message, so that a rendering tells where each stretch came from.
public struct TemplateContext: Sendable {
    /// In the order in which they are set; a later one of a name counts.
    let all: [(name: String, value: TemplateValue)]

    /// - Parameters:
    ///   - messages: Mappings, in order, with `role`, `content` and what else the template reads. As in transformers, a message's reasoning is
    ///     available as `reasoning_content` and `thinking`, whichever of these and `reasoning` holds it.
    ///   - tools: A list of JSON schemas, or none.
    ///   - documents: A list of mappings, or none.
    ///   - addsGenerationPrompt: Whether the text ends where the assistant's next turn begins.
    ///   - variables: The special tokens by their names (`bos_token`), and what else a template reads (`enable_thinking`).
    public init(
        messages: [TemplateValue], tools: TemplateValue = .none, documents: TemplateValue = .none, addsGenerationPrompt: Bool = false,
        variables: [(name: String, value: TemplateValue)] = []
    ) {
        let marked = messages.enumerated().map { index, message in Self.marked(Self.withReasoning(message), index) }
        all =
            variables + [
                ("messages", .list(marked)), ("tools", tools), ("documents", documents),
                ("add_generation_prompt", .boolean(addsGenerationPrompt)),
            ]
    }

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
            return .mapping(TemplateMapping(mapping.entries.map { ($0.key, marked($0.value, origin)) }, origin: origin))
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
