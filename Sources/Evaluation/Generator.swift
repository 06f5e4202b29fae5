public import Models
public import Support
public import Tensors
public import Tokenizers

/// Continues token sequences with a model, several at once, by a cache of keys and values.
///
/// The prompts of a batch run through the model in one packed pass; from then on each pass holds one token of each sequence that is not
/// finished. Rows are independent: what a row becomes does not depend on the others, but for rounding.
public struct Generator {
    public let model: LanguageModel
    public let tokenizer: Tokenizer
    /// The tokens that end a text: the model's own and the tokenizer's.
    public let endTokens: Set<Int32>
    private let device: any Device

    /// - Parameter endTokens: Further ones, such as those of `generation_config.json`.
    public init(_ model: LanguageModel, _ tokenizer: Tokenizer, endTokens: [Int] = [], on device: any Device) {
        self.model = model
        self.tokenizer = tokenizer
        self.endTokens = Set(model.options.endTokens + endTokens.map(Int32.init) + [tokenizer.endToken].compactMap { $0 })
        self.device = device
    }

    /// A sequence to continue.
    public struct Prompt: Equatable, Sendable {
        /// Its number among all that are generated, on any rank; draws depend on it.
        public var row: Int
        public var tokens: [Int32]

        public init(row: Int = 0, tokens: [Int32]) {
            self.row = row
            self.tokens = tokens
        }
    }

    /// Tokenises a text to continue it, with the begin token where the tokenizer's own rules put one.
    ///
    /// - Parameter isRendered: Whether a chat template made the text, begin token included.
    /// - Throws: `configuration` if the text gives no token.
    public func prompt(_ text: String, row: Int = 0, isRendered: Bool = false) throws(TrainerError) -> Prompt {
        let encoded = try tokenizer.encode(text, addingSpecialTokens: !isRendered)
        var tokens = encoded.ids
        // Rules that close a text with its end token are for rows, not for what goes on.
        if let end = tokenizer.endToken, tokens.last == end, encoded.offsets.last?.isEmpty == true { tokens.removeLast() }
        guard !text.isEmpty, !tokens.isEmpty else {
            throw TrainerError(.configuration, "prompt", "is empty", remedy: "Give a text to continue, by --prompt or on standard input")
        }
        return Prompt(row: row, tokens: tokens)
    }

    /// Continues sequences.
    ///
    /// - Parameters:
    ///   - onText: Called with each piece of a row's text as soon as it is certain: whole characters, and no part of a stop string.
    ///   - isWanted: Asked before each token; once it says no, what is not finished is cut off where it is.
    /// - Returns: A generation for each prompt, in their order.
    /// - Throws: `configuration` for options out of range and for a prompt that is empty, longer than the model takes, or has tokens that it
    ///   lacks; `numerics` if logits are not finite; `memory`.
    public func generate(
        _ prompts: [Prompt], _ options: GenerationOptions = GenerationOptions(), onText: (_ row: Int, _ piece: String) -> Void = { _, _ in },
        while isWanted: () -> Bool = { true }
    ) throws(TrainerError) -> [Generation] {
        try options.check()
        for prompt in prompts { try check(prompt) }
        // The longest first, so that those of a batch are alike.
        let order = prompts.indices.sorted { (prompts[$1].tokens.count, $0) < (prompts[$0].tokens.count, $1) }
        var generations = [Generation?](repeating: nil, count: prompts.count)
        var rest = order[...]
        while let first = rest.first {
            let longest = model.options.maximumPositions
            let capacity = min(prompts[first].tokens.count + min(options.maxNewTokens, longest), longest)
            let places = rest.prefix(max(1, options.batchTokens / capacity))
            rest = rest.dropFirst(places.count)
            let batch = try GenerationBatch(places.map { prompts[$0] }, options, self, capacity: capacity, on: device)
            for (place, generation) in zip(places, try batch.run(while: isWanted, onText)) { generations[place] = generation }
        }
        return generations.compactMap { $0 }
    }

    /// Every rank of a group that generates together calls this once it has generated its last; see `LanguageModel.finishGenerating`.
    public func finish() throws(TrainerError) { try model.finishGenerating(on: device) }

    private func check(_ prompt: Prompt) throws(TrainerError) {
        let name = prompt.row == 0 ? "prompt" : "prompt \(prompt.row)"
        guard !prompt.tokens.isEmpty else { throw TrainerError(.configuration, name, "is empty", remedy: "Give at least one token to continue") }
        let limit = model.options.maximumPositions
        guard prompt.tokens.count < limit else {
            throw TrainerError(
                .configuration, name, "has \(prompt.tokens.count) tokens, and the model takes \(limit) with what it adds", remedy: "Shorten it")
        }
        if let foreign = prompt.tokens.first(where: { $0 < 0 || $0 >= model.options.vocabulary }) {
            throw TrainerError(
                .configuration, name, "has the token id \(foreign), and the model knows \(model.options.vocabulary) tokens",
                remedy: "The tokenizer belongs to another model")
        }
    }
}

/// What a model wrote after a prompt.
public struct Generation: Equatable, Sendable {
    /// Why it ended.
    public enum Stop: String, Sendable {
        case endToken = "end token"
        case stopString = "stop string"
        /// The most new tokens were written, or as many as the model has positions for.
        case length
    }

    /// What was generated, without the end token; with all tokens of a stop string.
    public var tokens: [Int32]
    /// Without special tokens and the stop string.
    public var text: String
    public var stop: Stop
}
