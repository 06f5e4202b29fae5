import Support
import TestSupport
import Testing

@testable import Parallelism

@Suite struct StageBalanceTests {
    @Test("blocks alike are divided evenly, the later parts taking what is over")
    func alike() throws {
        let sizes = { (blocks: Int, stages: Int, chunks: Int) in
            try StageBalance.divide([Double](repeating: 1, count: blocks), stages: stages, chunks: chunks).map(\.count)
        }
        #expect(try sizes(12, 4, 1) == [3, 3, 3, 3])
        #expect(try sizes(10, 4, 1) == [2, 2, 3, 3])
        #expect(try sizes(30, 4, 2) == [3, 3, 4, 4, 4, 4, 4, 4])
        #expect(try sizes(5, 5, 1) == [1, 1, 1, 1, 1])
        #expect(try sizes(7, 1, 1) == [7])
    }

    @Test("embedding and head weigh on the first part and on the last")
    func ends() throws {
        let blocks = [Double](repeating: 1, count: 10)
        #expect(try StageBalance.divide(blocks, first: 1, last: 4, stages: 3) == [0..<4, 4..<9, 9..<10])
        #expect(try StageBalance.divide(blocks, first: 100, last: 0, stages: 3) == [0..<1, 1..<5, 5..<10])
        #expect(try StageBalance.divide(blocks, first: 3, last: 3, stages: 1) == [0..<10])
    }

    @Test("the largest part is as small as in the best of all divisions, and so is the sum of squares among those")
    func exact() throws {
        let random = Philox(seed: 5, purpose: .sampling)
        for trial in 0..<150 {
            let count = 1 + trial % 9
            let costs = (0..<count).map { Double(random.words(UInt64(trial), UInt64($0)).0 % 7) }
            let (first, last) = (Double(trial % 4), Double(trial % 6))
            for parts in 1...count {
                let weigh = { (ranges: [Range<Int>]) -> (largest: Double, squares: Double) in
                    var sums: [Double] = ranges.map { costs[$0].reduce(0, +) }
                    sums[0] += first
                    sums[parts - 1] += last
                    return (sums.max() ?? 0, sums.reduce(0) { $0 + $1 * $1 })
                }
                let found = try StageBalance.divide(costs, first: first, last: last, stages: parts)
                #expect(found.count == parts && found.allSatisfy { !$0.isEmpty })
                #expect(found.flatMap(Array.init) == Array(0..<count))
                let best = try #require(divisions(of: 0..<count, into: parts).map(weigh).min { $0 < $1 })
                #expect(weigh(found) == best, "\(costs) into \(parts)")
            }
        }
    }

    /// All divisions into runs that are not empty.
    private func divisions(of blocks: Range<Int>, into parts: Int) -> [[Range<Int>]] {
        guard parts > 1 else { return [[blocks]] }
        guard blocks.count >= parts else { return [] }
        return (blocks.lowerBound + 1...blocks.upperBound - parts + 1).flatMap { end in
            divisions(of: end..<blocks.upperBound, into: parts - 1).map { [blocks.lowerBound..<end] + $0 }
        }
    }

    @Test("hundreds of blocks and parts are divided at once")
    func large() throws {
        let costs = (0..<400).map { Double(1 + $0 % 3) }
        #expect(try StageBalance.divide(costs, first: 5, last: 50, stages: 64, chunks: 4).count == 256)
    }

    @Test("more parts than blocks are refused, and the counts that work are named")
    func tooMany() {
        let blocks = [Double](repeating: 1, count: 30)
        expectError(.configuration, "parallel.pipeline: 31 stages are more than the 30 blocks", "Use 1 to 30") {
            _ = try StageBalance.divide(blocks, stages: 31)
        }
        expectError(
            .configuration, "parallel.pipeline_chunks: 8 stages of 4 chunks", "parallel.pipeline of 1 to 7 or parallel.pipeline_chunks of 2 to 3"
        ) {
            _ = try StageBalance.divide(blocks, stages: 8, chunks: 4)
        }
        expectError(.configuration, "Use parallel.pipeline of 1 to 15") { _ = try StageBalance.divide(blocks, stages: 16, chunks: 2) }
        expectError(.configuration, "Use a schedule without chunks") { _ = try StageBalance.divide(blocks, stages: 20, chunks: 40) }
        expectError(.configuration, "Use a schedule without chunks") { _ = try StageBalance.divide(blocks, stages: .max, chunks: .max) }
    }
}
