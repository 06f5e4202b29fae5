import Support
import Testing

@testable import Evaluation

@Suite struct TextStreamTests {
    /// The pieces of bytes that come in parts of random sizes.
    private func pieces(_ bytes: [UInt8], stops: [String] = [], stream: UInt64) -> (pieces: [String], isStopped: Bool) {
        let random = Philox(seed: 1, purpose: .sampling)
        var textStream = TextStream(stopStrings: stops)
        var pieces: [String] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + Int(random.words(UInt64(start), stream).0 % 4))
            pieces.append(textStream.append(Array(bytes[start..<max(end, start + 1)])))
            start = max(end, start + 1)
        }
        pieces.append(textStream.finish())
        #expect(pieces.joined().utf8.elementsEqual(textStream.text.utf8))
        return (pieces, textStream.isStopped)
    }

    @Test("pieces never split a character, and together are the text")
    func characters() {
        let text = "Grüße, 世界! 👩‍👩‍👧 é \u{10FFFF} end"
        for stream in 0..<50 {
            let found = pieces(Array(text.utf8), stream: UInt64(stream)).pieces
            #expect(found.joined().utf8.elementsEqual(text.utf8))
            #expect(!found.contains { $0.contains("\u{FFFD}") })
        }
    }

    @Test("bytes that are not UTF-8 become the same U+FFFD as in the whole text")
    func damaged() {
        let random = Philox(seed: 2, purpose: .sampling)
        let lead: [UInt8] = [0x41, 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x98, 0x80, 0xFF, 0x80]
        for stream in 0..<200 {
            let bytes = (0..<30).map { lead[Int(random.words($0, UInt64(stream)).0) % lead.count] }
            let found = pieces(bytes, stream: UInt64(stream)).pieces.joined()
            #expect(found.utf8.elementsEqual(String(decoding: bytes, as: UTF8.self).utf8))
        }
    }

    @Test("a stop string is cut off with all that follows, and no part of it is ever shown")
    func stops() {
        for stream in 0..<50 {
            let found = pieces(Array("one\n two\n\nthree".utf8), stops: ["\n\n", "###"], stream: UInt64(stream))
            #expect(found.pieces.joined() == "one\n two" && found.isStopped)
        }
        var textStream = TextStream(stopStrings: ["</s>", "é!"])
        #expect(textStream.append(Array("a <".utf8)) == "a ")
        #expect(textStream.append(Array("/s é".utf8)) == "</s ")
        #expect(textStream.append(Array("?".utf8)) == "é?")
        #expect(textStream.append(Array("</".utf8)) == "")
        #expect(textStream.finish() == "</" && !textStream.isStopped)
    }

    @Test("the stop string that begins first counts")
    func first() {
        var textStream = TextStream(stopStrings: ["c", "bcd"])
        #expect(textStream.append(Array("abcd".utf8)) == "a" && textStream.isStopped)
        #expect(textStream.append(Array("more".utf8)) == "")
    }
}
