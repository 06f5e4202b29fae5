import Crypto
public import Formats
public import Support
public import Tokenizers

/// What a model says about chats: its template, and the tokens that it knows.
public struct ChatSource: Sendable, Equatable {
    /// In Jinja.
    public var template: String
    /// Where it comes from, for errors.
    public var path: String
    /// The spellings that templates know by names such as `bos_token`.
    public var specialTokens: [String: String]
    /// Spellings of the tokens at which the model stops.
    public var stopTokens: [String]
    /// Spellings that the tokenizer never cuts.
    public var addedTokens: [String]

    /// The template's SHA-256, of which two models can be told to render alike.
    public var fingerprint: String { "SHA-256 \(hexadecimal(SHA256.hash(data: Array(template.utf8))))" }

    public init(template: String, path: String, specialTokens: [String: String] = [:], stopTokens: [String] = [], addedTokens: [String] = []) {
        self.template = template
        self.path = path
        self.specialTokens = specialTokens
        self.stopTokens = stopTokens
        self.addedTokens = addedTokens
    }

    /// That of a model.
    ///
    /// - Parameter path: A file with a template; nil for the model's own.
    /// - Returns: nil if the model brings none and no file is named.
    /// - Throws: `file` if the file can't be read.
    public static func load(_ files: ModelFiles, _ tokenizer: Tokenizer, path: String? = nil) throws(TrainerError) -> ChatSource? {
        var template = tokenizer.chatTemplate
        if let path {
            let file = try MappedFile(path: path)
            template = withExtendedLifetime(file) { String(decoding: file.bytes, as: UTF8.self) }
        }
        guard let template else { return nil }
        var special: [String: String] = [:]
        special["bos_token"] = tokenizer.beginToken.flatMap(tokenizer.token)
        special["eos_token"] = tokenizer.endToken.flatMap(tokenizer.token)
        let ends = files.generation.endTokenIDs.map { Int32(clamping: $0) }
        let stops = Set(ends + [tokenizer.endToken].compactMap { $0 }).compactMap(tokenizer.token).sorted()
        return ChatSource(
            template: template, path: path ?? "\(files.path): chat_template", specialTokens: special, stopTokens: stops,
            addedTokens: tokenizer.addedTokenSpellings)
    }
}
