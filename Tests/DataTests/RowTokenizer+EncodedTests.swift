import Data
import Support
import TestSupport
import Testing

@Suite struct RowTokenizerEncodedTests {
    func part() throws -> RowTokenizer.Part {
        let lines = (0..<40).map { "{\"prompt\": \"\(String(repeating: "p", count: $0 % 13))\", \"completion\": \"\($0)\"}\n" }.joined()
        return try withLines(lines.utf8) { path in
            let options = RowOptions(sequenceLength: 9, overLength: .truncate)
            let file = try DataFiles([path])
            return try RowTokenizer(files: file, encoding: ByteEncoding(endToken: 0), options: options).tokenize(records: 0..<file.recordCount)
        }
    }

    @Test("a part written and read is the same, the rows without a trained token included")
    func roundTrip() throws {
        let part = try part()
        #expect(part.report.cutAway.count > 5)
        #expect(part.report.cutAway.firstRecords.count == 5)
        #expect(try RowTokenizer.Part(encoded: part.encoded) == part)
        #expect(try RowTokenizer.Part(encoded: RowTokenizer.Part().encoded) == RowTokenizer.Part())
    }

    @Test("words that are missing, too many or of another version are refused")
    func damaged() throws {
        let words = try part().encoded
        for length in [0, 1, 5, 30, words.count - 1] {
            #expect(throws: TrainerError.self) { try RowTokenizer.Part(encoded: Array(words.prefix(length))) }
        }
        #expect(throws: TrainerError.self) { try RowTokenizer.Part(encoded: words + [0]) }
        for index in 0..<5 {
            var changed = words
            changed[index] += 1
            #expect(throws: TrainerError.self) { try RowTokenizer.Part(encoded: changed) }
        }
    }
}
