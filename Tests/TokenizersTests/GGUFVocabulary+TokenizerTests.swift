import Foundation
import Support
import TestSupport
import Testing

@testable import Tokenizers

@Suite struct GGUFVocabularyTokenizerTests {
    @Test(
        "a folder's tokenizer as GGUF metadata gives the same ids, and the name of how it cuts text",
        arguments: [("gpt2", "gpt-2"), ("smollm", "smollm"), ("llama3", "llama-bpe"), ("qwen2", "qwen2")])
    func sameIDs(_ name: String, _ pre: String) throws {
        let source = try References.load(name)
        let vocabulary = try GGUFVocabulary(source, size: source.vocabularySize + 3)
        #expect(vocabulary.model == "gpt2" && vocabulary.pre == pre)
        #expect(vocabulary.addsBeginToken == (name == "llama3"))
        let tokenizer = try Tokenizer.load(gguf: vocabulary)
        for line in try References.lines().enumerated().filter({ $0.offset % 7 == 0 }).map(\.element) {
            #expect(try tokenizer.encode(line, addingSpecialTokens: true).ids == source.encode(line, addingSpecialTokens: true).ids)
        }
        for id in 0..<Int32(source.vocabularySize) {
            #expect(tokenizer.token(of: id) == source.token(of: id) && tokenizer.isSpecial(id) == source.isSpecial(id))
        }
        #expect(vocabulary.tokenTypes.suffix(3) == [5, 5, 5] && vocabulary.tokens.last == "[PAD\(source.vocabularySize + 2)]")
    }

    @Test("metadata, through a tokenizer, are the same metadata")
    func thereAndBack() throws {
        var vocabulary = try References.smolLM2()
        (vocabulary.unknownToken, vocabulary.paddingToken, vocabulary.addsEndToken) = (0, 2, true)
        #expect(try GGUFVocabulary(Tokenizer.load(gguf: vocabulary), size: vocabulary.tokens.count) == vocabulary)
    }

    @Test("special tokens of a GGUF file are in tokenizer_config.json, and a folder's come back")
    func specialTokens() throws {
        var vocabulary = try References.smolLM2()
        (vocabulary.unknownToken, vocabulary.paddingToken) = (0, 2)
        try withTemporaryFolder { folder in
            try Tokenizer.load(gguf: vocabulary).save(to: folder)
            let tokenizer = try Tokenizer.load(folder: folder)
            #expect([tokenizer.beginToken, tokenizer.endToken, tokenizer.unknownToken, tokenizer.paddingToken] == [1, 2, 0, 2])
            #expect(tokenizer.chatTemplate == vocabulary.chatTemplate)
        }
    }

    @Test("what GGUF can't say is refused, or named as a loss")
    func limits() throws {
        let splits = try References.load("splits")
        let error = #expect(throws: TrainerError.self) { try GGUFVocabulary(splits, size: 1000) }
        #expect(error?.description.contains("cuts text as none of GGUF's gpt-2, smollm, llama-bpe and qwen2 does") == true)
        #expect(throws: TrainerError.self) { try GGUFVocabulary(try References.load("gpt2"), size: 100) }
        let trimmed = #expect(throws: TrainerError.self) { try GGUFVocabulary(try References.load("trimmed"), size: 1000) }
        #expect(trimmed?.description.contains("added token \"<mask>\": has lstrip, which GGUF can't say") == true)
        let qwen = try References.load("qwen2")
        #expect(try GGUFVocabulary(qwen, size: qwen.vocabularySize).losses(of: qwen).isEmpty)
    }
}
