import Support
import Testing

@testable import Tokenizers

@Suite struct PatternTests {
    private func cut(_ source: String, _ text: String, _ behavior: PreTokenizer.Behavior = .isolated, isInverted: Bool = false) throws -> [String] {
        let cut = PreTokenizer.split(.expression(try Pattern(source, subject: "test")), behavior, isInverted: isInverted)
        var pieces: [Piece] = []
        let bytes = Array(text.utf8)
        try cut.cut(bytes.span, 0..<bytes.count, Matcher(), into: &pieces)
        return pieces.map { String(decoding: bytes[$0.range], as: UTF8.self) }
    }

    @Test("the behaviours of Split cut as the library documents them")
    func behaviors() throws {
        #expect(try cut("-", "the-final--countdown", .removed) == ["the", "final", "countdown"])
        #expect(try cut("-", "the-final--countdown", .isolated) == ["the", "-", "final", "-", "-", "countdown"])
        #expect(try cut("-", "the-final--countdown", .mergedWithPrevious) == ["the-", "final-", "-", "countdown"])
        #expect(try cut("-", "the-final--countdown", .mergedWithNext) == ["the", "-final", "-", "-countdown"])
        #expect(try cut("-", "the-final--countdown", .contiguous) == ["the", "-", "final", "--", "countdown"])
        #expect(try cut("[a-z]+", "the-final", .removed, isInverted: true) == ["the", "final"])
    }

    @Test("white space is Unicode's White_Space, with U+0085 and without U+180E and U+200B")
    func whiteSpace() throws {
        for space in [
            "\t", "\n", "\u{B}", "\u{C}", "\r", " ", "\u{85}", "\u{A0}", "\u{1680}", "\u{2000}", "\u{200A}", "\u{2028}", "\u{2029}", "\u{202F}",
            "\u{205F}", "\u{3000}",
        ] {
            #expect(try cut(#"\s"#, "a\(space)b").count == 3)
            #expect(try cut(#"[^\s]+"#, "a\(space)b", .removed) == [space])
        }
        for other in ["\u{180E}", "\u{200B}", "\u{2060}", "\u{FEFF}", "\u{1C}"] {
            #expect(try cut(#"\s"#, "a\(other)b").count == 1)
            #expect(try cut(#"\S+"#, "a\(other)b", .removed).isEmpty)
        }
    }

    @Test("letters, marks and numbers of Unicode 16 are known, and what a word character is follows Oniguruma")
    func classes() throws {
        #expect(try cut(#"\p{L}+"#, "\u{31350}\u{1C89}x1", .removed) == ["1"])
        #expect(try cut(#"[^\s\p{L}\p{N}]+"#, "\u{31350}\u{11BF1}!", .removed) == ["\u{31350}\u{11BF1}"])
        #expect(try cut(#"\d"#, "\u{10D41}½", .removed) == ["½"])
        #expect(try cut(#"\w+"#, "e\u{301}_½-Ⅻ", .removed) == ["-"])
        #expect(try cut(#"\W+"#, "e\u{301}_-", .removed) == ["e\u{301}_"])
        #expect(try cut(#"\P{L}+"#, "a1b", .removed) == ["a", "b"])
    }

    @Test("case is folded, lines begin at ^, empty matches cut without end")
    func details() throws {
        #expect(try cut("(?i:'s|'t)", "it'S'ſx") == ["it", "'S", "'ſ", "x"])
        #expect(try cut("^a", "a\na") == ["a", "\n", "a"])
        #expect(try cut("(?<=x)y?", "xxyz") == ["x", "x", "y", "z"])
        #expect(try cut("", "aé").joined() == "aé")
        #expect(try cut(#"\u0041\v?"#, "bA\u{B}") == ["b", "A\u{B}"])
        #expect(try cut(Pattern.escaped("a.[b] é"), "xa.[b] éx") == ["x", "a.[b] é", "x"])
    }

    @Test(
        "what PCRE2 would read in another way is refused, with the pattern",
        arguments: [#"\h"#, #"\bx"#, #"a\K"#, "[a[b]]", "[a&&b]", "a{2}+", "a{,3}", "(?m:.)", #"[\W]"#, "(", "\\"])
    func refusals(source: String) {
        let error = #expect(throws: TrainerError.self) { try Pattern(source, subject: "tokenizer.json: pre_tokenizer.pattern") }
        #expect(error?.code == .format)
        #expect(error?.subject == "tokenizer.json: pre_tokenizer.pattern")
        #expect(error?.problem.contains(source) == true)
    }

    @Test("an empty match counts where the text starts, and not right after another match")
    func emptyMatches() throws {
        let text = AlignedText("--ab".utf8.span, 0..<4)
        let replaced = try SearchPattern.expression(Pattern("^-*|$", subject: "test")).replacing(text, with: Array("<>".utf8), Matcher())
        #expect(String(decoding: replaced.bytes, as: UTF8.self) == "<>ab<>")
        let start = try SearchPattern.expression(Pattern("^x*", subject: "test")).replacing(text, with: [0x3C], Matcher())
        #expect(String(decoding: start.bytes, as: UTF8.self) == "<--ab" && start.origins[0] == 0..<0)
    }
}
