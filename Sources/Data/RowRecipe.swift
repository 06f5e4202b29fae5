public import Formats
public import Support
public import Tokenizers

/// All that decides which tokens a data set's rows become, but for the files themselves.
public struct RowRecipe: Sendable {
    public var encoding: any TextEncoding
    public var options: RowOptions
    /// For rows that are chats; nil if the model knows none.
    public var chat: ChatSource?

    public init(encoding: any TextEncoding, options: RowOptions, chat: ChatSource? = nil) {
        self.encoding = encoding
        self.options = options
        self.chat = chat
    }

    /// What a configuration asks for, with a model's tokenizer and template.
    ///
    /// - Throws: `file` if a template that is named can't be read.
    public init(_ options: DataOptions, limit: Int?, _ model: ModelFiles, _ tokenizer: Tokenizer) throws(TrainerError) {
        let chat = try ChatSource.load(model, tokenizer, path: options.chatTemplate)
        self.init(encoding: tokenizer, options: RowOptions(options, limit: limit), chat: chat)
    }

    /// Everything that counts, a line each: two recipes whose lines are the same make the same rows of the same files.
    var lines: [String] {
        let special = chat?.specialTokens.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } ?? []
        return [
            "tokenizer \(encoding.fingerprint) \(encoding.beginToken ?? -1) \(encoding.endToken ?? -1)",
            "template \(quoted([chat?.template ?? ""]))", "special \(quoted(special))",
            "stops \(quoted(chat?.stopTokens ?? []))", "added \(quoted(chat?.addedTokens ?? []))",
            "train_on \(options.trainOn.rawValue)", "sequence_length \(options.sequenceLength)", "overlength \(options.overLength.rawValue)",
            "format \(options.format.rawValue)", "columns \(options.columns.configuration.flowText)", "prompts_as_chat \(options.promptsAsChat)",
            "limit \(options.limit.map(String.init) ?? "none")",
        ]
    }

    /// Texts with their lengths, so that no two lists are spelled alike.
    private func quoted(_ texts: [String]) -> String { texts.map { "\($0.utf8.count):\($0)" }.joined(separator: ",") }
}
