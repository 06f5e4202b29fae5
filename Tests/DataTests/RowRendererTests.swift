import Support
import Testing

@testable import Data

@Suite struct RowRendererTests {
    func render(_ row: SourceRow, _ encoding: ByteEncoding, _ trainOn: RowOptions.TrainOn = .completions) throws -> RowRenderer.Rendered {
        try RowRenderer(encoding: encoding, trainOn: trainOn).render(row, place: "rows.jsonl:3")
    }

    @Test("a pair is one text, of which the completion and the end token are trained")
    func pair() throws {
        let rendered = try render(.pair(prompt: "ab", completion: "cd"), ByteEncoding(endToken: 0))
        #expect(rendered.ids == [97, 98, 99, 100, 0])
        #expect(rendered.trained == [false, false, true, true, true])
        #expect(rendered.turns == [.init(first: 2, end: 4)])
    }

    @Test("pain 7: a token that reaches from the prompt into the completion is trained, though the prompt alone tokenises otherwise")
    func boundary() throws {
        let encoding = ByteEncoding(merges: ["b c", "abx"], endToken: 0)
        let rendered = try render(.pair(prompt: "ab ", completion: "cd"), encoding)
        #expect(rendered.ids == [97, 256, 100, 0])
        #expect(rendered.trained == [false, true, true, true])
        // The prompt alone has three tokens, so a prefix of three would have left out the first of the completion.
        #expect(try encoding.encode("ab ", addingSpecialTokens: true).ids.count == 3)
    }

    @Test("pain 7: the boundary counts bytes, also after letters of several bytes")
    func bytes() throws {
        let rendered = try render(.pair(prompt: "é😀", completion: "é"), ByteEncoding())
        #expect(rendered.trained == Array(repeating: false, count: 6) + [true, true])
        // An accent that joins the prompt's last letter belongs to the completion.
        let joined = try render(.pair(prompt: "e", completion: "\u{301}x"), ByteEncoding())
        #expect(joined.trained == [false, true, true, true])
    }

    @Test("pain 4: marks come from positions: an end token inside the prompt is not trained, the same id at the end is")
    func identity() throws {
        let encoding = ByteEncoding(merges: ["</s>"], endToken: 256)
        let rendered = try render(.pair(prompt: "a</s>b", completion: "c</s>d"), encoding)
        #expect(rendered.ids == [97, 256, 98, 99, 256, 100, 256])
        #expect(rendered.trained == [false, false, false, true, true, true, true])
        let closed = try render(.pair(prompt: "a</s>", completion: ""), encoding)
        #expect(closed.ids == [97, 256, 256])
        #expect(closed.trained == [false, false, true])
    }

    @Test("pain 4: an end token that the completion or the tokenizer's rules bring is trained and not doubled")
    func oneEnd() throws {
        let written = try render(.pair(prompt: "a", completion: "b</s>"), ByteEncoding(merges: ["</s>"], endToken: 256))
        #expect(written.ids == [97, 98, 256])
        #expect(written.trained == [false, true, true])
        let added = try render(.pair(prompt: "a", completion: "b"), ByteEncoding(endToken: 0, addsEnd: true))
        #expect(added.ids == [97, 98, 0])
        #expect(added.trained == [false, true, true])
        #expect(added.turns == [.init(first: 1, end: 2)])
        let none = try render(.pair(prompt: "a", completion: "b"), ByteEncoding())
        #expect(none.ids == [97, 98])
        #expect(none.turns == [.init(first: 1, end: nil)])
    }

    @Test("all: every token of a text or a pair is trained, but not one that stands for none of it")
    func all() throws {
        let encoding = ByteEncoding(beginToken: 1, endToken: 2, addsBegin: true)
        for row in [SourceRow.text("abc"), .pair(prompt: "ab", completion: "c")] {
            let rendered = try render(row, encoding, .all)
            #expect(rendered.ids == [1, 97, 98, 99, 2])
            #expect(rendered.trained == [false, true, true, true, true])
        }
    }

    @Test("pain 5: two begin tokens are seen, one is as the tokenizer adds it")
    func twoBegins() throws {
        let encoding = ByteEncoding(merges: ["<s>"], beginToken: 256, endToken: 0, addsBegin: true)
        let one = try render(.pair(prompt: "a", completion: "b"), encoding)
        #expect(one.ids == [256, 97, 98, 0] && !one.beginsTwice)
        #expect(try render(.pair(prompt: "<s>a", completion: "b"), encoding).beginsTwice)
        var silent = encoding
        silent.addsBegin = false
        let written = try render(.pair(prompt: "<s>a", completion: "b"), silent)
        #expect(written.ids == [256, 97, 98, 0] && !written.beginsTwice)
    }
}
