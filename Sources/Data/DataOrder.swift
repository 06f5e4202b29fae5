import Support
import Synchronization

/// The order of rows over all epochs, as one endless stream.
///
/// Position p of the stream is place `p % rowCount` of epoch `p / rowCount`, and each epoch's order is a permutation that depends on nothing but
/// the seed and the epoch. So one integer says how far a run has come. The permutation of the epoch used last is kept: 4 bytes a row.
public final class DataOrder: Sendable {
    public let rowCount: Int
    public let seed: UInt64
    private let recent = Mutex<(epoch: Int, order: [UInt32])>((-1, []))

    /// - Precondition: `rowCount` is positive and at most 2^32.
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
            rows.append(contentsOf: permutation(epoch: epoch)[(position - epoch * rowCount)..<(end - epoch * rowCount)].lazy.map { Int($0) })
            position = end
        }
        return rows
    }

    /// The order of one epoch: each row once.
    public func permutation(epoch: Int) -> [UInt32] {
        recent.withLock { recent in
            if recent.epoch == epoch { return recent.order }
            // The old one goes first, so that there are never two.
            recent = (-1, [])
            recent = (epoch, Philox(seed: seed, purpose: .dataOrder).permutation(rowCount, stream: UInt64(epoch)))
            return recent.order
        }
    }
}
