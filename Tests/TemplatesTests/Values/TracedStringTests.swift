import Testing

@testable import Templates

@Suite struct TracedStringTests {
    private let origin = TemplateOrigin.message(index: 1, field: "content")

    @Test("joined and cut texts keep the runs of their parts")
    func runs() {
        var text = TracedString("ab")
        text.append(TracedString("çd", origin: origin))
        text.append(TracedString("e"))
        #expect(text.text == "abçde" && text.count == 5)
        #expect(text.runs.map(\.end) == [2, 5, 6])
        let part = text[1..<4]
        #expect(part.text == "bç" && part.runs.map(\.end) == [1, 3] && part.runs.last?.mark.origin == origin)
        #expect(text[0..<2].runs.isEmpty && text[2..<2].isEmpty)
    }

    @Test("texts of equal looks and other bytes differ")
    func equality() {
        #expect(TracedString("é") != TracedString("e\u{301}"))
        #expect(TracedString("a") == TracedString("a", origin: origin))
    }

    @Test("places are found without overlaps from either side")
    func searching() {
        let text = TracedString("aabaaab")
        #expect(text.occurrences(Array("aa".utf8)) == [0, 3])
        #expect(text.split(Array("aa".utf8), limit: .max, fromRight: false).map(\.text) == ["", "b", "ab"])
        #expect(text.split(Array("aa".utf8), limit: 1, fromRight: true).map(\.text) == ["aaba", "b"])
        #expect(text.find(Array("ab".utf8), in: 2..<7) == 5 && text.findLast(Array("aab".utf8)) == 4)
    }

    @Test(
        "doubles print as Python's",
        arguments: [
            (1.0, "1.0"), (0.1, "0.1"), (1e16, "1e+16"), (12345678901234568, "1.2345678901234568e+16"), (9999999999999998, "9999999999999998.0"),
            (1e-5, "1e-05"),
            (0.00012, "0.00012"), (-0.0, "-0.0"), (1e100, "1e+100"), (.leastNonzeroMagnitude, "5e-324"), (.infinity, "inf"), (1.5e300, "1.5e+300"),
            (123.456, "123.456"),
        ])
    func doubles(_ value: Double, _ text: String) { #expect(value.pythonText == text) }
}
