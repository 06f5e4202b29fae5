import Foundation
import Support
import TestSupport
import Testing

@testable import Data

@Suite struct TokenPartTests {
    let name = TokenPartName(key: String(repeating: "0123456789abcdef", count: 4), index: 2, count: 5)

    func words(_ rows: [TokenizedRow], into file: DurableFile? = nil) throws -> [UInt32] {
        var writer = TokenPartWriter(name, kind: .pairs, isChat: true, into: file)
        for row in rows { try writer.append(tokens: row.tokens[...], trained: row.trained[...], record: row.line - 1) }
        writer.about.report.keptCount = rows.count
        return try writer.finish()
    }

    @Test("a part in memory and one in a file give back the rows, the report and what is known of them")
    func roundTrip() throws {
        let rows = try randomRows(300, longest: 90).all
        try withTemporaryFolder { folder in
            let path = "\(folder)/\(name.fileName)"
            let words = try words(rows)
            #expect(try self.words(rows, into: FileSystem().create(path)).isEmpty)
            #expect(try FileSystem().contents(of: path) == words.withUnsafeBytes { Array($0) })
            for part in [try TokenPart(words: words, name: name), try TokenPart(path: path, name: name)] {
                #expect(try (0..<part.rowCount).map { try part.row($0) } == rows)
                #expect(part.about.kind == .pairs && part.about.isChat && part.about.report.keptCount == 300)
                #expect(part.about.report.tokenCount == rows.reduce(0) { $0 + $1.tokens.count })
                #expect(part.about.longestRow == rows.map(\.tokens.count).max())
            }
        }
        #expect(try TokenPart(words: words([]), name: name).rowCount == 0)
    }

    @Test("pain 9: a part that goes by another key, number or count is not taken for this one")
    func otherNames() throws {
        let words = try words(randomRows(3, longest: 9).all)
        for other in [
            TokenPartName(key: name.key, index: 1, count: 5), TokenPartName(key: name.key, index: 2, count: 6),
            TokenPartName(key: String(name.key.reversed()), index: 2, count: 5),
        ] {
            #expect(throws: TrainerError.self) { try TokenPart(words: words, name: other) }
        }
    }

    @Test("cut at any word, lengthened, or with any bit flipped, a part is refused when it is opened or when the row is read; nothing traps")
    func damage() throws {
        let words = try words(randomRows(4, longest: 12).all)
        for length in 0..<words.count { #expect(throws: TrainerError.self) { try TokenPart(words: Array(words[..<length]), name: name) } }
        #expect(throws: TrainerError.self) { try TokenPart(words: words + [0], name: name) }
        #expect(throws: TrainerError.self) { try TokenPart(words: words + words, name: name) }
        for index in words.indices {
            for bit in [0, 7, 16, 31] {
                var changed = words
                changed[index] ^= 1 << UInt32(bit)
                #expect(throws: TrainerError.self, "word \(index), bit \(bit)") {
                    let part = try TokenPart(words: changed, name: name)
                    for row in 0..<part.rowCount { _ = try part.row(row) }
                }
            }
        }
    }

    @Test("columns that were made up with a fitting checksum do not lead outside the rows")
    func madeUp() throws {
        let words = try words([TokenizedRow(tokens: [1, 2], trained: [false, true], line: 1)])
        // The row takes four words; then come its start and its length.
        for (column, value) in [(4, UInt32.max), (4, 3), (5, .max), (5, 0), (5, 4), (5, 1 << 31)] {
            var changed = words
            changed[column] = value
            var check = Checksum()
            for index in 4..<8 { check.add(words: [changed[index]]) }
            let end = words.count - TokenPartFooter.wordCount
            check.add(words: changed[8..<end])
            let footer = TokenPartFooter(name: name, rowCount: 1, rowWords: 4, aboutWords: end - 8)
            changed.replaceSubrange(end..., with: footer.words(check: check))
            let part = try TokenPart(words: changed, name: name)
            #expect(throws: TrainerError.self) { try part.row(0) }
        }
    }
}
