import Support

/// The tokenizer in a GGUF file's metadata: the values of the keys that start with `tokenizer.`.
public struct GGUFVocabulary: Equatable, Sendable {
    /// `tokenizer.ggml.model`; byte-level BPE is "gpt2".
    public var model: String
    /// `tokenizer.ggml.pre`: the name of the pre-tokenizer.
    public var pre: String
    /// `tokenizer.ggml.tokens`, by id.
    public var tokens: [String]
    /// `tokenizer.ggml.token_type`, by id: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte. Empty if all are normal.
    public var tokenTypes: [Int32]
    /// `tokenizer.ggml.merges`: "left right", the best first.
    public var merges: [String]
    /// `tokenizer.ggml.bos_token_id`.
    public var beginToken: Int32?
    /// `tokenizer.ggml.eos_token_id`.
    public var endToken: Int32?
    /// `tokenizer.ggml.unknown_token_id`.
    public var unknownToken: Int32?
    /// `tokenizer.ggml.padding_token_id`.
    public var paddingToken: Int32?
    /// `tokenizer.ggml.add_bos_token`.
    public var addsBeginToken: Bool
    /// `tokenizer.ggml.add_eos_token`.
    public var addsEndToken: Bool
    /// `tokenizer.chat_template`.
    public var chatTemplate: String?

    public init(
        model: String, pre: String, tokens: [String], tokenTypes: [Int32], merges: [String], beginToken: Int32? = nil, endToken: Int32? = nil,
        unknownToken: Int32? = nil, paddingToken: Int32? = nil, addsBeginToken: Bool = false, addsEndToken: Bool = false, chatTemplate: String? = nil
    ) {
        self.model = model
        self.pre = pre
        self.tokens = tokens
        self.tokenTypes = tokenTypes
        self.merges = merges
        self.beginToken = beginToken
        self.endToken = endToken
        self.unknownToken = unknownToken
        self.paddingToken = paddingToken
        self.addsBeginToken = addsBeginToken
        self.addsEndToken = addsEndToken
        self.chatTemplate = chatTemplate
    }
}

extension TokenizerDefinition {
    /// - Throws: `format` if the model or its pre-tokenizer is not known, or lists contradict each other.
    init(_ vocabulary: GGUFVocabulary) throws(TrainerError) {
        subject = "GGUF tokenizer"
        guard vocabulary.model == "gpt2" else {
            throw TrainerError(.format, "tokenizer.ggml.model", "is \"\(vocabulary.model)\"; only byte-level BPE (\"gpt2\") is supported")
        }
        let types = vocabulary.tokenTypes
        guard types.isEmpty || types.count == vocabulary.tokens.count else {
            throw TrainerError(.format, "tokenizer.ggml.token_type", "has \(types.count) entries for \(vocabulary.tokens.count) tokens")
        }
        for (id, token) in vocabulary.tokens.enumerated() {
            try addToken(token, id: id)
            let (control, userDefined) = (3, 4)
            let type = types.isEmpty ? 1 : Int(types[id])
            guard type == control || type == userDefined else { continue }
            try addAddedToken(AddedToken(id: Int32(id), content: token, isSpecial: type == control))
        }
        for merge in vocabulary.merges {
            let parts = merge.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw TrainerError(.format, "tokenizer.ggml.merges[\(merges.count)]", "is \"\(merge)\"; a merge has two parts")
            }
            try addMerge(String(parts[0]), String(parts[1]))
        }
        try addPreTokenizer(named: vocabulary.pre)
        for (key, id) in [("bos", vocabulary.beginToken), ("eos", vocabulary.endToken)] {
            guard let id, tokens.token(of: id) == nil else { continue }
            throw TrainerError(.format, "tokenizer.ggml.\(key)_token_id", "is \(id), but there are \(tokens.count) tokens")
        }
        if vocabulary.addsBeginToken { postProcessing.before = [try Self.added(vocabulary.beginToken, "bos")] }
        if vocabulary.addsEndToken { postProcessing.after = [try Self.added(vocabulary.endToken, "eos")] }
    }

    private static func added(_ id: Int32?, _ key: String) throws(TrainerError) -> Int32 {
        if let id { return id }
        throw TrainerError(.format, "tokenizer.ggml.add_\(key)_token", "is true, but there is no tokenizer.ggml.\(key)_token_id")
    }

    /// Llama 3's pattern (its tokenizer.json), and Qwen 2's, which takes digits one by one.
    private static func pattern(digits: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\#(digits)| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    /// What the names of `tokenizer.ggml.pre` stand for, after the models' own tokenizer.json.
    mutating func addPreTokenizer(named name: String) throws(TrainerError) {
        let key = "tokenizer.ggml.pre"
        switch name {
        case "gpt-2", "default-gpt2": bytePattern = try Pattern(PreTokenizer.gpt2, subject: key)
        case "smollm":
            cuts = [.digits(areSingle: true)]
            bytePattern = try Pattern(PreTokenizer.gpt2, subject: key)
        case "llama-bpe", "llama3", "llama-v3":
            cuts = try [.split(Pattern(Self.pattern(digits: #"\p{N}{1,3}"#), subject: key), .isolated, isInverted: false)]
            ignoresMerges = true
        case "qwen2":
            cuts = try [.split(Pattern(Self.pattern(digits: #"\p{N}"#), subject: key), .isolated, isInverted: false)]
            composesText = true
        default:
            throw TrainerError(.format, key, "is \"\(name)\"; known: gpt-2, default-gpt2, smollm, llama-bpe, llama3, llama-v3, qwen2")
        }
    }
}
