import Testing

@testable import Tokenizers

@Suite struct AddedTokensTests {
    /// What a finder of `tokens` makes of `text`: each stretch, tokens in angle quotes.
    private func cut(_ text: String, _ tokens: AddedToken...) -> [String] {
        let finder = AddedTokenFinder(tokens, spellings: tokens.map { Array($0.content.utf8) })
        let bytes = Array(text.utf8)
        return finder.cut(bytes.span, 0..<bytes.count).map { stretch in
            let text = String(decoding: bytes[stretch.range], as: UTF8.self)
            return stretch.token == nil ? text : "«\(text)»"
        }
    }

    private func token(_ content: String) -> AddedToken { AddedToken(id: 0, content: content, isSpecial: true) }

    @Test("the longest token counts, from the left, and parts of tokens are text")
    func longest() {
        #expect(cut("x<ab<a><ab>", token("<a>"), token("<ab>"), token("<")) == ["x", "«<»", "ab", "«<a>»", "«<ab>»"])
        #expect(cut("<a<a>", token("<a>")) == ["<a", "«<a>»"])
        #expect(cut("", token("<a>")).isEmpty)
        #expect(cut("text").count == 1)
    }

    @Test("stripping takes white space of every kind along, but not what an earlier token took")
    func stripping() {
        var both = token("<m>")
        both.stripsLeft = true
        both.stripsRight = true
        #expect(cut("a \u{3000}<m>\t <m>\nb", both) == ["a", "« \u{3000}<m>\t »", "«<m>\n»", "b"])
    }

    @Test("a single word is not touched by word characters, marks and joiners among them")
    func singleWord() {
        var word = token("<w>")
        word.isSingleWord = true
        #expect(cut("<w> a<w> <w>é <w>\u{301} <w>\u{200D} -<w>.", word) == ["«<w>»", " a<w> <w>é <w>\u{301} <w>\u{200D} -", "«<w>»", "."])
    }
}
