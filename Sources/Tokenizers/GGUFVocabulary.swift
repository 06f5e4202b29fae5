import Support

/// The tokenizer in a GGUF file's metadata: the values of the keys that start with `tokenizer.`.
public struct GGUFVocabulary: Equatable, Sendable {
    /// `tokenizer.ggml.model`: "gpt2" is byte-level BPE, "llama" SentencePiece's BPE, "t5" Unigram.
    public var model: String
    /// `tokenizer.ggml.pre`: the name of the pre-tokenizer.
    public var pre: String
    /// `tokenizer.ggml.tokens`, by id.
    public var tokens: [String]
    /// `tokenizer.ggml.token_type`, by id: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte. Empty if all are normal.
    public var tokenTypes: [Int32]
    /// `tokenizer.ggml.merges`: "left right", the best first; only of "gpt2".
    public var merges: [String]
    /// `tokenizer.ggml.scores`, by id; only of "llama" and "t5".
    public var scores: [Double]
    /// `tokenizer.ggml.bos_token_id`.
    public var beginToken: Int32?
    /// `tokenizer.ggml.eos_token_id`.
    public var endToken: Int32?
    /// `tokenizer.ggml.unknown_token_id`.
    public var unknownToken: Int32?
    /// `tokenizer.ggml.padding_token_id`.
    public var paddingToken: Int32?
    /// `tokenizer.ggml.add_bos_token`; by default true for "llama" alone, as in llama.cpp.
    public var addsBeginToken: Bool
    /// `tokenizer.ggml.add_eos_token`; by default true for "t5" alone.
    public var addsEndToken: Bool
    /// `tokenizer.ggml.add_space_prefix`: whether a text is encoded as if a space came before it. Of "llama" and "t5".
    public var addsSpacePrefix = true
    /// `trainer.tokenizer.space_prefix_once`, a key of trainer's own: whether that space comes before the text alone, not before stretches after
    /// special tokens, and only where the text does not begin with one. Of "llama".
    public var prefixesTextAlone = false
    /// `tokenizer.ggml.remove_extra_whitespaces`: whether spaces in a row count as one. Of "t5".
    public var removesExtraSpaces = false
    /// `tokenizer.ggml.precompiled_charsmap`: SentencePiece's normaliser. Of "t5".
    public var characterMap: [UInt8] = []
    /// `tokenizer.chat_template`.
    public var chatTemplate: String?

    public init(
        model: String, pre: String = "", tokens: [String], tokenTypes: [Int32], merges: [String] = [], scores: [Double] = [],
        beginToken: Int32? = nil, endToken: Int32? = nil, unknownToken: Int32? = nil, paddingToken: Int32? = nil,
        addsBeginToken: Bool? = nil, addsEndToken: Bool? = nil, chatTemplate: String? = nil
    ) {
        self.model = model
        self.pre = pre
        self.tokens = tokens
        self.tokenTypes = tokenTypes
        self.merges = merges
        self.scores = scores
        self.beginToken = beginToken
        self.endToken = endToken
        self.unknownToken = unknownToken
        self.paddingToken = paddingToken
        self.addsBeginToken = addsBeginToken ?? (model == "llama")
        self.addsEndToken = addsEndToken ?? (model == "t5")
        self.chatTemplate = chatTemplate
    }

    /// What `tokenizer.ggml.token_type` says of a token.
    enum TokenType: Int32 {
        case normal = 1
        case unknown, control, userDefined, unused, byte
    }

    /// Without the unused tokens at the end, whose scores would count among those of a Unigram's tokens.
    fileprivate var withoutPadding: GGUFVocabulary {
        guard tokenTypes.count == tokens.count, scores.count == tokens.count else { return self }
        var vocabulary = self
        while let last = vocabulary.tokenTypes.last, last == TokenType.unused.rawValue {
            vocabulary.tokens.removeLast()
            vocabulary.tokenTypes.removeLast()
            vocabulary.scores.removeLast()
        }
        return vocabulary
    }

    func type(of id: Int) -> TokenType { tokenTypes.isEmpty ? .normal : TokenType(rawValue: tokenTypes[id]) ?? .normal }
}

extension TokenizerDefinition {
    /// - Throws: `format` if the model or its pre-tokenizer is not known, or lists contradict each other.
    init(_ vocabulary: GGUFVocabulary) throws(TrainerError) {
        subject = "GGUF tokenizer"
        let vocabulary = vocabulary.model == "t5" ? vocabulary.withoutPadding : vocabulary
        let types = vocabulary.tokenTypes
        guard types.isEmpty || types.count == vocabulary.tokens.count else {
            throw TrainerError(.format, "tokenizer.ggml.token_type", "has \(types.count) entries for \(vocabulary.tokens.count) tokens")
        }
        for (id, token) in vocabulary.tokens.enumerated() {
            try addToken(token, id: id)
            switch vocabulary.type(of: id) {
            case .control: try addAddedToken(AddedToken(id: Int32(id), content: token, isSpecial: true))
            case .unknown where vocabulary.model != "gpt2": try addAddedToken(AddedToken(id: Int32(id), content: token, isSpecial: true))
            case .userDefined: try addAddedToken(AddedToken(id: Int32(id), content: token, isSpecial: false))
            case .normal, .unknown, .unused, .byte: break
            }
        }
        switch vocabulary.model {
        case "gpt2": try readByteLevel(vocabulary)
        case "llama": try readSentencePiece(vocabulary)
        case "t5": try readUnigram(vocabulary)
        default:
            let known = "gpt2 (byte-level BPE), llama (SentencePiece) and t5 (Unigram) are supported"
            throw TrainerError(.format, "tokenizer.ggml.model", "is \"\(vocabulary.model)\"; only \(known)")
        }
        try addPostProcessing(vocabulary)
    }

    private mutating func addPostProcessing(_ vocabulary: GGUFVocabulary) throws(TrainerError) {
        for (key, id) in [("bos", vocabulary.beginToken), ("eos", vocabulary.endToken)] {
            guard let id, tokens.token(of: id) == nil else { continue }
            throw TrainerError(.format, "tokenizer.ggml.\(key)_token_id", "is \(id), but there are \(tokens.count) tokens")
        }
        func ids(_ isAdded: Bool, _ id: Int32?, _ key: String) throws(TrainerError) -> [Int32] {
            guard isAdded else { return [] }
            if let id { return [id] }
            throw TrainerError(.format, "tokenizer.ggml.add_\(key)_token", "is true, but there is no tokenizer.ggml.\(key)_token_id")
        }
        postProcessing.before = try ids(vocabulary.addsBeginToken, vocabulary.beginToken, "bos")
        postProcessing.after = try ids(vocabulary.addsEndToken, vocabulary.endToken, "eos")
    }

    private mutating func readByteLevel(_ vocabulary: GGUFVocabulary) throws(TrainerError) {
        var pairs = PairModel()
        for (index, text) in vocabulary.merges.enumerated() { pairs.merges.append(try merge(text, subject: "tokenizer.ggml.merges[\(index)]")) }
        try addPreTokenizer(named: vocabulary.pre, &pairs)
        model = .pairs(pairs)
        decoders = [.byteLevel]
    }

    /// Llama 3's pattern (its tokenizer.json), and Qwen 2's, which takes digits one by one.
    private static func pattern(digits: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\#(digits)| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    /// What the names of `tokenizer.ggml.pre` stand for, after the models' own tokenizer.json.
    mutating func addPreTokenizer(named name: String, _ pairs: inout PairModel) throws(TrainerError) {
        let key = "tokenizer.ggml.pre"
        func split(_ pattern: String) throws(TrainerError) -> PreTokenizer {
            try .split(.expression(Pattern(pattern, subject: key)), .isolated, isInverted: false)
        }
        let plain = PreTokenizer.byteLevel(addsPrefixSpace: false, pattern: nil)
        let gpt2 = PreTokenizer.byteLevel(addsPrefixSpace: false, pattern: try Pattern(PreTokenizer.gpt2, subject: key))
        switch name {
        case "gpt-2", "default-gpt2": preTokenizers = [gpt2]
        case "smollm": preTokenizers = [.digits(areSingle: true), gpt2]
        case "llama-bpe", "llama3", "llama-v3":
            preTokenizers = try [split(Self.pattern(digits: #"\p{N}{1,3}"#)), plain]
            pairs.ignoresMerges = true
        case "qwen2":
            preTokenizers = try [split(Self.pattern(digits: #"\p{N}"#)), plain]
            normalizers = [.form(.c)]
        default:
            throw TrainerError(.format, key, "is \"\(name)\"; known: gpt-2, default-gpt2, smollm, llama-bpe, llama3, llama-v3, qwen2")
        }
    }
}
