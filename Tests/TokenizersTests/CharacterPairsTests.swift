import Support
import Testing

@testable import Tokenizers

@Suite struct CharacterPairsTests {
    /// Tokens of "▁ab ▁b" and the like, with the merges given; ids in the order of `tokens`.
    private func encode(_ text: String, tokens: [String], merges: [(String, String)]) throws -> [Int32] {
        var definition = TokenizerDefinition(subject: "test")
        for (id, token) in tokens.enumerated() { try definition.addToken(token, id: id) }
        var model = PairModel()
        for (left, right) in merges { model.merges.append(try definition.merge(left, right, subject: "test")) }
        definition.model = .pairs(model)
        return try Tokenizer(definition, files: .init()).encode(text, addingSpecialTokens: false).ids
    }

    @Test("a merge that reaches across the start of a word is found, and one that does not leaves words apart")
    func acrossWords() throws {
        let tokens = ["▁", "a", "b", "a▁", "▁b", "a▁b"]
        #expect(try encode("a▁b▁a", tokens: tokens, merges: [("▁", "b")]) == [1, 4, 0, 1])
        #expect(try encode("a▁b▁a", tokens: tokens, merges: [("a", "▁"), ("a▁", "b")]) == [5, 0, 1])
        #expect(try encode("b▁b", tokens: tokens, merges: [("a", "▁"), ("▁", "b")]) == [2, 4])
    }

    @Test("characters without a token and without an unknown token are left out")
    func leftOut() throws {
        #expect(try encode("xaxb", tokens: ["a", "b", "ab"], merges: [("a", "b")]) == [2])
        #expect(try encode("xyz", tokens: ["a"], merges: []) == [])
    }
}
