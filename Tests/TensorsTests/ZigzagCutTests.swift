import Support
import Tensors
import Testing

@Suite struct ZigzagCutTests {
    /// Sequences of 1 to 40 tokens, some of them shorter than any number of chunks.
    private static func starts(_ trial: UInt64) -> [Int] {
        let philox = Philox(seed: 9, purpose: .sampling)
        let lengths = (0..<7 as Range<UInt64>).map { 1 + Int(philox.words($0, trial).0 % ($0 < 3 ? 5 : 40)) }
        return lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    }

    @Test("rows: each belongs to one rank, and a rank has of each sequence as many as another to within two", arguments: 1...5)
    func partition(size: Int) {
        for trial in 0..<20 as Range<UInt64> {
            let starts = Self.starts(trial)
            let ranks = (0..<size).map { ZigzagCut($0, of: size, wholeStarts: starts).wholeRows(ofRank: $0) }
            #expect(ranks.flatMap { $0.flatMap { $0 } }.sorted() == Array(0..<starts[7]))
            for (rank, rows) in ranks.enumerated() {
                let cut = ZigzagCut(0, of: size, wholeStarts: starts)
                #expect(rows.flatMap { $0 } == rows.flatMap { $0 }.sorted() && cut.tokenCount(ofRank: rank) == rows.reduce(0) { $0 + $1.count })
            }
            for sequence in 0..<7 {
                let counts = ranks.map { $0[2 * sequence].count + $0[2 * sequence + 1].count }
                #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 2)
            }
        }
    }

    @Test("pain 8, 34: round the ring each token sees itself and all before it in its sequence, each once, and nothing else", arguments: 1...5)
    func spans(size: Int) {
        for trial in 0..<20 as Range<UInt64> {
            let starts = Self.starts(trial)
            var seen = [[Int]](repeating: [], count: starts[7])
            for rank in 0..<size {
                let cut = ZigzagCut(rank, of: size, wholeStarts: starts)
                #expect(Set((0..<size).map { cut.holder(step: $0) }) == Set(0..<size) && cut.holder(step: 0) == rank)
                let queryRows = cut.wholeRows(ofRank: rank).flatMap { $0 }
                for step in 0..<size {
                    let keyRows = cut.wholeRows(ofRank: cut.holder(step: step)).flatMap { $0 }
                    for span in cut.spans(onKeysOf: cut.holder(step: step)) {
                        #expect(!span.queries.isEmpty && !span.keys.isEmpty && span.isCausal == (step == 0))
                        for (index, query) in span.queries.enumerated() {
                            let keys = span.isCausal ? span.keys.prefix(index + 1 + span.keys.count - span.queries.count) : span.keys
                            seen[queryRows[query]] += keys.map { keyRows[$0] }
                        }
                    }
                }
            }
            for (start, end) in zip(starts, starts.dropFirst()) {
                for row in start..<end { #expect(seen[row].sorted() == Array(start...row)) }
            }
        }
    }

    @Test("the work of a long sequence is the same on every rank to within 1 percent", arguments: 2...5)
    func balance(size: Int) {
        let work = (0..<size).map { rank in
            let cut = ZigzagCut(rank, of: size, wholeStarts: [0, 4001])
            return (0..<size).flatMap { cut.spans(onKeysOf: $0) }.reduce(0.0) { sum, span in
                let (queries, keys) = (Double(span.queries.count), Double(span.keys.count))
                return sum + (span.isCausal ? queries * (queries + 1) / 2 : queries * keys)
            }
        }
        #expect((work.max() ?? 0) <= 1.01 * (work.min() ?? 0))
        #expect(work.reduce(0, +) == 4001 * 4002 / 2)
    }
}
