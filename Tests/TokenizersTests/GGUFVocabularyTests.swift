import Support
import Testing

@testable import Tokenizers

@Suite struct GGUFVocabularyTests {
    private let small = GGUFVocabulary(
        model: "gpt2", pre: "gpt-2", tokens: ["a", "b", "ab", "<s>", "<x>"], tokenTypes: [1, 1, 1, 3, 4], merges: ["a b"], beginToken: 3)

    private func error(_ change: (inout GGUFVocabulary) -> Void) -> TrainerError? {
        var vocabulary = small
        change(&vocabulary)
        return #expect(throws: TrainerError.self) { try Tokenizer.load(gguf: vocabulary) }
    }

    @Test("control tokens are special, user defined ones are found but not special")
    func types() throws {
        let tokenizer = try Tokenizer.load(gguf: small)
        let ids = try tokenizer.encode("<s>ab<x>b", addingSpecialTokens: true).ids
        #expect(ids == [3, 2, 4, 1])
        #expect(tokenizer.decode(ids, skippingSpecialTokens: true) == "ab<x>b")
    }

    @Test("a begin token is added where the metadata say so")
    func begin() throws {
        var vocabulary = small
        vocabulary.addsBeginToken = true
        #expect(try Tokenizer.load(gguf: vocabulary).encode("a", addingSpecialTokens: true).ids == [3, 0])
        vocabulary.beginToken = nil
        #expect(throws: TrainerError.self) { try Tokenizer.load(gguf: vocabulary) }
    }

    @Test("an unknown pre-tokenizer is refused by name, and the known ones are listed")
    func unknownPreTokenizer() {
        let error = error { $0.pre = "tekken" }
        #expect(
            error?.description == "format: tokenizer.ggml.pre: is \"tekken\"; known: gpt-2, default-gpt2, smollm, llama-bpe, llama3, llama-v3, qwen2."
        )
        #expect(self.error { $0.model = "bert" }?.subject == "tokenizer.ggml.model")
    }

    @Test("lists that contradict each other are refused")
    func contradictions() {
        #expect(error { $0.tokenTypes = [1] }?.problem == "has 1 entries for 5 tokens")
        #expect(error { $0.tokens[1] = "a" }?.problem == "token \"a\" has id 1, but \"a\" with id 0 is there already")
        #expect(error { $0.merges = ["a b b"] }?.subject == "tokenizer.ggml.merges[0]")
        #expect(error { $0.model = "llama" }?.problem == "has 0 entries for 5 tokens")
        #expect(error { $0.merges = ["b a"] }?.problem.contains("\"ba\", which is not in the vocabulary") == true)
        #expect(error { $0.endToken = 5 }?.problem == "is 5, but there are 5 tokens")
    }
}
