import Tensors

/// Which part of a tensor one rank of a tensor group keeps.
public struct ParameterSlice: Equatable, Sendable {
    /// Of the whole tensor; a vector has one row.
    public let wholeRows: Int
    public let wholeColumns: Int
    public let rows: Range<Int>
    public let columns: Range<Int>
    /// How many ranks of the tensor group, next to each other, keep this very part. Each has a part of its gradient.
    public let copies: Int

    /// All of a tensor, on each of so many ranks.
    public init(rows: Int, columns: Int, copies: Int = 1) {
        self.init(rows: 0..<rows, of: rows, columns: 0..<columns, of: columns, copies: copies)
    }

    init(rows: Range<Int>, of wholeRows: Int, columns: Range<Int>, of wholeColumns: Int, copies: Int) {
        self.rows = rows
        self.wholeRows = wholeRows
        self.columns = columns
        self.wholeColumns = wholeColumns
        self.copies = copies
    }

    public var count: Int { rows.count * columns.count }
    public var isWhole: Bool { rows.count == wholeRows && columns.count == wholeColumns }
    /// Whether columns are left out, so that the rows do not lie next to each other in the whole.
    public var hasGaps: Bool { columns.count < wholeColumns }

    /// Where an element of the part lies in the whole, both counted row after row.
    public func place(_ element: Int) -> Int {
        (rows.lowerBound + element / max(columns.count, 1)) * wholeColumns + columns.lowerBound + element % max(columns.count, 1)
    }
}

extension ParameterSlice {
    /// The parts of `A [R, K]` and `B [N, R]` that go with this part of a weight `[N, K]`: each is cut as the weight is, where it shares the
    /// dimension.
    ///
    /// - Parameter ranks: Of the tensor group.
    public func lowRank(_ adapterRank: Int, ranks: Int) -> (a: ParameterSlice, b: ParameterSlice) {
        let all = 0..<adapterRank
        return (
            ParameterSlice(rows: all, of: adapterRank, columns: columns, of: wholeColumns, copies: hasGaps ? copies : ranks),
            ParameterSlice(rows: rows, of: wholeRows, columns: all, of: adapterRank, copies: hasGaps ? ranks : copies)
        )
    }
}

/// This rank's place in a tensor group.
public struct TensorPlace: Equatable, Sendable {
    public let index: Int
    public let size: Int

    public init(index: Int = 0, size: Int = 1) {
        self.index = index
        self.size = size
    }

    /// All of a tensor on every rank.
    func whole(rows: Int, columns: Int) -> ParameterSlice { ParameterSlice(rows: rows, columns: columns, copies: size) }

    /// An even part of the rows.
    ///
    /// - Parameter parts: How many different parts there are: fewer than ranks if several ranks share one.
    func rows(_ rows: Int, columns: Int, parts: Int? = nil) -> ParameterSlice {
        let parts = min(parts ?? size, size)
        let range = evenPart(index * parts / size, of: parts, count: rows)
        return ParameterSlice(rows: range, of: rows, columns: 0..<columns, of: columns, copies: size / parts)
    }

    /// An even part of the columns.
    func columns(_ columns: Int, rows: Int) -> ParameterSlice {
        ParameterSlice(rows: 0..<rows, of: rows, columns: evenPart(index, of: size, count: columns), of: columns, copies: 1)
    }
}
