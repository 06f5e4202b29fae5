import Kernels
public import Support

extension CPUDevice {
    public func product(
        _ output: Tensor, _ left: Tensor, _ right: Tensor, transposesLeft: Bool, transposesRight: Bool, alpha: Float, adds: Bool
    ) {
        let (m, k) = transposesLeft ? (left.columns, left.rows) : (left.rows, left.columns)
        let (inner, n) = transposesRight ? (right.columns, right.rows) : (right.rows, right.columns)
        precondition(
            k == inner && output.rows == m && output.columns == n,
            "CPUDevice.product: [\(m), \(k)] · [\(inner), \(n)] into [\(output.rows), \(output.columns)]")
        let (c, a, b) = (output.floats, UnsafePointer(left.floats), UnsafePointer(right.floats))
        let beta: Float = adds ? 1 : 0
        if !transposesLeft, min(n, k) <= narrowProductLimit, m >= narrowProductLimit {
            pool.parallelFor(m, grain: 8) { rows in
                let first = rows.lowerBound
                narrowProduct(
                    output: c + first * output.rowStride, outputStride: output.rowStride, left: a + first * left.rowStride,
                    leftStride: left.rowStride, right: b, rightStride: right.rowStride, transposesRight: transposesRight, m: rows.count, n: n, k: k,
                    alpha: alpha, adds: adds)
            }
        } else if transposesLeft, !transposesRight, min(m, n) <= narrowProductLimit, min(max(m, n), k) >= narrowProductLimit {
            // The wide operand's columns are shared out, whichever it is.
            let isLeftNarrow = m <= n
            let (narrow, wide) = isLeftNarrow ? (left, right) : (right, left)
            pool.parallelFor(wide.columns, grain: 32) { columns in
                let first = columns.lowerBound
                narrowGradient(
                    output: c + first * (isLeftNarrow ? 1 : output.rowStride), outputStride: output.rowStride, transposesOutput: !isLeftNarrow,
                    narrow: UnsafePointer(narrow.floats), narrowStride: narrow.rowStride, wide: UnsafePointer(wide.floats) + first,
                    wideStride: wide.rowStride, rows: narrow.columns, columns: columns.count, depth: k, factor: alpha, adds: adds)
            }
        } else if hasWideProduct, min(m, n) >= Self.wideProductLimit {
            let term = WideTerm(left, right, transposesLeft: transposesLeft, transposesRight: transposesRight, alpha: alpha)
            wideProduct(output, term, adds: adds)
        } else if m >= n {
            // Cut along the longer side: each part packs its piece of that operand and the whole of the other.
            pool.parallelFor(m, grain: 8) { rows in
                let first = rows.lowerBound
                sgemm(
                    output: c + first * output.rowStride, outputStride: output.rowStride,
                    left: transposesLeft ? a + first : a + first * left.rowStride, leftStride: left.rowStride, transposesLeft: transposesLeft,
                    right: b, rightStride: right.rowStride, transposesRight: transposesRight, m: rows.count, n: n, k: k, alpha: alpha, beta: beta)
            }
        } else {
            pool.parallelFor(n, grain: 16) { columns in
                let first = columns.lowerBound
                sgemm(
                    output: c + first, outputStride: output.rowStride, left: a, leftStride: left.rowStride, transposesLeft: transposesLeft,
                    right: transposesRight ? b + first * right.rowStride : b + first, rightStride: right.rowStride,
                    transposesRight: transposesRight, m: m, n: columns.count, k: k, alpha: alpha, beta: beta)
            }
        }
        finished()
    }

    public func linear(_ output: Tensor, _ input: Tensor, _ weights: [Weight], adding terms: [LowRankTerm]) throws(TrainerError) {
        try forEachPanel(weights) { panel, rows, _ in
            for (columns, term) in LowRankTerm.pieces(rows, terms) {
                let part = panel.rows(columns.lowerBound - rows.lowerBound..<columns.upperBound - rows.lowerBound)
                self.product(output.columns(columns), input, part, transposesRight: true, adding: term, adds: false)
            }
        }
    }

    public func linearInputGradient(
        _ inputGradient: Tensor, _ outputGradient: Tensor, _ weights: [Weight], adding term: LowRankTerm?, adds: Bool
    ) throws(TrainerError) {
        try forEachPanel(weights) { panel, rows, isFirst in
            self.product(
                inputGradient, outputGradient.columns(rows), panel, transposesRight: false, adding: isFirst ? term : nil, adds: adds || !isFirst)
        }
    }

    /// `output = left · op(right)` with a term added, whose right operand is stored as `right` is: in one pass over the output where the tiles
    /// of large products allow it.
    private func product(_ output: Tensor, _ left: Tensor, _ right: Tensor, transposesRight: Bool, adding term: LowRankTerm?, adds: Bool) {
        guard let term else {
            return product(output, left, right, transposesLeft: false, transposesRight: transposesRight, alpha: 1, adds: adds)
        }
        if hasWideProduct, min(output.rows, output.columns) >= Self.wideProductLimit, term.left.columns <= WideBlocks.maximumAddition {
            wideProduct(
                output, WideTerm(left, right, transposesLeft: false, transposesRight: transposesRight, alpha: 1),
                addition: WideTerm(term.left, term.right, transposesLeft: false, transposesRight: transposesRight, alpha: term.factor), adds: adds)
            return finished()
        }
        product(output, term.left, term.right, transposesLeft: false, transposesRight: transposesRight, alpha: term.factor, adds: adds)
        product(output, left, right, transposesLeft: false, transposesRight: transposesRight, alpha: 1, adds: true)
    }

    /// Hands out the stacked rows of the weights as float32 matrices: at once if they are one dense matrix, else panel by panel from scratch.
    private func forEachPanel(
        _ weights: [Weight], _ body: (_ panel: Tensor, _ rows: Range<Int>, _ isFirst: Bool) -> Void
    ) throws(TrainerError) {
        let columns = weights[0].columns
        let total = weights.reduce(0) { $0 + $1.rows }
        if let whole = ScratchPlan.oneMatrix(weights) { return body(whole, 0..<total, true) }
        let scratch = try tensor(1, ScratchPlan.panel(weights), .float32, .scratch)
        let height = ScratchPlan.panelRows(columns: columns, of: total)
        for first in stride(from: 0, to: total, by: height) {
            let rows = first..<min(first + height, total)
            let panel = scratch.reshaped(rows: rows.count, columns: columns)
            var start = 0
            for weight in weights {
                let shared = rows.clamped(to: start..<start + weight.rows)
                if !shared.isEmpty {
                    let part = panel.rows(shared.lowerBound - first..<shared.upperBound - first)
                    decode(part, weight, rows: shared.lowerBound - start..<shared.upperBound - start)
                }
                start += weight.rows
            }
            body(panel, rows, first == 0)
        }
    }
}
