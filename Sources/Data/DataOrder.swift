import Support
import Synchronization

/// The order of rows over all epochs, as one endless stream.
///
/// Position p of the stream is place `p % rowCount` of epoch `p / rowCount`, and each epoch's order is a permutation that depends on nothing but
/// the seed and the epoch. So one integer says how far a run has come. The permutations of the two epochs used last are kept.
public final class DataOrder: Sendable {
    public let rowCount: Int
    public let seed: UInt64
    private let recent = Mutex<[(epoch: Int, order: [Int])]>([])

    /// - Precondition: `rowCount` is positive.
    public init(rowCount: Int, seed: UInt64) {
        precondition(rowCount > 0, "DataOrder.init: no rows")
        self.rowCount = rowCount
        self.seed = seed
    }

    /// The rows at a range of stream positions.
    public func rows(at positions: Range<Int>) -> [Int] {
        var rows: [Int] = []
        rows.reserveCapacity(positions.count)
        var position = positions.lowerBound
        while position < positions.upperBound {
            let epoch = position / rowCount
            let end = min(positions.upperBound, (epoch + 1) * rowCount)
            rows.append(contentsOf: permutation(epoch: epoch)[(position - epoch * rowCount)..<(end - epoch * rowCount)])
            position = end
        }
        return rows
    }

    /// The order of one epoch: each row once.
    public func permutation(epoch: Int) -> [Int] {
        recent.withLock { recent in
            if let known = recent.first(where: { $0.epoch == epoch }) { return known.order }
            let order = Philox(seed: seed, purpose: .dataOrder).permutation(rowCount, stream: UInt64(epoch))
            if recent.count == 2 { recent.removeFirst() }
            recent.append((epoch, order))
            return order
        }
    }
}
