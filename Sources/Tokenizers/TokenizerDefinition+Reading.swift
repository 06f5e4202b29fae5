import Support

// tokenizer.json, as the `tokenizers` library writes it. Component names and keys are the file's.

extension TokenizerDefinition {
    /// - Throws: `format` for components and options that are not supported, and for contradictions.
    init(_ root: JSONNode) throws(TrainerError) {
        subject = root.subject
        if let preTokenizer = try root.optional("pre_tokenizer") { preTokenizers = try PreTokenizer.read(preTokenizer) }
        try readModel(root.member("model"))
        if let added = try root.optional("added_tokens") { try readAddedTokens(added) }
        if let normalizer = try root.optional("normalizer") { normalizers = try Normalizer.read(normalizer) }
        if let processor = try root.optional("post_processor") { try readPostProcessor(processor) }
        if let decoder = try root.optional("decoder") { decoders = try Decoder.read(decoder) }
        // A byte-level model's tokens are no text, so there is but one way to read them.
        if spellsBytes, decoders == nil { decoders = [.byteLevel] }
    }

    private mutating func readAddedTokens(_ list: JSONNode) throws(TrainerError) {
        // Where the library puts the next token that the model does not know; it ignores the file's ids (added_vocabulary.rs, add_tokens).
        var next = tokens.count
        for node in try list.elements() {
            let content = try node.member("content").string()
            let token = try AddedToken(
                id: Int32(clamping: node.member("id").integer()), content: content, isSpecial: node.boolean("special"),
                isSingleWord: node.boolean("single_word"), stripsLeft: node.boolean("lstrip"), stripsRight: node.boolean("rstrip"),
                isNormalized: node.boolean("normalized"))
            if tokens.id(of: content) == nil {
                guard token.id == Int32(next) else {
                    throw node.error("\"\(content)\" has id \(token.id), but is not in the vocabulary, and the next free id is \(next)")
                }
                next += 1
            }
            try addAddedToken(token)
        }
    }

    // MARK: - Post-processors

    private mutating func readPostProcessor(_ node: JSONNode) throws(TrainerError) {
        var hasTemplate = false
        for component in try node.sequence("processors") {
            switch try component.type() {
            case "ByteLevel":
                guard try component.boolean("trim_offsets") else { continue }
                postProcessing.trimsOffsets = true
                postProcessing.keepsFirstSpace = try component.boolean("add_prefix_space")
            case "TemplateProcessing":
                guard !hasTemplate else { throw component.error("is a second template") }
                hasTemplate = true
                try readTemplate(component)
            case let type: throw component.unsupported(type, known: "ByteLevel, Sequence, TemplateProcessing")
            }
        }
    }

    /// The template for one text: special tokens around the sequence A. The one for pairs is not used.
    private mutating func readTemplate(_ node: JSONNode) throws(TrainerError) {
        let special = try node.member("special_tokens")
        var hasText = false
        for piece in try node.member("single").elements() {
            if let token = try piece.optional("SpecialToken") {
                for node in try special.member(token.member("id").string()).member("ids").elements() {
                    let id = try Int32(clamping: node.integer())
                    guard name(of: id) != nil else {
                        throw node.error("is \(id), which is no token's id")
                    }
                    if hasText { postProcessing.after.append(id) } else { postProcessing.before.append(id) }
                }
            } else {
                let sequence = try piece.member("Sequence").member("id").string()
                guard !hasText, sequence == "A" else {
                    throw piece.error("is not a special token, nor the one sequence A")
                }
                hasText = true
            }
        }
        guard hasText else { throw node.error("the template for one text lacks the sequence A") }
    }
}
