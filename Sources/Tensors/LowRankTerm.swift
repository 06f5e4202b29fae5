/// A product of little depth that is added to a linear layer's own, as a low-rank adapter adds it: `factor * left · right`.
public struct LowRankTerm {
    /// The columns of the output that it is added to; of an input's gradient all.
    public let columns: Range<Int>
    /// `[T, R]`.
    public let left: Tensor
    /// Stored as the weight that it stands beside: `[columns, R]` where outputs are made, `[R, columns]` where an input's gradient is.
    public let right: Tensor
    public let factor: Float

    public init(columns: Range<Int>, left: Tensor, right: Tensor, factor: Float) {
        self.columns = columns
        self.left = left
        self.right = right
        self.factor = factor
    }

    /// Cuts columns of an output where terms begin and end; each piece comes with its part of the one term that is added to it, if any.
    ///
    /// - Precondition: The terms are in the order of their columns and do not overlap.
    static func pieces(_ columns: Range<Int>, _ terms: [LowRankTerm]) -> [(columns: Range<Int>, term: LowRankTerm?)] {
        var pieces: [(columns: Range<Int>, term: LowRankTerm?)] = []
        var start = columns.lowerBound
        func addPlain(upTo end: Int) {
            if start < end { pieces.append((start..<end, nil)) }
        }
        for term in terms {
            let shared = term.columns.clamped(to: columns)
            if shared.isEmpty { continue }
            addPlain(upTo: shared.lowerBound)
            let rows = shared.lowerBound - term.columns.lowerBound..<shared.upperBound - term.columns.lowerBound
            pieces.append((shared, LowRankTerm(columns: shared, left: term.left, right: term.right.rows(rows), factor: term.factor)))
            start = shared.upperBound
        }
        addPlain(upTo: columns.upperBound)
        return pieces
    }
}
