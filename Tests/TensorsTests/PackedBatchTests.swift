import Support
import Tensors
import Testing

@Suite struct PackedBatchTests {
    @Test("targets: each trained token is predicted by the row before it")
    func shift() {
        let batch = PackedBatch(
            tokens: [10, 11, 12, 20, 21, 22, 23], sequenceStarts: [0, 3, 7], trained: [false, true, true, false, false, true, true],
            globalPositions: [5, 6, 7, 100, 101, 102, 103])
        #expect(batch.positions == [0, 1, 2, 0, 1, 2, 3])
        #expect(batch.targetRows == [0, 1, 4, 5])
        #expect(batch.targets == [11, 12, 22, 23])
        #expect(batch.tokenCount == 7)
        #expect(batch.sequenceCount == 2)
        #expect(batch.longestSequence == 4)
    }

    @Test("pain 8: no target crosses a boundary, and a sequence's last token has none")
    func boundaries() {
        let philox = Philox(seed: 8, purpose: .sampling)
        for trial in 0..<50 as Range<UInt64> {
            let lengths = (0..<6 as Range<UInt64>).map { Int(philox.words($0, trial).0 % 5) + 1 }
            let starts = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
            let count = starts[6]
            // Every token is marked, the first of each sequence too: the worst that a caller can hand over.
            let batch = PackedBatch(
                tokens: (0..<Int32(count)).map { $0 + 1000 }, sequenceStarts: starts, trained: Array(repeating: true, count: count),
                globalPositions: (0..<Int64(count)).map { $0 })
            let lastTokens = Set(starts.dropFirst().map { Int32($0 - 1) })
            #expect(batch.targetRows == (0..<Int32(count)).filter { !lastTokens.contains($0) })
            #expect(batch.targets == batch.targetRows.map { $0 + 1001 })
        }
    }

    @Test("pain 2: a sequence alone and among others has the same targets, and there is no padding to count")
    func independence() {
        let alone = PackedBatch(tokens: [1, 2, 3, 4], sequenceStarts: [0, 4], trained: [false, false, true, true], globalPositions: [0, 1, 2, 3])
        let packed = PackedBatch(
            tokens: [9, 9, 1, 2, 3, 4, 7], sequenceStarts: [0, 2, 6, 7], trained: [false, true, false, false, true, true, true],
            globalPositions: Array(0..<7))
        #expect(alone.targets == [3, 4])
        let inside = zip(packed.targetRows, packed.targets).filter { (2..<6).contains($0.0) }
        #expect(inside.map(\.0) == alone.targetRows.map { $0 + 2 })
        #expect(inside.map(\.1) == alone.targets)
        #expect(packed.targets.count == 3)
    }

    @Test("an empty batch is a batch of no sequences")
    func empty() {
        let batch = PackedBatch(tokens: [], sequenceStarts: [0], trained: [], globalPositions: [])
        #expect(batch.sequenceCount == 0)
        #expect(batch.targetRows.isEmpty)
        #expect(batch.longestSequence == 0)
    }

    @Test("pain 34: the shards of a context group have each token and each target once, with their places in the whole", arguments: 1...5)
    func shards(size: Int) {
        let philox = Philox(seed: 10, purpose: .sampling)
        for trial in 0..<20 as Range<UInt64> {
            let lengths = (0..<6 as Range<UInt64>).map { Int(philox.words($0, trial).0 % 23) + 1 }
            let starts = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
            let rows = 0..<UInt64(starts[6])
            let whole = PackedBatch(
                tokens: rows.map { Int32($0) }, sequenceStarts: starts, trained: rows.map { philox.words($0 + 100, trial).0 % 3 > 0 },
                globalPositions: rows.map { Int64($0) + 1000 })
            var (tokens, targets): ([Int32], [[Int32]]) = ([], [])
            for index in 0..<size {
                let shard = whole.contextShard(index, of: size)
                #expect(shard.sequenceCount == 6 && shard.longestSequence == whole.longestSequence)
                tokens += shard.tokens
                // A token's id is its row in the whole.
                for (row, token) in shard.tokens.enumerated() {
                    #expect(shard.positions[row] == whole.positions[Int(token)] && shard.globalPositions[row] == Int64(token) + 1000)
                    #expect(shard.trained[row] == whole.trained[Int(token)])
                }
                for sequence in 0..<6 {
                    let own = shard.tokens[shard.sequenceStarts[sequence]..<shard.sequenceStarts[sequence + 1]]
                    #expect(own.allSatisfy { (starts[sequence]..<starts[sequence + 1]).contains(Int($0)) })
                }
                targets += zip(shard.targetRows, shard.targets).map { [shard.tokens[Int($0)], $1] }
            }
            #expect(tokens.sorted() == whole.tokens)
            #expect(targets.sorted { $0[0] < $1[0] } == zip(whole.targetRows, whole.targets).map { [$0, $1] })
        }
    }

    @Test("a rank alone has the whole batch, and a shard is not cut again")
    func shardOfOne() async {
        let whole = PackedBatch(tokens: [1, 2], sequenceStarts: [0, 2], trained: [true, true], globalPositions: [0, 1])
        #expect(whole.contextShard(0, of: 1) == whole && whole.cut == nil)
        await #expect(processExitsWith: .failure) {
            let whole = PackedBatch(tokens: [1, 2], sequenceStarts: [0, 2], trained: [true, true], globalPositions: [0, 1])
            _ = whole.contextShard(0, of: 2).contextShard(0, of: 2)
        }
    }

    @Test("sequences that do not cover the tokens are refused")
    func refused() async {
        await #expect(processExitsWith: .failure) {
            _ = PackedBatch(tokens: [1, 2], sequenceStarts: [0, 1], trained: [true, true], globalPositions: [0, 1])
        }
        await #expect(processExitsWith: .failure) {
            _ = PackedBatch(tokens: [1, 2], sequenceStarts: [0, 0, 2], trained: [true, true], globalPositions: [0, 1])
        }
        await #expect(processExitsWith: .failure) {
            _ = PackedBatch(tokens: [1, 2], sequenceStarts: [0, 2], trained: [true], globalPositions: [0, 1])
        }
    }
}
