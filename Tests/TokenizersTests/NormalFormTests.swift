import Testing

@testable import Tokenizers

@Suite struct NormalFormTests {
    private func normalized(_ text: String, _ form: NormalForm = .c) -> (scalars: [UInt32], origins: [Range<Int>])? {
        guard !form.leaves(text.utf8.span, 0..<text.utf8.count) else { return nil }
        let result = form.apply(to: AlignedText(text.utf8.span, 0..<text.utf8.count))
        return (String(decoding: result.bytes, as: UTF8.self).unicodeScalars.map { $0.value }, result.origins)
    }

    @Test("text in normalisation form C is left alone")
    func unchanged() {
        for text in ["", "plain", "é ấ 각 漢字 क", "q\u{323}\u{307}", "\u{1DF9}\u{300}"] {
            #expect(normalized(text) == nil, "\(text.debugDescription)")
        }
    }

    @Test("marks join the letter before them, and the result stands for the letter alone")
    func marks() throws {
        let result = try #require(normalized("xe\u{301}y"))
        #expect(result.scalars == [0x78, 0xE9, 0x79])
        #expect(result.origins == [0..<1, 1..<2, 1..<2, 4..<5])
    }

    @Test("marks are put in canonical order, and one in between blocks nothing it should not")
    func order() {
        #expect(normalized("q\u{307}\u{323}")?.scalars == [0x71, 0x323, 0x307])
        #expect(normalized("a\u{327}\u{301}")?.scalars == [0xE1, 0x327])
        #expect(normalized("\u{344}")?.scalars == [0x308, 0x301])
    }

    @Test("Hangul syllables, compositions in two steps and singletons are joined")
    func starters() {
        #expect(normalized("\u{1100}\u{1161}\u{11A8}")?.scalars == [0xAC01])
        #expect(normalized("\u{AC00}\u{11A8}")?.scalars == [0xAC01])
        #expect(normalized("\u{CCA}\u{CD5}")?.scalars == [0xCCB])
        #expect(normalized("\u{AC00}\u{11A7}x")?.scalars == [0xAC00, 0x11A7, 0x78])
        #expect(normalized("\u{212B}")?.scalars == [0xC5])
        #expect(normalized("\u{958}")?.scalars == [0x915, 0x93C])
    }

    @Test("decomposed forms stand for the letter they came from, and compatibility forms take ligatures and wide letters apart")
    func otherForms() throws {
        let decomposed = try #require(normalized("xéy", .d))
        #expect(decomposed.scalars == [0x78, 0x65, 0x301, 0x79])
        #expect(decomposed.origins == [0..<1, 1..<3, 1..<3, 1..<3, 3..<4])
        #expect(normalized("ﬁ½Ａ\u{301}", .kc)?.scalars == [0x66, 0x69, 0x31, 0x2044, 0x32, 0xC1])
        #expect(normalized("ﬁé", .kd)?.scalars == [0x66, 0x69, 0x65, 0x301])
        #expect(normalized("ﬁ", .d) == nil && normalized("ab", .kc) == nil)
    }
}
