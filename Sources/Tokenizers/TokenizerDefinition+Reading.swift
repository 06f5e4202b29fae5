import Support

// tokenizer.json, as the `tokenizers` library writes it. Component names and keys are the file's.

extension TokenizerDefinition {
    /// - Throws: `format` for components and options that are not supported, and for contradictions.
    init(_ root: JSONNode) throws(TrainerError) {
        subject = root.subject
        try readModel(root.member("model"))
        if let added = try root.optional("added_tokens") { try readAddedTokens(added) }
        if let normalizer = try root.optional("normalizer") { try readNormalizer(normalizer) }
        guard let preTokenizer = try root.optional("pre_tokenizer") else {
            throw root.error("has no pre_tokenizer; only byte-level BPE is supported")
        }
        var hasByteLevel = false
        try readPreTokenizer(preTokenizer, &hasByteLevel)
        guard hasByteLevel else { throw preTokenizer.error("has no ByteLevel; only byte-level BPE is supported") }
        if let processor = try root.optional("post_processor") { try readPostProcessor(processor) }
        if let decoder = try root.optional("decoder") { try readDecoder(decoder) }
    }

    private static func type(_ node: JSONNode) throws(TrainerError) -> String { try node.member("type").string() }

    /// The components of a Sequence, or the one component itself.
    private static func sequence(_ node: JSONNode, _ key: String) throws(TrainerError) -> [JSONNode] {
        guard try type(node) == "Sequence" else { return [node] }
        var components: [JSONNode] = []
        for component in try node.member(key).elements() { components += try sequence(component, key) }
        return components
    }

    private static func unsupported(_ node: JSONNode, _ type: String, _ known: String) -> TrainerError {
        node.error("is of type \(type), which is not supported; known types: \(known)")
    }

    // MARK: - Model

    private mutating func readModel(_ model: JSONNode) throws(TrainerError) {
        // Files of early versions of the library name no type for BPE.
        if let type = try model.string("type"), type != "BPE" { throw Self.unsupported(model, type, "BPE") }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let affix = try model.string(key), !affix.isEmpty { throw model.error("\(key) is \"\(affix)\", which byte-level BPE does not have") }
        }
        if try model.boolean("byte_fallback", default: false) { throw model.error("byte_fallback is true, which is not supported") }
        if let dropout = try model.optional("dropout"), (try? dropout.integer()) != 0 {
            throw dropout.error("is set; random encodings are not supported")
        }
        ignoresMerges = try model.boolean("ignore_merges", default: false)
        fusesUnknown = try model.boolean("fuse_unk", default: false)
        for (token, id) in try model.member("vocab").members() { try addToken(token, id: id.integer()) }
        for merge in try model.member("merges").elements() { try readMerge(merge) }
        if let unknown = try model.string("unk_token") {
            unknownToken = tokens.id(of: unknown)
            if unknownToken == nil, byteTokens().contains(-1) { throw model.error("unk_token \"\(unknown)\" is not in the vocabulary") }
        }
    }

    /// A merge is `"left right"` or `["left", "right"]`.
    private mutating func readMerge(_ merge: JSONNode) throws(TrainerError) {
        var parts: [String] = []
        if merge.isArray {
            for part in try merge.elements() { try parts.append(part.string()) }
        } else {
            parts = try merge.string().split(separator: " ", omittingEmptySubsequences: false).map { String($0) }
        }
        guard parts.count == 2 else { throw merge.error("has \(parts.count) parts; a merge has two") }
        try addMerge(parts[0], parts[1])
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
            if addedTokens.contains(where: { $0.content.utf8.elementsEqual(content.utf8) || $0.id == token.id }) {
                throw node.error("\"\(content)\" with id \(token.id) is there already")
            }
            if tokens.id(of: content) == nil {
                guard token.id == Int32(next) else {
                    throw node.error("\"\(content)\" has id \(token.id), but is not in the vocabulary, and the next free id is \(next)")
                }
                next += 1
            }
            try addAddedToken(token)
        }
    }

    // MARK: - Normalizer and pre-tokenizers

    private mutating func readNormalizer(_ normalizer: JSONNode) throws(TrainerError) {
        for component in try Self.sequence(normalizer, "normalizers") {
            let type = try Self.type(component)
            guard type == "NFC" else { throw Self.unsupported(component, type, "NFC, Sequence") }
            composesText = true
        }
    }

    private mutating func readPreTokenizer(_ node: JSONNode, _ hasByteLevel: inout Bool) throws(TrainerError) {
        for component in try Self.sequence(node, "pretokenizers") {
            guard !hasByteLevel else { throw component.error("comes after ByteLevel, which must be the last") }
            switch try Self.type(component) {
            case "ByteLevel":
                hasByteLevel = true
                addsPrefixSpace = try component.boolean("add_prefix_space")
                if try component.boolean("use_regex", default: true) { bytePattern = try Pattern(PreTokenizer.gpt2, subject: component.subject) }
            case "Digits":
                try cuts.append(.digits(areSingle: component.boolean("individual_digits")))
            case "Split":
                try cuts.append(readSplit(component))
            case let type: throw Self.unsupported(component, type, "ByteLevel, Digits, Split, Sequence")
            }
        }
    }

    private func readSplit(_ node: JSONNode) throws(TrainerError) -> PreTokenizer {
        let name = try node.member("behavior").string()
        guard let behavior = PreTokenizer.Behavior(rawValue: name) else {
            throw node.error("behavior is \(name); known: \(PreTokenizer.Behavior.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let pattern = try node.member("pattern")
        var source = try pattern.string("Regex") ?? ""
        if let literal = try pattern.string("String") { source = Pattern.escaped(literal) }
        guard !source.isEmpty else { throw pattern.error("has neither a Regex nor a String") }
        return try .split(Pattern(source, subject: pattern.subject), behavior, isInverted: node.boolean("invert"))
    }

    // MARK: - Post-processors and decoder

    private mutating func readPostProcessor(_ node: JSONNode) throws(TrainerError) {
        var hasTemplate = false
        for component in try Self.sequence(node, "processors") {
            switch try Self.type(component) {
            case "ByteLevel":
                guard try component.boolean("trim_offsets") else { continue }
                postProcessing.trimsOffsets = true
                postProcessing.keepsFirstSpace = try component.boolean("add_prefix_space")
            case "TemplateProcessing":
                guard !hasTemplate else { throw component.error("is a second template") }
                hasTemplate = true
                try readTemplate(component)
            case let type: throw Self.unsupported(component, type, "ByteLevel, TemplateProcessing, Sequence")
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
                    guard tokens.token(of: id) != nil || addedTokens.contains(where: { $0.id == id }) else {
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

    private func readDecoder(_ node: JSONNode) throws(TrainerError) {
        for component in try Self.sequence(node, "decoders") {
            let type = try Self.type(component)
            guard type == "ByteLevel" else { throw Self.unsupported(component, type, "ByteLevel, Sequence") }
        }
    }
}
