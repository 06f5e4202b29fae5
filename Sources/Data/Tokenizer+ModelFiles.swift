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
    /// - Parameter path: A Hugging Face folder, a GGUF file, or a folder with one.
    /// - Throws: `file` if there is none, `format` if it is damaged or its kind is not supported.
    public static func load(path: String) throws(TrainerError) -> Tokenizer {
        if let file = ModelFiles.ggufPath(path) { return try load(gguf: GGUFVocabulary(GGUFFile(path: file))) }
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
            addsBeginToken: try file.bool("tokenizer.ggml.add_bos_token"), addsEndToken: try file.bool("tokenizer.ggml.add_eos_token"),
            chatTemplate: try file.string("tokenizer.chat_template"))
        addsSpacePrefix = try file.bool("tokenizer.ggml.add_space_prefix") ?? true
        removesExtraSpaces = try file.bool("tokenizer.ggml.remove_extra_whitespaces") ?? false
        characterMap = try file.integers("tokenizer.ggml.precompiled_charsmap")?.map { UInt8(truncatingIfNeeded: $0) } ?? []
    }
}
