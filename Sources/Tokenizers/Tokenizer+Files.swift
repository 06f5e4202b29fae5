import Foundation
public import Support

extension Tokenizer {
    /// Reads `tokenizer.json` of a Hugging Face folder, and begin token, end token and chat template from `tokenizer_config.json` and
    /// `chat_template.jinja` where they exist.
    ///
    /// - Throws: `file` if there is no readable `tokenizer.json`; `format` if a file is malformed or asks for what is not supported.
    public static func load(folder: String) throws(TrainerError) -> Tokenizer {
        let path = "\(folder)/tokenizer.json"
        var files = try Files(tokenizer: bytes(of: path))
        let definition = try TokenizerDefinition(JSONNode(parsing: files.tokenizer ?? [], file: path))
        let configurationPath = "\(folder)/tokenizer_config.json"
        var names: [String: String] = [:]
        if FileManager.default.fileExists(atPath: configurationPath) {
            let bytes = try bytes(of: configurationPath)
            files.configuration = bytes
            let configuration = try JSONNode(parsing: bytes, file: configurationPath)
            for key in ["bos_token", "eos_token", "unk_token", "pad_token"] { names[key] = try tokenName(configuration, key) }
            files.chatTemplate = try chatTemplate(configuration)
        }
        let templatePath = "\(folder)/chat_template.jinja"
        if FileManager.default.fileExists(atPath: templatePath) { files.chatTemplate = String(decoding: try bytes(of: templatePath), as: UTF8.self) }
        func id(_ key: String) -> Int32? {
            names[key].flatMap { name in definition.addedContents.id(of: name) ?? definition.tokens.id(of: name) }
        }
        for key in ["bos_token", "eos_token"] {
            guard let name = names[key], id(key) == nil else { continue }
            throw TrainerError(.format, "\(configurationPath): \(key)", "is \"\(name)\", which tokenizer.json does not have")
        }
        (files.beginToken, files.endToken) = (id("bos_token"), id("eos_token"))
        (files.unknownToken, files.paddingToken) = (id("unk_token"), id("pad_token"))
        return try Tokenizer(definition, files: files)
    }

    /// Builds the tokenizer that a GGUF file's metadata describes.
    ///
    /// - Throws: `format` if the model or pre-tokenizer is not known (the known ones are named), or the lists contradict each other.
    public static func load(gguf vocabulary: GGUFVocabulary) throws(TrainerError) -> Tokenizer {
        let files = Files(
            beginToken: vocabulary.beginToken, endToken: vocabulary.endToken, unknownToken: vocabulary.unknownToken,
            paddingToken: vocabulary.paddingToken, chatTemplate: vocabulary.chatTemplate)
        return try Tokenizer(TokenizerDefinition(vocabulary), files: files)
    }

    /// Writes `tokenizer.json` and `tokenizer_config.json` into a folder, which must exist: the files it came from as they were, or, if it
    /// came from GGUF metadata, files that `tokenizers` and transformers read as the same tokenizer.
    ///
    /// - Throws: `file` if a file can't be written.
    public func save(to folder: String) throws(TrainerError) {
        try Self.write(files.tokenizer ?? definition.json(), to: "\(folder)/tokenizer.json")
        try Self.write(files.configuration ?? configurationJSON(), to: "\(folder)/tokenizer_config.json")
        if files.configuration != nil, let chatTemplate { try Self.write(Array(chatTemplate.utf8), to: "\(folder)/chat_template.jinja") }
    }

    private func configurationJSON() -> [UInt8] {
        var object = JSONObject([("tokenizer_class", .string("PreTrainedTokenizerFast")), ("clean_up_tokenization_spaces", .bool(false))])
        for (key, id) in [("bos_token", beginToken), ("eos_token", endToken), ("unk_token", unknownToken), ("pad_token", paddingToken)] {
            if let id, let token = definition.name(of: id) { object[key] = .string(token) }
        }
        if let chatTemplate { object["chat_template"] = .string(chatTemplate) }
        return Array("\(JSONValue.object(object).text(indent: 2))\n".utf8)
    }

    private static func bytes(of path: String) throws(TrainerError) -> [UInt8] {
        let file = try MappedFile(path: path)
        return withExtendedLifetime(file) { Array(file.bytes) }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(TrainerError) {
        do {
            try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw TrainerError(.file, path, "can't be written: \(error.localizedDescription)")
        }
    }

    /// A token of `tokenizer_config.json`: its name, or an object that holds it.
    private static func tokenName(_ configuration: JSONNode, _ key: String) throws(TrainerError) -> String? {
        guard let node = try configuration.optional(key) else { return nil }
        return node.isString ? try node.string() : try node.member("content").string()
    }

    /// One template, or a list of named ones of which "default" counts.
    private static func chatTemplate(_ configuration: JSONNode) throws(TrainerError) -> String? {
        guard let node = try configuration.optional("chat_template") else { return nil }
        guard node.isArray else { return try node.string() }
        for entry in try node.elements() where try entry.member("name").string() == "default" { return try entry.member("template").string() }
        return nil
    }
}
