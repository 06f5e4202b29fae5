import Support
import TestSupport
import Testing

@testable import Data

@Suite struct LineFileTests {
    @Test("lines end at line feeds, and the last may lack its own")
    func lines() throws {
        for (text, wanted) in [("", []), ("a", ["a"]), ("a\n", ["a\n"]), ("a\n\nb", ["a\n", "\n", "b"]), ("\u{FEFF}a\r\nb\n", ["a\r\n", "b\n"])] {
            try withLines(text.utf8) { path in
                let file = try LineFile(path: path)
                #expect((0..<file.lineCount).map { String(decoding: file.line($0), as: UTF8.self) } == wanted)
            }
        }
    }

    @Test("shares hold each line once, in order, and none is much larger than another")
    func shares() throws {
        let text = (0..<200).map { String(repeating: "x", count: $0 % 17) + "\n" }.joined()
        try withLines(text.utf8) { path in
            let file = try LineFile(path: path)
            for count in [1, 2, 3, 7, 300] {
                let shares = (0..<count).map { file.share($0, of: count) }
                #expect(shares.flatMap { Array($0) } == Array(0..<200))
                let sizes = shares.map { $0.reduce(0) { $0 + file.line($1).count } }
                #expect(sizes.allSatisfy { $0 <= text.utf8.count / count + 17 })
            }
        }
    }

    @Test("a file that is not there is named")
    func missing() {
        #expect {
            try LineFile(path: "/nowhere/rows.jsonl")
        } throws: {
            ($0 as? TrainerError)?.code == .file && ($0 as? TrainerError)?.subject == "/nowhere/rows.jsonl"
        }
    }
}
