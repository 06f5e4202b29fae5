import Support
import TestSupport
import Testing

@testable import Data

@Suite struct TokenizedRowsTests {
    @Test("rows are read as they were given, counts follow the flags, and a row's first token is never trained")
    func reading() throws {
        let given = [
            TokenizedRow(tokens: [5, 6, 7], trained: [true, true, false], line: 1), TokenizedRow(tokens: [8, -9], trained: [false, true], line: 4),
            TokenizedRow(tokens: Array(0..<70), trained: (0..<70).map { $0 % 3 > 0 }, line: 5),
        ]
        let rows = try TokenizedRows(given)
        #expect(try rows.all == given)
        #expect(given[0].trained == [false, true, false])
        #expect((0..<3).map { rows.length(of: $0) } == [3, 2, 70])
        #expect((0..<3).map { rows.trainedCount(of: $0) } == [1, 1, 46])
        #expect(rows.trainedTokenCount == 48 && rows.tokenCount == 75 && rows.longestRow == 70)
        #expect(rows.lines == [1, 4, 5])
        #expect(TokenizedRows().isEmpty && TokenizedRows().longestRow == 0)
    }

    @Test("contentHash: a changed token, mark, border or order changes it")
    func contentHash() throws {
        func hash(_ rows: [([Int32], [Bool])]) throws -> UInt64 {
            try TokenizedRows(rows.map { TokenizedRow(tokens: $0.0, trained: $0.1, line: 1) }).contentHash
        }
        let hashes = [
            try hash([([1, 2, 3], [false, true, true]), ([4, 5], [false, true])]),
            try hash([([1, 2, 9], [false, true, true]), ([4, 5], [false, true])]),
            try hash([([1, 2, 3], [false, false, true]), ([4, 5], [false, true])]),
            try hash([([1, 2], [false, true]), ([3, 4, 5], [false, true, true])]),
            try hash([([4, 5], [false, true]), ([1, 2, 3], [false, true, true])]),
            try hash([([1, 2, 3], [false, true, true])]),
        ]
        #expect(Set(hashes).count == hashes.count)
    }

    @Test("split: each row lies in one part, both keep the file's order, and the seed alone decides", arguments: [0.001, 0.1, 0.5, 0.98])
    func split(fraction: Double) throws {
        let rows = try randomRows(100, longest: 9)
        let all = try rows.all
        let (training, validation) = try rows.split(validation: fraction, seed: 7)
        #expect(validation.count == max(1, Int(100 * fraction)) && training.count == 100 - validation.count)
        #expect((training.lines + validation.lines).sorted() == Array(1...100))
        for part in [training, validation] {
            #expect(part.lines == part.lines.sorted())
            #expect(try part.all == part.lines.map { all[$0 - 1] })
            #expect(part.tokenCount == (try part.tokens.count))
            #expect(part.trainedTokenCount == (try part.trained.count { $0 }))
            #expect(part.longestRow == (try part.all.map(\.tokens.count).max()))
        }
        let (again, other) = (try rows.split(validation: fraction, seed: 7), try rows.split(validation: fraction, seed: 8))
        #expect(again.validation.contentHash == validation.contentHash && again.training.contentHash == training.contentHash)
        #expect(other.training.contentHash != training.contentHash && other.validation.lines != validation.lines)
        #expect(Set([rows.contentHash, training.contentHash, validation.contentHash]).count == 3)
    }

    @Test("split: nothing set aside leaves the rows as they are")
    func noSplit() throws {
        let rows = try randomRows(9, longest: 9)
        let (training, validation) = try rows.split(validation: 0, seed: 7)
        #expect(training.contentHash == rows.contentHash && validation.isEmpty)
    }

    @Test("split: a share out of range, or one that leaves nothing to train on, is refused")
    func splitRefused() throws {
        let rows = try randomRows(3, longest: 9)
        for fraction in [-0.1, 1, .nan, 0.9] {
            #expect {
                try rows.split(validation: fraction, seed: 1)
            } throws: {
                ($0 as? TrainerError)?.code == .configuration && ($0 as? TrainerError)?.subject == "data.validation"
            }
        }
    }
}
