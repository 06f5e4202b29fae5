/// How the ranks of a context group share out the sequences of a microbatch.
///
/// Each sequence is cut into 2C chunks as equal as can be, and rank c of C holds chunks c and 2C - 1 - c, so that causal attention costs all ranks
/// the same (Grattafiori et al. 2024, arXiv:2407.21783, section 3.3.2). A shard has these two chunks of every sequence end to end; a sequence of
/// fewer than 2C tokens leaves some of them empty.
public struct ZigzagCut: Equatable, Sendable {
    /// c, this rank's place in the group.
    public let index: Int
    /// C, the ranks of the group.
    public let size: Int
    /// Where each sequence of the whole microbatch starts, and the end of the last: `[S + 1]`.
    public let wholeStarts: [Int]

    /// - Precondition: `index` is one of `size` ranks.
    public init(_ index: Int, of size: Int, wholeStarts: [Int]) {
        precondition((0..<size).contains(index), "ZigzagCut.init: rank \(index) of \(size)")
        self.index = index
        self.size = size
        self.wholeStarts = wholeStarts
    }

    /// The rows of the whole microbatch that a rank holds, two ranges for each sequence, ascending.
    public func wholeRows(ofRank rank: Int) -> [Range<Int>] {
        zip(wholeStarts, wholeStarts.dropFirst()).flatMap { start, end in
            [rank, 2 * size - 1 - rank].map { chunk in
                let part = evenPart(chunk, of: 2 * size, count: end - start)
                return start + part.lowerBound..<start + part.upperBound
            }
        }
    }

    /// The tokens that a rank holds.
    public func tokenCount(ofRank rank: Int) -> Int { wholeRows(ofRank: rank).reduce(0) { $0 + $1.count } }

    /// The rank whose keys and values this one has in a step of the ring: its own, then those of one rank after another before it.
    public func holder(step: Int) -> Int { (index + size - step) % size }

    /// What this rank's queries see of the keys that another rank, or this one, holds; rows of the two shards.
    ///
    /// All of what it sees of another's lies before all of its queries: a rank before this one has an earlier first chunk and a later second one,
    /// and of a rank after this one both chunks lie between this rank's two.
    public func spans(onKeysOf rank: Int) -> [AttentionSpan] {
        zip(pieces(ofRank: index), pieces(ofRank: rank)).compactMap { own, theirs in
            let span =
                if rank == index {
                    AttentionSpan(queries: own.all, keys: own.all)
                } else if rank < index {
                    AttentionSpan(queries: own.all, keys: theirs.first, isCausal: false)
                } else {
                    AttentionSpan(queries: own.second, keys: theirs.all, isCausal: false)
                }
            return span.queries.isEmpty || span.keys.isEmpty ? nil : span
        }
    }

    /// A sequence's two chunks, as rows of a shard.
    private struct Piece {
        let first: Range<Int>
        let second: Range<Int>

        var all: Range<Int> { first.lowerBound..<second.upperBound }
    }

    private func pieces(ofRank rank: Int) -> [Piece] {
        let chunks = wholeRows(ofRank: rank)
        var row = 0
        return stride(from: 0, to: chunks.count, by: 2).map { index in
            let middle = row + chunks[index].count
            let end = middle + chunks[index + 1].count
            defer { row = end }
            return Piece(first: row..<middle, second: middle..<end)
        }
    }
}
