import Testing

@testable import Tokenizers

@Suite struct CompositionTests {
    private func composed(_ text: String) -> (scalars: [UInt32], origins: [Range<Int>])? {
        let result = Composition.composed(text.utf8.span, 0..<text.utf8.count)
        return result.map { (String(decoding: $0.bytes, as: UTF8.self).unicodeScalars.map { $0.value }, $0.origins) }
    }

    @Test("text in normalisation form C is left alone")
    func unchanged() {
        for text in ["", "plain", "é ấ 각 漢字 क", "q\u{323}\u{307}", "\u{1DF9}\u{300}"] {
            #expect(composed(text) == nil, "\(text.debugDescription)")
        }
    }

    @Test("marks join the letter before them, and the result stands for the letter alone")
    func marks() throws {
        let result = try #require(composed("xe\u{301}y"))
        #expect(result.scalars == [0x78, 0xE9, 0x79])
        #expect(result.origins == [0..<1, 1..<2, 1..<2, 4..<5])
    }

    @Test("marks are put in canonical order, and one in between blocks nothing it should not")
    func order() {
        #expect(composed("q\u{307}\u{323}")?.scalars == [0x71, 0x323, 0x307])
        #expect(composed("a\u{327}\u{301}")?.scalars == [0xE1, 0x327])
        #expect(composed("\u{344}")?.scalars == [0x308, 0x301])
    }

    @Test("Hangul syllables, compositions in two steps and singletons are joined")
    func starters() {
        #expect(composed("\u{1100}\u{1161}\u{11A8}")?.scalars == [0xAC01])
        #expect(composed("\u{AC00}\u{11A8}")?.scalars == [0xAC01])
        #expect(composed("\u{CCA}\u{CD5}")?.scalars == [0xCCB])
        #expect(composed("\u{AC00}\u{11A7}x")?.scalars == [0xAC00, 0x11A7, 0x78])
        #expect(composed("\u{212B}")?.scalars == [0xC5])
        #expect(composed("\u{958}")?.scalars == [0x915, 0x93C])
    }
}
