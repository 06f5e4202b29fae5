import Kernels

/// How much scratch an operation takes: one answer for the device that computes and the one that counts.
enum ScratchPlan {
    /// Bytes that a device keeps for packing the operands of products, once: 4 MB, and 400 KB for each thread.
    static func packing(threadCount: Int) -> Int { hasWideProduct ? 4 * (WideBlocks.rightCount + threadCount * WideBlocks.leftCount) : 0 }

    /// Floats of a decoded panel: 4 MB, so that a panel is still in the cache when the product reads it.
    static let panelCount = 1 << 20

    /// Rows of a weight that are decoded at a time; whole blocks of 8 rows, at least 8.
    static func panelRows(columns: Int, of rows: Int) -> Int { min(rows, max(8, panelCount / columns / 8 * 8)) }

    /// Floats of scratch for a product with these weights: none if they are one dense matrix.
    static func panel(_ weights: [Weight]) -> Int {
        guard oneMatrix(weights) == nil else { return 0 }
        let rows = weights.reduce(0) { $0 + $1.rows }
        let columns = weights[0].columns
        return panelRows(columns: columns, of: rows) * columns
    }

    /// The weights as one matrix, if they are dense and lie one after another: one product serves all.
    static func oneMatrix(_ weights: [Weight]) -> Tensor? {
        weights.allSatisfy(\.isDense) ? Tensor.stacked(weights.map(\.values)) : nil
    }

    /// Floats of scratch per thread for attention over these spans.
    static func attention(_ shape: AttentionShape, _ spans: [AttentionSpan]) -> Int {
        let counts = spans.map { attentionScratchCount(shape: shape, queryCount: $0.queries.count, keyCount: $0.keys.count) }
        // Whole cache lines, so that no two threads write to one.
        return ((counts.max() ?? 0) + 15) / 16 * 16
    }
}
