import Data
import Support
import TestSupport
import Testing

@Suite struct TokenizedRowsTests {
    @Test("append: counts follow the flags, and a row's first token is never trained")
    func append() {
        var rows = TokenizedRows()
        rows.append(tokens: [5, 6, 7], trained: [true, true, false], line: 1)
        rows.append(tokens: [8, 9], trained: [false, true], line: 4)
        #expect(rows.count == 2)
        #expect(rows.starts == [0, 3, 5])
        #expect(rows.trained == [false, true, false, false, true])
        #expect(rows.trainedCounts == [1, 1])
        #expect(rows.trainedTokenCount == 2)
        #expect(rows.longestRow == 3)
        #expect(rows.lines == [1, 4])
    }

    @Test("append: two sets end to end are the set of all their rows")
    func merge() {
        let whole = randomRows(20, longest: 9)
        var merged = whole.selecting(0..<7)
        merged.append(whole.selecting(7..<7))
        merged.append(whole.selecting(7..<20))
        #expect(merged == whole)
        #expect(merged.contentHash == whole.contentHash)
    }

    @Test("contentHash: a changed token, mark, border or order changes it")
    func contentHash() {
        func hash(_ rows: [([Int32], [Bool])]) -> UInt64 {
            var set = TokenizedRows()
            for (tokens, trained) in rows { set.append(tokens: tokens[...], trained: trained[...], line: 1) }
            return set.contentHash
        }
        let hashes = [
            hash([([1, 2, 3], [false, true, true]), ([4, 5], [false, true])]),
            hash([([1, 2, 9], [false, true, true]), ([4, 5], [false, true])]),
            hash([([1, 2, 3], [false, false, true]), ([4, 5], [false, true])]),
            hash([([1, 2], [false, true]), ([3, 4, 5], [false, true, true])]),
            hash([([4, 5], [false, true]), ([1, 2, 3], [false, true, true])]),
            hash([([1, 2, 3], [false, true, true])]),
        ]
        #expect(Set(hashes).count == hashes.count)
    }

    @Test("split: each row lies in one part, both keep the file's order, and the seed alone decides")
    func split() throws {
        let rows = randomRows(100, longest: 9)
        let (training, validation) = try rows.split(validation: 0.1, seed: 7)
        #expect(validation.count == 10)
        #expect((training.lines + validation.lines).sorted() == Array(1...100))
        #expect(training.lines == training.lines.sorted())
        #expect(validation.lines == validation.lines.sorted())
        #expect(try rows.split(validation: 0.1, seed: 7).validation == validation)
        #expect(try rows.split(validation: 0.1, seed: 8).validation != validation)
        #expect(try rows.split(validation: 0, seed: 7).training == rows)
        #expect(try rows.split(validation: 0.001, seed: 7).validation.count == 1)
    }

    @Test("split: a share out of range, or one that leaves nothing to train on, is refused")
    func splitRefused() {
        let rows = randomRows(3, longest: 9)
        for fraction in [-0.1, 1, .nan, 0.9] {
            #expect {
                try rows.split(validation: fraction, seed: 1)
            } throws: {
                ($0 as? TrainerError)?.code == .configuration && ($0 as? TrainerError)?.subject == "data.validation"
            }
        }
    }
}
