import Support
import TestSupport
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

    /// A vocabulary of the model "llama" with the tokens of the fixture llama2; sentencepiece numbers the scores of BPE down from 0.
    private func sentencePiece() throws -> (vocabulary: GGUFVocabulary, reference: Tokenizer) {
        let reference = try References.load("llama2")
        let tokens = (0..<1400).compactMap { reference.token(of: $0) }
        let types = tokens.indices.map { id in id == 0 ? Int32(2) : id < 3 ? 3 : id < 259 ? 6 : 1 }
        let scores = tokens.indices.map { $0 < 259 ? 0 : Double(259 - $0) }
        return (GGUFVocabulary(model: "llama", tokens: tokens, tokenTypes: types, scores: scores, beginToken: 1, endToken: 2), reference)
    }

    @Test("llama: merges made of scores are those of the model's own tokenizer.json, and so are ids and offsets")
    func llama() throws {
        let (vocabulary, reference) = try sentencePiece()
        let tokenizer = try Tokenizer.load(gguf: vocabulary)
        guard case .pairs(let made) = tokenizer.definition.model, case .pairs(let wanted) = reference.definition.model else {
            return #expect(Bool(false))
        }
        #expect(made.merges == wanted.merges)
        // The reference has two added tokens more.
        for line in try References.lines().prefix(600) where !line.contains("[word]") && !line.contains("<extra>") {
            #expect(try tokenizer.encode(line, addingSpecialTokens: true) == reference.encode(line, addingSpecialTokens: true))
        }
    }

    @Test("llama: the tokenizer.json that is written gives the same ids; without a space prefix no space is put before or taken off")
    func llamaSaved() throws {
        var (vocabulary, _) = try sentencePiece()
        vocabulary.addsSpacePrefix = false
        let tokenizer = try Tokenizer.load(gguf: vocabulary)
        let ids = try tokenizer.encode("the\n</s> the", addingSpecialTokens: true).ids
        #expect(ids.first == 1 && ids.contains(2))
        #expect(tokenizer.token(of: ids[1])?.hasPrefix("\u{2581}") == false)
        #expect(tokenizer.decode(ids, skippingSpecialTokens: true) == "the\n the")
        try withTemporaryFolder { folder in
            try tokenizer.save(to: folder)
            let loaded = try Tokenizer.load(folder: folder)
            #expect(loaded.fingerprint == tokenizer.fingerprint)
            #expect(loaded.beginToken == 1 && loaded.endToken == 2)
            for line in try References.lines().prefix(200) {
                #expect(try loaded.encode(line, addingSpecialTokens: true) == tokenizer.encode(line, addingSpecialTokens: true))
            }
        }
    }

    @Test("t5: scores and the characters' table give the ids of the model's own tokenizer.json")
    func t5() throws {
        let reference = try References.load("t5")
        guard case .unigram(let model) = reference.definition.model, case .precompiled(let map)? = reference.definition.normalizers.first else {
            return #expect(Bool(false))
        }
        let tokens = model.scores.indices.compactMap { reference.token(of: Int32($0)) }
        let types = tokens.indices.map { id in id == 0 ? Int32(2) : id < 3 ? 3 : 1 }
        var vocabulary = GGUFVocabulary(
            model: "t5", tokens: tokens, tokenTypes: types, scores: model.scores, endToken: 2, unknownToken: 0)
        vocabulary.characterMap = map.bytes
        vocabulary.removesExtraSpaces = true
        let tokenizer = try Tokenizer.load(gguf: vocabulary)
        // White space that the table leaves alone is cut at by the reference only.
        let lines = try References.lines().prefix(1200).filter { line in
            !line.contains("[word]") && !line.contains("<extra>") && line.allSatisfy { !$0.isWhitespace || $0 == " " }
        }
        #expect(lines.count > 500)
        for line in lines {
            #expect(try tokenizer.encode(line, addingSpecialTokens: true) == reference.encode(line, addingSpecialTokens: true))
        }
        vocabulary.removesExtraSpaces = false
        let kept = try Tokenizer.load(gguf: vocabulary).encode("  the", addingSpecialTokens: false).ids
        #expect(try kept.count == tokenizer.encode("  the", addingSpecialTokens: false).ids.count + 2)
    }

    @Test("scores that are no numbers, unknown tokens out of range and damaged tables are refused")
    func damagedScores() {
        func scoredError(_ change: (inout GGUFVocabulary) -> Void) -> TrainerError? {
            error {
                $0.model = "t5"
                $0.scores = [0, -1, -2, -3, -4]
                $0.endToken = 3
                $0.addsEndToken = true
                change(&$0)
            }
        }
        #expect(scoredError { $0.scores[1] = .nan }?.subject == "tokenizer.ggml.scores[1]")
        #expect(scoredError { $0.unknownToken = 9 }?.problem == "is 9, but there are 5 tokens")
        #expect(scoredError { $0.characterMap = [1, 2, 3] }?.subject == "tokenizer.ggml.precompiled_charsmap")
        #expect(scoredError { $0.endToken = nil }?.subject == "tokenizer.ggml.add_eos_token")
        let long = error {
            $0.model = "llama"
            $0.scores = [0, -1, -2, -3, -4]
            $0.tokens[0] = String(repeating: "a", count: 2000)
        }
        #expect(long?.problem.contains("2000 bytes") == true)
    }
}
