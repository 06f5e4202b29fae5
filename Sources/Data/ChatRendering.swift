public import Formats
public import Support
public import Templates
public import Tokenizers

/// How chats become text: a template, and the tokens at which a turn ends.
public struct ChatRendering: Sendable {
    public let template: ChatTemplate
    /// Spellings of the tokens at which the model stops.
    public let stopTokens: [String]
    /// Spellings that the tokenizer never cuts.
    public let addedTokens: [String]
    /// The template's text, of which a fingerprint is made.
    let source: String

    public init(template source: String, path: String, specialTokens: [String: String], stopTokens: [String], addedTokens: [String] = [])
        throws(TrainerError)
    {
        template = try ChatTemplate(source, path: path, specialTokens: specialTokens)
        self.source = source
        self.stopTokens = stopTokens
        self.addedTokens = addedTokens
    }

    /// That of a model, or of a file.
    ///
    /// - Parameter path: A file with a template; nil for the model's own.
    /// - Returns: nil if the model brings none and no file is named.
    /// - Throws: `file` if the file can't be read, `format` if the template is malformed.
    public static func load(_ files: ModelFiles, _ tokenizer: Tokenizer, path: String? = nil) throws(TrainerError) -> ChatRendering? {
        var source = tokenizer.chatTemplate
        if let path {
            let file = try MappedFile(path: path)
            source = withExtendedLifetime(file) { String(decoding: file.bytes, as: UTF8.self) }
        }
        guard let source else { return nil }
        var special: [String: String] = [:]
        special["bos_token"] = tokenizer.beginToken.flatMap(tokenizer.token)
        special["eos_token"] = tokenizer.endToken.flatMap(tokenizer.token)
        let ends = files.generation.endTokenIDs.map { Int32(clamping: $0) }
        let stops = Set(ends + [tokenizer.endToken].compactMap { $0 }).compactMap(tokenizer.token).sorted()
        let name = path ?? "\(files.path): chat_template"
        return try ChatRendering(template: source, path: name, specialTokens: special, stopTokens: stops, addedTokens: tokenizer.addedTokenSpellings)
    }

    /// A conversation's text, and the ranges of its UTF-8 bytes that are trained.
    struct Rendered: Equatable {
        var text: String
        var trained: [Range<Int>]
        /// Whether the last trained turn ends in a stop token.
        var endsTrained: Bool
    }

    func render(_ messages: [JSONObject], tools: JSONValue?, trainOn: DataOptions.TrainOn) throws(TrainerError) -> Rendered {
        let conversation = Conversation(messages: messages.map { TemplateValue(.object($0)) }, tools: tools.map { TemplateValue($0) } ?? .none)
        let rendered = try template.render(conversation)
        if trainOn == .all { return Rendered(text: rendered.text, trained: [0..<rendered.text.utf8.count], endsTrained: true) }
        let which: TrainedTurns = trainOn == .lastTurn ? .lastTurn : .completions
        let turns = try template.trainedTurns(which, of: conversation, in: rendered, stopTokens: stopTokens, addedTokens: addedTokens)
        return Rendered(text: rendered.text, trained: turns.map(\.bytes), endsTrained: turns.last?.endToken != nil)
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
