public import Support

extension GGUFVocabulary {
    /// What a GGUF file says of a tokenizer, so that llama.cpp and `Tokenizer.load` make the same one of it.
    ///
    /// Each kind of tokenizer that GGUF knows has its case here. Ids without a token, which a padded embedding has, become unused tokens
    /// `[PAD7]`, as llama.cpp's `convert_hf_to_gguf.py` names them.
    ///
    /// - Parameter size: The rows of the model's embedding.
    /// - Throws: `configuration` for a tokenizer that no metadata of GGUF describe; `format` for more tokens than rows.
    public init(_ tokenizer: Tokenizer, size: Int) throws(TrainerError) {
        let definition = tokenizer.definition
        guard tokenizer.vocabularySize <= size else {
            throw TrainerError(
                .format, definition.subject, "has \(tokenizer.vocabularySize) tokens, but the model's embedding has \(size) rows",
                remedy: "Use the tokenizer that belongs to the model")
        }
        for token in definition.addedTokens { try Self.check(token, definition) }
        let processing = definition.postProcessing
        let begin = try Self.surrounding(processing.before, tokenizer.beginToken, definition)
        let end = try Self.surrounding(processing.after, tokenizer.endToken, definition)
        let (tokens, types) = Self.spelledTokens(definition, size: size)
        self.init(
            model: "gpt2", tokens: tokens, tokenTypes: types, beginToken: begin, endToken: end, unknownToken: tokenizer.unknownToken,
            paddingToken: tokenizer.paddingToken, addsBeginToken: !processing.before.isEmpty, addsEndToken: !processing.after.isEmpty,
            chatTemplate: tokenizer.chatTemplate)
        switch definition.model {
        case .pairs where definition.spellsBytes:
            pre = try Self.preTokenizerName(definition)
            merges = try definition.spelledMerges()
        case .pairs(let pairs): try describe(pairs, definition)
        case .unigram(let unigram): try describe(unigram, definition)
        }
    }

    /// Each id's spelling and type.
    private static func spelledTokens(_ definition: TokenizerDefinition, size: Int) -> (tokens: [String], types: [Int32]) {
        var tokens: [String] = []
        var types: [Int32] = []
        let added = Dictionary(definition.addedTokens.map { ($0.id, $0) }) { first, _ in first }
        for id in 0..<Int32(size) {
            let spelling = added[id]?.content ?? definition.tokens.token(of: id)
            tokens.append(spelling ?? "[PAD\(id)]")
            types.append((added[id].map { $0.isSpecial ? TokenType.control : .userDefined } ?? (spelling == nil ? .unused : .normal)).rawValue)
        }
        return (tokens, types)
    }

    /// GGUF has a token's spelling and whether it is special, no more.
    private static func check(_ token: AddedToken, _ definition: TokenizerDefinition) throws(TrainerError) {
        let flags = [("single_word", token.isSingleWord), ("lstrip", token.stripsLeft), ("rstrip", token.stripsRight)]
        var problem = flags.first(where: \.1).map { "has \($0.0), which GGUF can't say" }
        if token.isNormalized, problem == nil {
            let spelling = String(decoding: try definition.normalizers.normalized(token.content, Matcher()), as: UTF8.self)
            if spelling != token.content { problem = "is looked for as \"\(spelling)\" in normalised text, which GGUF can't say" }
        }
        guard let problem else { return }
        throw TrainerError(
            .configuration, "\(definition.subject): added token \"\(token.content)\"", problem, remedy: "Keep the model as a Hugging Face folder")
    }

    /// What GGUF has no place for, a sentence each: it is lost.
    public func losses(of tokenizer: Tokenizer) throws(TrainerError) -> [String] {
        let definition = tokenizer.definition
        var losses: [String] = []
        let changesText = definition.normalizers.contains { step in
            switch step {
            case .prepend, .replace: false
            default: true
            }
        }
        let normalized = definition.addedTokens.filter { $0.isNormalized && changesText }
        if let first = normalized.first {
            losses.append(
                "GGUF's added tokens are looked for in the text as it is; \(normalized.count) were in its normal form, such as \(first.content).")
        }
        return try losses + scoredLosses(of: definition)
    }

    /// The name of `tokenizer.ggml.pre` that stands for how this tokenizer cuts text.
    private static func preTokenizerName(_ definition: TokenizerDefinition) throws(TrainerError) -> String {
        for name in ["gpt-2", "smollm", "llama-bpe", "qwen2"] {
            var named = TokenizerDefinition(subject: definition.subject)
            var pairs = PairModel()
            try named.addPreTokenizer(named: name, &pairs)
            named.model = .pairs(pairs)
            if named.cutsText(as: definition) { return name }
        }
        throw TrainerError(
            .configuration, "\(definition.subject): pre_tokenizer", "cuts text as none of GGUF's gpt-2, smollm, llama-bpe and qwen2 does",
            remedy: "Keep the model as a Hugging Face folder")
    }

    /// The begin or the end token: the one that the model's files name, which is also the only one that may be added to a text.
    private static func surrounding(_ added: [Int32], _ token: Int32?, _ definition: TokenizerDefinition) throws(TrainerError) -> Int32? {
        guard let id = added.first else { return token }
        guard added.count == 1, token == nil || token == id else {
            throw TrainerError(
                .configuration, "\(definition.subject): post_processor",
                "adds the tokens \(added) to a text, where GGUF knows the begin and the end token only",
                remedy: "Keep the model as a Hugging Face folder")
        }
        return id
    }
}

extension TokenizerDefinition {
    /// Whether text is cut into the same words and these into tokens by the same rule.
    fileprivate func cutsText(as other: TokenizerDefinition) -> Bool {
        guard case .pairs(let pairs) = model, case .pairs(let others) = other.model else { return false }
        return (normalizers.map(\.json), preTokenizers.map(\.json), pairs.ignoresMerges)
            == (other.normalizers.map(\.json), other.preTokenizers.map(\.json), others.ignoresMerges)
    }

    /// "left right" for each merge, the best first.
    fileprivate func spelledMerges() throws(TrainerError) -> [String] {
        guard case .pairs(let model) = model else { return [] }
        var spelled: [String] = []
        spelled.reserveCapacity(model.merges.count)
        for (index, merge) in model.merges.enumerated() {
            let parts = [merge.left, merge.right].map { tokens.token(of: $0) ?? "" }
            guard !parts.contains(where: { $0.contains(" ") }) else {
                throw TrainerError(.configuration, "\(subject): merge \(index)", "has a part with a space in it, which GGUF can't hold")
            }
            spelled.append(parts.joined(separator: " "))
        }
        return spelled
    }
}
