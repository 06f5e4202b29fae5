public import Formats
public import Support
public import Tokenizers

extension Tokenizer {
    /// The tokenizer that a model brings: in its folder's `tokenizer.json`, or in its GGUF file's metadata.
    ///
    /// - Throws: `format` if it is missing or damaged, or its kind is not supported.
    public static func load(_ files: ModelFiles) throws(TrainerError) -> Tokenizer {
        guard let gguf = files.gguf else { return try load(folder: files.path) }
        return try load(gguf: GGUFVocabulary(gguf))
    }

    /// The tokenizer of a model of any family: only its files are read, not the model's configuration.
    ///
    /// - Parameter path: A Hugging Face folder, a GGUF file, a folder with one, or a model of the hub's cache.
    /// - Throws: `file` if there is none, `format` if it is damaged or its kind is not supported.
    public static func load(path: String) throws(TrainerError) -> Tokenizer {
        let path = try ModelFiles.localPath(path)
        if let file = try ModelFiles.ggufPath(path) { return try load(gguf: GGUFVocabulary(GGUFFile(path: file))) }
        return try load(folder: path)
    }
}

extension GGUFVocabulary {
    /// From the keys `tokenizer.ggml.*` of a file's metadata.
    public init(_ file: GGUFFile) throws(TrainerError) {
        func id(_ key: String) throws(TrainerError) -> Int32? { try file.integer("tokenizer.ggml.\(key)", in: 0...Int(Int32.max)).map(Int32.init) }
        guard let tokens = try file.strings("tokenizer.ggml.tokens") else {
            throw file.error("tokenizer.ggml.tokens", "is missing, so the file has no tokenizer", remedy: "Use a Hugging Face folder or another file")
        }
        self.init(
            model: try file.requiredString("tokenizer.ggml.model"), pre: try file.string("tokenizer.ggml.pre") ?? "default-gpt2", tokens: tokens,
            tokenTypes: try file.integers("tokenizer.ggml.token_type")?.map { Int32(clamping: $0) } ?? [],
            merges: try file.strings("tokenizer.ggml.merges") ?? [], scores: try file.doubles("tokenizer.ggml.scores") ?? [],
            beginToken: try id("bos_token_id"), endToken: try id("eos_token_id"), unknownToken: try id("unknown_token_id"),
            paddingToken: try id("padding_token_id"),
            addsBeginToken: try file.bool("tokenizer.ggml.add_bos_token"), addsEndToken: try file.bool("tokenizer.ggml.add_eos_token"),
            chatTemplate: try file.string("tokenizer.chat_template"))
        addsSpacePrefix = try file.bool("tokenizer.ggml.add_space_prefix") ?? true
        prefixesTextAlone = try file.bool(Self.prefixesTextAloneKey) ?? false
        removesExtraSpaces = try file.bool("tokenizer.ggml.remove_extra_whitespaces") ?? false
        characterMap = try file.integers("tokenizer.ggml.precompiled_charsmap")?.map { UInt8(truncatingIfNeeded: $0) } ?? []
    }

    /// The keys and values of a GGUF file's metadata that say all this.
    public var metadata: [(key: String, value: GGUFValue)] {
        var metadata: [(key: String, value: GGUFValue)] = [
            ("tokenizer.ggml.model", .string(model)), ("tokenizer.ggml.pre", .string(pre)), ("tokenizer.ggml.tokens", .strings(tokens)),
            ("tokenizer.ggml.token_type", .array(.int32, tokenTypes.map { .int32($0) })),
        ]
        if model == "gpt2" { metadata.append(("tokenizer.ggml.merges", .strings(merges))) } else { metadata += scoredMetadata }
        for (name, id) in [("bos", beginToken), ("eos", endToken), ("unknown", unknownToken), ("padding", paddingToken)] {
            if let id { metadata.append(("tokenizer.ggml.\(name)_token_id", .uint32(UInt32(clamping: id)))) }
        }
        metadata.append(("tokenizer.ggml.add_bos_token", .bool(addsBeginToken)))
        metadata.append(("tokenizer.ggml.add_eos_token", .bool(addsEndToken)))
        if let chatTemplate { metadata.append(("tokenizer.chat_template", .string(chatTemplate))) }
        return metadata
    }

    private static let prefixesTextAloneKey = "trainer.tokenizer.space_prefix_once"

    /// What only vocabularies with scores have: "llama" and "t5".
    private var scoredMetadata: [(key: String, value: GGUFValue)] {
        var metadata: [(key: String, value: GGUFValue)] = [
            ("tokenizer.ggml.scores", .array(.float32, scores.map { .float32(Float($0)) })),
            ("tokenizer.ggml.add_space_prefix", .bool(addsSpacePrefix)),
            ("tokenizer.ggml.remove_extra_whitespaces", .bool(removesExtraSpaces)),
        ]
        if prefixesTextAlone { metadata.append((Self.prefixesTextAloneKey, .bool(true))) }
        if !characterMap.isEmpty {
            metadata.append(("tokenizer.ggml.precompiled_charsmap", .array(.uint8, characterMap.map { .uint8($0) })))
        }
        return metadata
    }
}
