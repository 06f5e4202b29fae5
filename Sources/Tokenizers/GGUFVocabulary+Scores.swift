import Support

// Tokenizers that are not byte-level as GGUF metadata: SentencePiece's BPE with its merges as scores, and Unigram.

extension GGUFVocabulary {
    /// SentencePiece's BPE.
    ///
    /// - Throws: `configuration` for what llama.cpp's `llama` does otherwise.
    mutating func describe(_ pairs: PairModel, _ definition: TokenizerDefinition) throws(TrainerError) {
        let subject = definition.subject
        guard pairs.usesByteFallback else { throw Self.unsaid(subject, "model", "has no byte_fallback, which GGUF's llama always has") }
        if let byte = (UInt8.min...UInt8.max).first(where: { definition.tokens.id(of: ByteTokens.name($0)) == nil }) {
            throw Self.unsaid(subject, "vocab", "lacks the token \(ByteTokens.name(byte)), and GGUF's llama needs one for each byte")
        }
        guard !pairs.ignoresMerges else { throw Self.unsaid(subject, "ignore_merges", "is true, and GGUF's llama always merges") }
        (model, pre) = ("llama", "default")
        takeUnknown(pairs.unknownToken)
        for byte in UInt8.min...UInt8.max {
            guard let id = definition.tokens.id(of: ByteTokens.name(byte)), type(of: Int(id)) == .normal else { continue }
            tokenTypes[Int(id)] = TokenType.byte.rawValue
        }
        scores = Self.scores(of: pairs.merges, count: tokens.count)
        guard try remadeMerges(definition).isSame(as: pairs.merges, inOrder: false) else {
            throw Self.unsaid(subject, "merges", "are not all the ways to make the tokens, each token's together, which is what GGUF's scores say")
        }
        try describeSpaces(definition, prefixes: [(true, false), (false, false), (true, true)].map { ($0, $1, false) }) { SpaceSpelling(ofPairs: $0) }
    }

    /// Unigram.
    ///
    /// - Throws: `configuration` for what llama.cpp's `t5` does otherwise.
    mutating func describe(_ unigram: UnigramModel, _ definition: TokenizerDefinition) throws(TrainerError) {
        let subject = definition.subject
        guard !unigram.usesByteFallback else { throw Self.unsaid(subject, "byte_fallback", "is true, and GGUF's t5 has none") }
        guard unigram.unknownToken != nil else { throw Self.unsaid(subject, "unk_id", "is missing, and GGUF's t5 always has an unknown token") }
        (model, pre) = ("t5", "default")
        takeUnknown(unigram.unknownToken)
        // What only pads the embedding must never be chosen; llama.cpp's script gives it this score, too.
        scores = tokens.indices.map { id in
            unigram.scores.indices.contains(id) ? Double(Float(unigram.scores[id])) : type(of: id) == .unused ? -10_000 : 0
        }
        if case .precompiled(let map)? = definition.normalizers.first { characterMap = map.bytes }
        try describeSpaces(definition, prefixes: [(true, false, true), (true, false, false), (false, false, false)]) {
            (vocabulary) throws(TrainerError) in try SpaceSpelling(ofUnigram: vocabulary)
        }
    }

    private static func unsaid(_ subject: String, _ key: String, _ problem: String) -> TrainerError {
        TrainerError(.configuration, "\(subject): \(key)", problem, remedy: "Keep the model as a Hugging Face folder")
    }

    /// The model's own unknown token, which has a type of its own where it is special in texts, too.
    private mutating func takeUnknown(_ id: Int32?) {
        unknownToken = id ?? unknownToken
        guard let id, type(of: Int(id)) == .control else { return }
        tokenTypes[Int(id)] = TokenType.unknown.rawValue
    }

    // MARK: - Merges as scores

    /// Higher for what is made earlier: 0 for the first token that merges make, -1 for the next, and one less than the last for all others.
    private static func scores(of merges: [MergeTable.Merge], count: Int) -> [Double] {
        var scores = [Double?](repeating: nil, count: count)
        var next = 0.0
        for merge in merges where scores[Int(merge.merged)] == nil {
            scores[Int(merge.merged)] = next
            next -= 1
        }
        return scores.map { $0 ?? next }
    }

    /// The merges that are made of the scores when the file is read.
    private func remadeMerges(_ definition: TokenizerDefinition) throws(TrainerError) -> [MergeTable.Merge] {
        var read = TokenizerDefinition(subject: definition.subject)
        for (id, token) in tokens.enumerated() { try read.addToken(token, id: id) }
        return try read.scoredMerges(self)
    }

    // MARK: - Spaces

    /// Sets the keys that say how this tokenizer spells spaces.
    ///
    /// - Parameters:
    ///   - prefixes: Values of the keys to try: a space before stretches, before the text alone, runs of spaces as one.
    ///   - spelling: What the keys mean.
    private mutating func describeSpaces(
        _ definition: TokenizerDefinition, prefixes: [(Bool, Bool, Bool)],
        _ spelling: (GGUFVocabulary) throws(TrainerError) -> SpaceSpelling
    ) throws(TrainerError) {
        let found = definition.spaceSpelling.text
        for values in prefixes {
            (addsSpacePrefix, prefixesTextAlone, removesExtraSpaces) = values
            if try spelling(self).text == found { return }
        }
        throw Self.unsaid(
            definition.subject, "normalizer, pre_tokenizer, decoder", "spell spaces, change text or join tokens as no keys of GGUF's \(model) do")
    }

    // MARK: - Losses

    /// What is read otherwise than the tokenizer has it.
    func scoredLosses(of definition: TokenizerDefinition) throws(TrainerError) -> [String] {
        var losses: [String] = []
        switch definition.model {
        case .pairs(let pairs) where model == "llama":
            if try !remadeMerges(definition).isSame(as: pairs.merges, inOrder: true) {
                losses.append("GGUF has no order of the merges that make the same token; runs of a character may be cut elsewhere.")
            }
            if prefixesTextAlone {
                losses.append(
                    "The tokenizer puts a space before a text that begins with none; trainer reads that, llama.cpp puts one before every text and "
                        + "after special tokens.")
            }
        case .unigram(let unigram):
            if unigram.scores.contains(where: { Double(Float($0)) != $0 }) { losses.append("Scores are rounded to float32, the type that GGUF has.") }
            let kept = try definition.otherSpaces()
            if let first = kept.first {
                let name = "U+\(String(first.value, radix: 16, uppercase: true))"
                losses.append("GGUF's t5 cuts text at spaces alone; \(kept.count) kinds of white space, such as \(name), stay in their words.")
            }
        case .pairs: break
        }
        return losses
    }
}

extension SpaceSpelling {
    /// The same for the same components.
    fileprivate var text: [String] {
        [normalizers.map(\.json), preTokenizers.map(\.json), decoders.map(\.json)].map { JSONValue.array($0).text() }
    }
}

extension TokenizerDefinition {
    private static let spaces = SearchPattern.literal([0x20])

    /// The components, with those that do the same as what is read from GGUF in its form.
    fileprivate var spaceSpelling: SpaceSpelling {
        var spelling = SpaceSpelling(normalizers: normalizers, preTokenizers: preTokenizers, decoders: decoders ?? [])
        // Gemma's: no space is left to cut at.
        if case .split(.literal([0x20]), .mergedWithPrevious, false)? = preTokenizers.first, preTokenizers.count == 1 {
            if case .replace(.literal([0x20]), Metaspace.sentencePiece)? = normalizers.last { spelling.preTokenizers = [] }
        }
        // T5's: the table leaves spaces of few other kinds, see `otherSpaces`.
        if case .whitespaceSplit? = preTokenizers.first { spelling.preTokenizers[0] = .split(Self.spaces, .removed, isInverted: false) }
        return spelling
    }

    /// White space that is cut at and that the characters' table does not make a space or nothing of.
    func otherSpaces() throws(TrainerError) -> [Unicode.Scalar] {
        guard case .whitespaceSplit? = preTokenizers.first else { return [] }
        let matcher = try Matcher()
        var found: [Unicode.Scalar] = []
        for value in 0..<UInt32(0x3001) where value != 0x20 {
            guard let scalar = Unicode.Scalar(value), scalar.properties.isWhitespace else { continue }
            let normal = String(decoding: try normalizers.normalized(String(Character(scalar)), matcher), as: UTF8.self)
            if normal.unicodeScalars.contains(where: { $0.properties.isWhitespace && $0 != " " }) { found.append(scalar) }
        }
        return found
    }
}

extension [MergeTable.Merge] {
    /// Whether these are the same merges, in an order in which each token's stand at the same places.
    ///
    /// - Parameter inOrder: Whether the merges that make the same token must be in the same order, too.
    fileprivate func isSame(as other: [MergeTable.Merge], inOrder: Bool) -> Bool {
        guard !inOrder else { return self == other }
        func sorted(_ merges: Self) -> Self { merges.sorted { ($0.left, $0.right) < ($1.left, $1.right) } }
        return map(\.merged) == other.map(\.merged) && sorted(self) == sorted(other)
    }
}
