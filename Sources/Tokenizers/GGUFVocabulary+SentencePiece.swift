import Support

// The vocabularies that llama.cpp calls `llama` (SentencePiece's BPE) and `t5` (Unigram), as tokenizers that `tokenizer.json` can hold.

extension TokenizerDefinition {
    /// SentencePiece's BPE: of all pairs of neighbours that together are a token, the one whose token has the highest score merges first.
    ///
    /// A text, and every stretch between special tokens, gets a space before it if the file asks for one; spaces are spelled U+2581.
    mutating func readSentencePiece(_ vocabulary: GGUFVocabulary) throws(TrainerError) {
        try check(vocabulary)
        var pairs = PairModel()
        pairs.merges = try scoredMerges(vocabulary)
        pairs.unknownToken = try unknownToken(vocabulary)
        pairs.fusesUnknown = true
        pairs.usesByteFallback = true
        model = .pairs(pairs)
        take(SpaceSpelling(ofPairs: vocabulary))
    }

    /// Unigram: the characters' table first, then words that each begin with U+2581.
    mutating func readUnigram(_ vocabulary: GGUFVocabulary) throws(TrainerError) {
        try check(vocabulary)
        model = .unigram(UnigramModel(scores: vocabulary.scores, unknownToken: try unknownToken(vocabulary)))
        take(try SpaceSpelling(ofUnigram: vocabulary))
    }

    private mutating func take(_ spelling: SpaceSpelling) {
        (normalizers, preTokenizers, decoders) = (spelling.normalizers, spelling.preTokenizers, spelling.decoders)
    }

    private func check(_ vocabulary: GGUFVocabulary) throws(TrainerError) {
        guard vocabulary.scores.count == vocabulary.tokens.count else {
            throw TrainerError(
                .format, "tokenizer.ggml.scores", "has \(vocabulary.scores.count) entries for \(vocabulary.tokens.count) tokens")
        }
        if let id = vocabulary.scores.firstIndex(where: { !$0.isFinite }) {
            throw TrainerError(.format, "tokenizer.ggml.scores[\(id)]", "is \(vocabulary.scores[id]), which is no score")
        }
    }

    /// The key's, or the token whose type says so; llama.cpp's fixed defaults where neither does.
    private func unknownToken(_ vocabulary: GGUFVocabulary) throws(TrainerError) -> Int32 {
        let typed = vocabulary.tokens.indices.first { vocabulary.type(of: $0) == .unknown }
        let id = vocabulary.unknownToken ?? typed.map { Int32($0) } ?? (vocabulary.model == "t5" ? 2 : 0)
        guard tokens.token(of: id) != nil else {
            throw TrainerError(.format, "tokenizer.ggml.unknown_token_id", "is \(id), but there are \(tokens.count) tokens")
        }
        return id
    }

    /// Every way in which two tokens make a third, by its score, the highest first; then the longer left part first.
    ///
    /// The order that transformers gives SentencePiece models it converts (`generate_merges`), so a model has the same merges as in its own
    /// `tokenizer.json`. SentencePiece takes the leftmost of pairs that make the same token; merges with one rank each can't say that, so runs
    /// of one character may be cut elsewhere.
    func scoredMerges(_ vocabulary: GGUFVocabulary) throws(TrainerError) -> [MergeTable.Merge] {
        var trie = ByteTrie()
        let isMade = vocabulary.tokens.indices.map { [.normal, .userDefined].contains(vocabulary.type(of: $0)) }
        for (id, token) in vocabulary.tokens.enumerated() where isMade[id] && !token.isEmpty { trie.insert(token.utf8, value: Int32(id)) }
        var found: [(score: Double, leftLength: Int, rightLength: Int, merge: MergeTable.Merge)] = []
        for (id, token) in vocabulary.tokens.enumerated() where isMade[id] {
            let bytes = Array(token.utf8)
            guard bytes.count <= 1024 else {
                throw TrainerError(.format, "tokenizer.ggml.tokens[\(id)]", "has \(bytes.count) bytes; 1,024 are the most that merges are made for")
            }
            var splits: [MergeTable.Merge] = []
            var node = 0
            for end in 1..<max(bytes.count, 1) {
                guard let next = trie.child(of: node, bytes[end - 1]) else { break }
                node = next
                let left = trie.value(at: node)
                guard left >= 0, let right = tokens.id(of: bytes.span.extracting(end..<bytes.count)), isMade[Int(right)] else { continue }
                splits.append(MergeTable.Merge(left: left, right: right, merged: Int32(id)))
            }
            for merge in splits.sorted(by: { ($0.left, $0.right) < ($1.left, $1.right) }) {
                let length = { (id: Int32) in vocabulary.tokens[Int(id)].unicodeScalars.count }
                found.append((vocabulary.scores[id], length(merge.left), length(merge.right), merge))
            }
        }
        let order = found.indices.sorted { left, right in
            let (a, b) = (found[left], found[right])
            return (a.score, a.leftLength, a.rightLength, right) > (b.score, b.leftLength, b.rightLength, left)
        }
        return order.map { found[$0].merge }
    }
}

/// How a tokenizer that GGUF can describe spells the spaces of a text, and makes text of tokens again.
struct SpaceSpelling {
    var normalizers: [Normalizer] = []
    var preTokenizers: [PreTokenizer] = []
    var decoders: [Decoder] = []
}

extension SpaceSpelling {
    /// That of SentencePiece's BPE: a text stays one piece.
    init(ofPairs vocabulary: GGUFVocabulary) {
        let mark = Metaspace.sentencePiece
        if vocabulary.prefixesTextAlone {
            preTokenizers = [.metaspace(Metaspace(replacement: mark, scheme: .first, cuts: false))]
        } else {
            let spelling = Normalizer.replace(.literal([0x20]), mark)
            normalizers = vocabulary.addsSpacePrefix ? [.prepend(mark), spelling] : [spelling]
        }
        decoders = [.replace(mark, [0x20]), .byteFallback, .fuse]
        if vocabulary.addsSpacePrefix { decoders.append(.strip(" ", start: 1, stop: 0)) }
    }

    /// That of Unigram: words that each begin with the mark.
    init(ofUnigram vocabulary: GGUFVocabulary) throws(TrainerError) {
        let mark = Metaspace.sentencePiece
        if !vocabulary.characterMap.isEmpty {
            normalizers = [.precompiled(try CharacterMap(vocabulary.characterMap, subject: "tokenizer.ggml.precompiled_charsmap"))]
        }
        var metaspace = Metaspace(replacement: mark)
        if vocabulary.removesExtraSpaces {
            preTokenizers = [.split(.literal([0x20]), .removed, isInverted: false), .metaspace(metaspace)]
        } else {
            // One more space before the text, even where it begins with one.
            if vocabulary.addsSpacePrefix { normalizers.append(.prepend(mark)) } else { metaspace.scheme = .never }
            preTokenizers = [.metaspace(Metaspace(replacement: mark, scheme: .never))]
        }
        decoders = [.metaspace(metaspace)]
    }
}
