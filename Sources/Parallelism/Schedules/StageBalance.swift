public import Support

/// Which blocks of the model each part of a pipeline gets.
public enum StageBalance {
    /// Divides blocks into runs, one for each part in the model's order, so that the dearest part costs as little as it can.
    ///
    /// Exact, by dynamic programming. Of the divisions that have the least maximum it takes one of the least sum of squares, which is the most even,
    /// and of those one whose later parts have more: the earlier ones hold more microbatches.
    ///
    /// - Parameters:
    ///   - blockCosts: Of each block: counted operations, or measured time.
    ///   - first: What the first part has beside its blocks: the embedding.
    ///   - last: What the last one has: head and loss.
    /// - Returns: `stages * chunks` ranges of blocks, none empty.
    /// - Throws: `configuration` if there are more parts than blocks.
    /// - Precondition: Costs are finite and not negative; at least one stage and one chunk.
    public static func divide(
        _ blockCosts: [Double], first: Double = 0, last: Double = 0, stages: Int, chunks: Int = 1
    ) throws(TrainerError) -> [Range<Int>] {
        precondition(stages > 0 && chunks > 0 && (blockCosts + [first, last]).allSatisfy { $0.isFinite && $0 >= 0 }, "StageBalance.divide: no cost")
        try check(blockCount: blockCosts.count, stages: stages, chunks: chunks)
        let division = Division(blockCosts: blockCosts, first: first, last: last, partCount: stages * chunks)
        let largest = division.best(limit: .infinity, combine: max).total
        return division.best(limit: largest) { $0 + $1 * $1 }.ranges
    }

    /// Refuses more parts than blocks, and names the counts that work.
    public static func check(blockCount: Int, stages: Int, chunks: Int) throws(TrainerError) {
        let (parts, isTooLarge) = stages.multipliedReportingOverflow(by: chunks)
        guard isTooLarge || parts > blockCount else { return }
        guard chunks > 1 else {
            throw TrainerError(
                .configuration, "parallel.pipeline", "\(stages) stages are more than the \(blockCount) blocks of the model",
                remedy: "Use 1 to \(blockCount)")
        }
        let stagesThatFit = blockCount / chunks
        let chunksThatFit = blockCount / stages
        let remedies =
            (stagesThatFit > 0 ? ["parallel.pipeline of 1 to \(stagesThatFit)"] : [])
            + (chunksThatFit > 1 ? ["parallel.pipeline_chunks of 2 to \(chunksThatFit)"] : [])
        throw TrainerError(
            .configuration, "parallel.pipeline_chunks",
            "\(stages) stages of \(chunks) chunks are more parts than the \(blockCount) blocks of the model",
            remedy: "Use " + (remedies.isEmpty ? "a schedule without chunks" : remedies.joined(separator: " or ")))
    }
}

/// The blocks in front of a dynamic program.
private struct Division {
    /// The cost of all blocks before each.
    private let sums: [Double]
    private let first: Double
    private let last: Double
    private let partCount: Int

    init(blockCosts: [Double], first: Double, last: Double, partCount: Int) {
        sums = blockCosts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        self.first = first
        self.last = last
        self.partCount = partCount
    }

    private func cost(part: Int, _ start: Int, _ end: Int) -> Double {
        sums[end] - sums[start] + (part == 0 ? first : 0) + (part == partCount - 1 ? last : 0)
    }

    /// The division with the least total, where parts that cost more than `limit` are not allowed.
    ///
    /// - Parameter combine: The total of some parts and the cost of one more; it grows with either.
    func best(limit: Double, combine: (Double, Double) -> Double) -> (total: Double, ranges: [Range<Int>]) {
        let blockCount = sums.count - 1
        // totals[end]: of the parts so far, which end before block `end`. starts[part][end]: where the last of them starts.
        var totals = [0] + [Double](repeating: .infinity, count: blockCount)
        var starts: [[Int]] = []
        for part in 0..<partCount {
            var next = [Double](repeating: .infinity, count: blockCount + 1)
            var start = [Int](repeating: 0, count: blockCount + 1)
            for end in (part + 1)...(blockCount - (partCount - 1 - part)) {
                for candidate in stride(from: end - 1, through: part, by: -1) {
                    // More blocks cost more: further candidates are no better.
                    let cost = cost(part: part, candidate, end)
                    if cost > limit || combine(0, cost) > next[end] { break }
                    let total = combine(totals[candidate], cost)
                    if total <= next[end], total < .infinity { (next[end], start[end]) = (total, candidate) }
                }
            }
            totals = next
            starts.append(start)
        }
        var ranges: [Range<Int>] = []
        var end = blockCount
        for start in starts.reversed() {
            ranges.append(start[end]..<end)
            end = start[end]
        }
        return (totals[blockCount], ranges.reversed())
    }
}
