import Formats
public import Support
public import Templates

/// How chats become text: a template, and the tokens at which a turn ends.
public struct ChatRendering: Sendable {
    public let template: ChatTemplate
    private let source: ChatSource

    /// - Throws: `format` if the template is malformed.
    public init(_ source: ChatSource) throws(TrainerError) {
        template = try ChatTemplate(source.template, path: source.path, specialTokens: source.specialTokens)
        self.source = source
    }

    /// A conversation's text, and the ranges of its UTF-8 bytes that are trained.
    struct Rendered: Equatable {
        var text: String
        var trained: [Range<Int>]
        /// Of each trained turn whether a stop token ends it; empty where turns are not told apart.
        var ends: [Bool]
    }

    func render(_ messages: [JSONObject], tools: JSONValue?, trainOn: DataOptions.TrainOn) throws(TrainerError) -> Rendered {
        let conversation = Conversation(messages: messages.map { TemplateValue(.object($0)) }, tools: tools.map { TemplateValue($0) } ?? .none)
        let rendered = try template.render(conversation)
        if trainOn == .all { return Rendered(text: rendered.text, trained: [0..<rendered.text.utf8.count], ends: []) }
        let which: TrainedTurns = trainOn == .lastTurn ? .lastTurn : .completions
        let turns = try template.trainedTurns(which, of: conversation, in: rendered, stopTokens: source.stopTokens, addedTokens: source.addedTokens)
        return Rendered(text: rendered.text, trained: turns.map(\.bytes), ends: turns.map { $0.endToken != nil })
    }

    /// The text that asks the model to answer one message.
    public func prompt(_ text: String, system: String? = nil) throws(TrainerError) -> String {
        let messages = (system.map { [ChatRoles.message("system", $0)] } ?? []) + [ChatRoles.message("user", text)]
        return try template.render(Conversation(messages: messages.map { TemplateValue(.object($0)) }), addsGenerationPrompt: true).text
    }
}

extension TemplateValue {
    /// A value of JSON as Python's reader gives it to a template.
    init(_ value: JSONValue) {
        switch value {
        case .null: self = .none
        case .bool(let value): self = .boolean(value)
        case .number(let text): self = Int(text).map { .integer($0) } ?? .double(Double(text) ?? .nan)
        case .string(let text): self = .string(text)
        case .array(let items): self = .list(items.map { TemplateValue($0) })
        case .object(let object): self = .mapping(object.keys.map { ($0, TemplateValue(object[$0] ?? .null)) })
        }
    }
}
