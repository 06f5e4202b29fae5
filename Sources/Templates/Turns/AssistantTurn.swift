public import Support

/// What the model writes in one turn of a rendered chat: from where a generation prompt would end to the token that ends the turn.
public struct AssistantTurn: Equatable, Sendable {
    /// The position in the conversation's messages; nil for a `generation` block that belongs to no message.
    public var message: Int?
    /// In UTF-8 bytes of the rendered text.
    public var bytes: Range<Int>
    /// The token that ends the turn, if one of the stop tokens does: the range's last bytes, blocks that print more after it apart.
    public var endToken: String?
}

/// Which assistant turns are trained.
public enum TrainedTurns: String, CaseIterable, Sendable {
    /// All of them.
    case completions
    /// That of the last message whose role is `assistant`.
    case lastTurn = "last_turn"
}

extension ChatTemplate {
    /// The turns of a conversation that are trained, in order and apart from one another.
    ///
    /// A template's `generation` blocks decide, if it has any. Else a turn is what its message's iteration printed, without the header that
    /// `GenerationPrompt` knows, up to the first stop token that the template itself prints; one that follows at once in the next turn's header
    /// (`<|user|>` of GLM) counts too. Without one the turn ends where its iteration's text does.
    ///
    /// - Parameters:
    ///   - rendered: The conversation as `render` gave it, without a generation prompt.
    ///   - stopTokens: Spellings of the tokens at which the model stops: `eos_token` and those of `generation_config.json`.
    ///   - addedTokens: Spellings that the tokenizer never cuts; they help where a header and the prompt part within a literal.
    /// - Throws: `format` if it can't be known which bytes a turn's are, and what rendering throws.
    public func trainedTurns(
        _ which: TrainedTurns, of conversation: Conversation, in rendered: RenderedChat, stopTokens: [String], addedTokens: [String] = []
    ) throws(TrainerError) -> [AssistantTurn] {
        var messages = (0..<conversation.messageCount).filter { conversation.role(of: $0) == "assistant" }
        if which == .lastTurn { messages = messages.suffix(1) }
        let layout = TurnLayout(rendered, stopTokens: stopTokens)
        if hasGenerationBlocks {
            let turns = rendered.generated.map { layout.generatedTurn($0) }
            return which == .completions ? turns : turns.filter { $0.message == messages.last }
        }
        var turns: [AssistantTurn] = []
        for message in messages {
            do {
                guard let stretch = try layout.stretch(of: message) else { continue }
                let start = try headerEnd(of: stretch, conversation, layout, addedTokens)
                turns.append(try layout.turn(stretch, from: start))
            } catch {
                throw error.remedy == nil ? TrainerError(error.code, path, error.problem, remedy: Self.remedy) : error
            }
        }
        return turns
    }

    private static let remedy = "Put generation blocks around what the assistant writes in the template, or train on everything (train_on: all)"

    /// Where the header of a turn ends: its text from there on is what the model writes.
    private func headerEnd(
        of stretch: TurnStretch, _ conversation: Conversation, _ layout: TurnLayout, _ addedTokens: [String]
    ) throws(TrainerError) -> Int {
        // Asked as a chat would ask it, with the messages before the turn; and where that fails or gives another prompt, with all of them.
        var hasPrompt = false
        for count in [stretch.message, conversation.messageCount] where count > 0 {
            guard let prompted = try? render(conversation.prefix(count), addsGenerationPrompt: true) else { continue }
            hasPrompt = true
            let prompts = GenerationPrompt.candidates(prompted, addedTokens)
            if let start = GenerationPrompt.headerEnd(of: stretch, in: layout, prompts) { return start }
        }
        let turn = "the assistant's turn of message \(stretch.message)"
        throw TrainerError(
            .format, path,
            hasPrompt
                ? "where \(turn) begins is not known: it opens unlike the generation prompt" : "the template gives no generation prompt for \(turn)")
    }
}
