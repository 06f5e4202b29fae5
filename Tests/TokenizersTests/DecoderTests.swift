import Testing

@testable import Tokenizers

@Suite struct DecoderTests {
    @Test("bytes in a row become their text, or a replacement character each if they are not UTF-8")
    func bytes() {
        let tokens = ["a", "<0xE2>", "<0x82>", "<0xAC>", "b", "<0xE2>", "<0x82>"]
        #expect(Decoder.byteFallback.apply(to: tokens) == ["a", "€", "b", "\u{FFFD}", "\u{FFFD}"])
        #expect(Decoder.byte("<0x0A>") == 10 && Decoder.byte("<0x-0>") == nil && Decoder.byte("<0xG0>") == nil && Decoder.byte("<0x0A>>") == nil)
    }

    @Test("strip takes up to so many off each end, also where nothing else is there")
    func strip() {
        let strip = Decoder.strip(" ", start: 1, stop: 2)
        #expect(strip.apply(to: ["  a   ", " ", "", "a"]) == [" a ", "", "", "a"])
    }

    @Test("metaspace drops the marks of the first token only, and only if one was put there")
    func metaspace() {
        let mark = Metaspace.sentencePiece
        #expect(Decoder.metaspace(Metaspace(replacement: mark)).apply(to: ["▁a", "▁b"]) == ["a", " b"])
        #expect(Decoder.metaspace(Metaspace(replacement: mark, scheme: .never)).apply(to: ["▁a", "▁b"]) == [" a", " b"])
    }

    @Test("a single token keeps its space and its byte, so that a text can be shown while it is written")
    func streaming() throws {
        let tokenizer = try References.load("llama2")
        let text = "the 漢 €½ naïve"
        let ids = try tokenizer.encode(text, addingSpecialTokens: false).ids
        #expect(String(decoding: ids.flatMap { tokenizer.tokenBytes($0) }, as: UTF8.self) == " " + text)
        #expect(tokenizer.decode(ids, skippingSpecialTokens: true) == text)
    }
}
