import Foundation
import Support
import TestSupport
import Testing

@testable import Tokenizers

@Suite struct TokenizerFilesTests {
    /// A whole small file; tests break one part of it each.
    private static let valid = """
        {"added_tokens": [{"id": 5, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
        "normalizer": null, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "post_processor": null, "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "byte_fallback": false, "ignore_merges": false,
        "vocab": {"a": 0, "b": 1, "Ġ": 2, "ab": 3, "Ġab": 4}, "merges": ["a b", ["Ġ", "ab"]]}}
        """

    private func load(_ json: String, configuration: String? = nil) throws -> Tokenizer {
        try withTemporaryFolder { folder in
            try Data(json.utf8).write(to: URL(fileURLWithPath: "\(folder)/tokenizer.json"))
            if let configuration { try Data(configuration.utf8).write(to: URL(fileURLWithPath: "\(folder)/tokenizer_config.json")) }
            return try Tokenizer.load(folder: folder)
        }
    }

    @Test("a whole file loads: merges as strings and as pairs, an added token after the vocabulary")
    func whole() throws {
        let tokenizer = try load(Self.valid)
        #expect(try tokenizer.encode("ab ab<s>b", addingSpecialTokens: false).ids == [3, 4, 5, 1])
        #expect(tokenizer.vocabularySize == 6)
        #expect(tokenizer.json == Array(Self.valid.utf8))
    }

    /// A part of the file, what takes its place, and what the error must say.
    static let faultTable: [(String, String, String)] = [
        (#""Ġab": 4"#, #""Ġab": 3"#, "is there already"),
        (#""Ġab": 4"#, #""Ġab": -4"#, "ids lie between"),
        (#""Ġab": 4"#, #""Ġab": "4""#, "is not an integer"),
        (#""a b""#, #""a c""#, "model.merges[0]: is (a c) and names \"c\", which is not in the vocabulary"),
        (#""a b""#, #""b a""#, "model.merges[0]: is (b a) and names \"ba\", which is not in the vocabulary"),
        (#""a b""#, #""a b c""#, "with 3 parts"),
        (#""id": 5"#, #""id": 7"#, "the next free id is 5"),
        (#""id": 5, "content": "<s>""#, #""id": 3, "content": "a""#, "has id 0 in the vocabulary"),
        (#""type": "BPE""#, #""type": "WordPiece""#, "model: is of type WordPiece"),
        (#""type": "BPE""#, #""type": "Unigram""#, "does not go with ByteLevel"),
        (#""byte_fallback": false"#, #""byte_fallback": true"#, "byte_fallback is true"),
        (#""dropout": null"#, #""dropout": 0.1"#, "dropout"),
        (#""unk_token": null"#, #""unk_token": "<unk>""#, "unk_token \"<unk>\" is not in the vocabulary"),
        (#""normalizer": null"#, #""normalizer": {"type": "BertNormalizer"}"#, "normalizer: is of type BertNormalizer"),
        (#""normalizer": null"#, #""normalizer": {"type": "Precompiled", "precompiled_charsmap": "*"}"#, "is not base64"),
        (#""normalizer": null"#, #""normalizer": {"type": "Precompiled", "precompiled_charsmap": "/////wAAAAA="}"#, "its trie has 4294967295 bytes"),
        (#""normalizer": null"#, #""normalizer": {"type": "Replace", "pattern": {"Regex": "("}, "content": ""}"#, "normalizer.pattern"),
        (#""pre_tokenizer": {"type": "ByteLevel""#, #""pre_tokenizer": {"type": "BertPreTokenizer""#, "pre_tokenizer: is of type BertPreTokenizer"),
        (
            #""pre_tokenizer": {"type": "ByteLevel""#,
            #""pre_tokenizer": {"type": "Metaspace", "replacement": "__""#,
            "replacement: is not one character"
        ),
        (#""pre_tokenizer": {"type": "ByteLevel""#, #""pre_tokenizer": {"type": "Punctuation", "behavior": "Kept""#, "behavior is Kept"),
        (#""post_processor": null"#, #""post_processor": {"type": "BertProcessing"}"#, "post_processor: is of type BertProcessing"),
        (
            #""post_processor": null"#,
            #""post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x", "type_id": 0}}, {"Sequence": {"id": "A"}}], "#
                + #""special_tokens": {"x": {"ids": [9]}}}"#,
            "is 9, which is no token's id"
        ),
        (#""decoder": {"type": "ByteLevel""#, #""decoder": {"type": "WordPiece""#, "decoder: is of type WordPiece"),
        (
            #""decoder": {"type": "ByteLevel""#,
            #""decoder": {"type": "Replace", "pattern": {"Regex": "a"}, "content": "b""#,
            "decoder.pattern: is no String"
        ),
        (#""decoder": {"type": "ByteLevel""#, #""decoder": {"type": "Strip", "content": " ", "start": -1, "stop": 0"#, "decoder.start: is below 0"),
        (#""merges": ["a b", ["Ġ", "ab"]]}}"#, "", "a name in quotation marks is missing"),
        (#""model""#, #""models""#, "has no \"model\""),
    ]

    @Test("a malformed file is refused, and the error names file and fault", arguments: faultTable)
    func malformed(fault: (String, String, String)) throws {
        #expect(Self.valid.contains(fault.0))
        let error = #expect(throws: TrainerError.self) { try load(Self.valid.replacingOccurrences(of: fault.0, with: fault.1)) }
        #expect(error?.code == .format)
        #expect(error?.subject.contains("tokenizer.json") == true)
        #expect(error?.description.contains(fault.2) == true, "\(error?.description ?? "")")
    }

    @Test("a missing tokenizer.json is a file error")
    func missing() {
        #expect(throws: TrainerError(.file, "/nowhere/tokenizer.json", "can't be opened (No such file or directory)")) {
            try Tokenizer.load(folder: "/nowhere")
        }
    }

    @Test("begin token, end token and template come from tokenizer_config.json, whichever way they are written")
    func configuration() throws {
        let configuration = """
            {"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "ab",
            "chat_template": [{"name": "tool", "template": "no"}, {"name": "default", "template": "yes"}]}
            """
        let tokenizer = try load(Self.valid, configuration: configuration)
        #expect(tokenizer.beginToken == 5 && tokenizer.endToken == 3 && tokenizer.chatTemplate == "yes")
        let error = #expect(throws: TrainerError.self) { try load(Self.valid, configuration: #"{"eos_token": "</s>"}"#) }
        #expect(error?.problem == "is \"</s>\", which tokenizer.json does not have")
    }

    @Test(
        "a tokenizer from GGUF metadata that is saved and loaded gives the same ids and fingerprint",
        arguments: ["smollm", "gpt-2", "llama-bpe", "qwen2"])
    func saved(pre: String) throws {
        let small = try References.load("gpt2")
        let tokens = (0..<Int32(small.vocabularySize)).compactMap { small.token(of: $0) }
        guard case .pairs(let model) = small.definition.model else { return #expect(Bool(false)) }
        let merges = model.merges.map { "\(tokens[Int($0.left)]) \(tokens[Int($0.right)])" }
        let vocabulary = GGUFVocabulary(
            model: "gpt2", pre: pre, tokens: tokens + ["<x>"], tokenTypes: [3] + tokens.dropFirst().map { _ in 1 } + [4], merges: merges,
            beginToken: 0,
            endToken: 0, addsBeginToken: pre == "llama-bpe", chatTemplate: "{{ \"line\\n\" }}\u{1}")
        let tokenizer = try Tokenizer.load(gguf: vocabulary)
        try withTemporaryFolder { folder in
            try tokenizer.save(to: folder)
            let loaded = try Tokenizer.load(folder: folder)
            #expect(loaded.fingerprint == tokenizer.fingerprint)
            #expect(loaded.beginToken == 0 && loaded.endToken == 0 && loaded.chatTemplate == vocabulary.chatTemplate)
            for line in try References.lines().prefix(300) {
                #expect(try loaded.encode(line, addingSpecialTokens: true) == tokenizer.encode(line, addingSpecialTokens: true))
            }
            try loaded.save(to: folder)
            #expect(try Tokenizer.load(folder: folder).json == loaded.json)
        }
        #expect(throws: TrainerError.self) { try tokenizer.save(to: "/nowhere") }
    }

    @Test("a definition that is written and read again is the same, whatever it is made of", arguments: References.byteLevel + References.others)
    func written(name: String) throws {
        let tokenizer = try References.load(name)
        try withTemporaryFolder { folder in
            try Data(tokenizer.definition.json()).write(to: URL(fileURLWithPath: "\(folder)/tokenizer.json"))
            let loaded = try Tokenizer.load(folder: folder)
            #expect(loaded.fingerprint == tokenizer.fingerprint)
            #expect(loaded.definition.decoders == tokenizer.definition.decoders)
            for line in try References.lines().prefix(100) {
                #expect(try loaded.encode(line, addingSpecialTokens: true) == tokenizer.encode(line, addingSpecialTokens: true))
            }
        }
    }

    /// A small Unigram file.
    private static let unigram = """
        {"added_tokens": [], "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,
        "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": false, "vocab": [["<unk>", 0], ["a", -1.5], ["b", -2], ["ab", -2.5]]}}
        """

    @Test("a Unigram file loads, and a malformed one is refused with its place")
    func unigram() throws {
        let tokenizer = try load(Self.unigram)
        #expect(try tokenizer.encode("abcda", addingSpecialTokens: false).ids == [3, 0, 1])
        let faults = [
            (#"["b", -2]"#, #"["b"]"#, "model.vocab[2]: has 1 parts"), (#"["b", -2]"#, #"["b", "x"]"#, "model.vocab[2][1]: is not a number"),
            (#"["b", -2]"#, #"["a", -2]"#, "is there already"), (#""unk_id": 0"#, #""unk_id": 4"#, "model.unk_id: is 4, but there are 4 tokens"),
            (#"["b", -2]"#, #"["b", NaN]"#, "is not a number"),
        ]
        for (part, replacement, wanted) in faults {
            expectError(.format, wanted) { _ = try load(Self.unigram.replacingOccurrences(of: part, with: replacement)) }
        }
        let without = try load(Self.unigram.replacingOccurrences(of: #""unk_id": 0, "#, with: ""))
        expectError(.format, "holds \"cd\", which no token") { _ = try without.encode("abcda", addingSpecialTokens: false) }
    }
}
