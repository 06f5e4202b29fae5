import Support
import TestSupport
import Testing

@testable import Tokenizers

@Suite struct CharacterMapTests {
    private func table() throws -> CharacterMap {
        guard case .precompiled(let map)? = try References.load("t5").definition.normalizers.first else {
            throw TrainerError(.format, "fixture t5", "has no table")
        }
        return map
    }

    private func applied(_ text: String) throws -> (text: String, origins: [Range<Int>]) {
        let result = try table().apply(to: AlignedText(text.utf8.span, 0..<text.utf8.count))
        return (String(decoding: result.bytes, as: UTF8.self), result.origins)
    }

    @Test("marks join their letter, line ends become a space, and control characters go")
    func changes() throws {
        #expect(try applied("e\u{301}x").text == "\u{E9}x")
        #expect(try applied("e\u{301}x").origins == [0..<1, 0..<1, 3..<4])
        #expect(try applied("a\r\nb").text == "a b")
        #expect(try applied("a\u{1}b").text == "ab")
        #expect(try table().leaves("plain text".utf8.span, 0..<10) && !table().leaves("a\tb".utf8.span, 0..<3))
    }

    @Test("a table with any byte changed, or cut anywhere, is refused or read without a trap")
    func damaged() throws {
        let bytes = try table().bytes
        let text = "e\u{301}\u{1}½ é\r\n漢字 ﬁ👩‍👩‍👧‍👦"
        func attempt(_ bytes: [UInt8]) {
            guard let map = try? CharacterMap(bytes, subject: "table") else { return }
            _ = map.apply(to: AlignedText(text.utf8.span, 0..<text.utf8.count))
        }
        for count in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 100)) { attempt(Array(bytes[..<count])) }
        for index in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 500)) {
            for value in [0, 0xFF, bytes[index] ^ 0x80] {
                var changed = bytes
                changed[index] = value
                attempt(changed)
            }
        }
        expectError(.format, "too few") { _ = try CharacterMap([], subject: "table") }
        expectError(.format, "100 bytes") { _ = try CharacterMap([100, 0, 0, 0, 1, 2, 3, 4], subject: "table") }
    }

    @Test("clusters: ASCII alone, line ends, marks and emoji together, all of the text in order")
    func clusters() {
        func clusters(_ text: String) -> [Int] {
            var counts: [Int] = []
            var end = 0
            GraphemeClusters.forEach(in: text.utf8.span) { range, count in
                #expect(range.lowerBound == end)
                end = range.upperBound
                counts.append(count)
            }
            #expect(end == text.utf8.count)
            return counts
        }
        #expect(clusters("ab\r\nc\r\r\n") == [1, 1, 2, 1, 1, 2])
        #expect(clusters("ae\u{301}b") == [1, 2, 1])
        #expect(clusters("x👩‍👩‍👧‍👦y") == [1, 7, 1])
        #expect(clusters("") == [])
    }
}
