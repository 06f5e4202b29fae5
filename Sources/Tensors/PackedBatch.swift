/// One microbatch: T tokens of S sequences laid end to end, nothing padded.
///
/// Attention, rotary positions and labels all follow `sequenceStarts`, so packed sequences never see each other. Whether a token is trained is
/// stated unshifted, for the token itself; `targetRows` and `targets` are the one place where labels are shifted. A rank of a context group has a
/// shard of it: some tokens of every sequence, which know their places in the whole.
public struct PackedBatch: Sendable, Equatable {
    /// Token ids, `[T]`.
    public let tokens: [Int32]
    /// Where each sequence starts, and the end of the last: `[S + 1]`, first 0, ascending, last T. A shard may have nothing of a sequence.
    public let sequenceStarts: [Int]
    /// Whether each token is a target that the loss counts, `[T]`, unshifted. Of no effect on a sequence's first token, which nothing predicts.
    public let trained: [Bool]
    /// Each token's place in the token stream of the whole step, `[T]`. It decides dropout and depends neither on the ranks nor on the packing.
    public let globalPositions: [Int64]

    /// Each token's index within its sequence, `[T]`; in a shard within the whole one.
    public let positions: [Int32]
    /// The rows t, ascending, that predict a trained token: the next token of the same sequence, in a shard of the whole one, is trained.
    public let targetRows: [Int32]
    /// The token id that each of `targetRows` predicts.
    public let targets: [Int32]
    /// What this is a shard of; nil for a whole microbatch.
    public let cut: ZigzagCut?

    /// - Precondition: `trained` and `globalPositions` have as many elements as `tokens`, and `sequenceStarts` rises from 0 to that number,
    ///   leaving no sequence empty.
    public init(tokens: [Int32], sequenceStarts: [Int], trained: [Bool], globalPositions: [Int64]) {
        precondition(trained.count == tokens.count, "PackedBatch.init: \(trained.count) trained flags for \(tokens.count) tokens")
        precondition(globalPositions.count == tokens.count, "PackedBatch.init: \(globalPositions.count) global positions for \(tokens.count) tokens")
        precondition(sequenceStarts.first == 0 && sequenceStarts.last == tokens.count, "PackedBatch.init: sequences must cover all tokens")
        precondition(tokens.count <= Int(Int32.max), "PackedBatch.init: \(tokens.count) tokens are more than a row number holds")

        var positions: [Int32] = []
        var targetRows: [Int32] = []
        positions.reserveCapacity(tokens.count)
        for (start, end) in zip(sequenceStarts, sequenceStarts.dropFirst()) {
            precondition(start < end, "PackedBatch.init: the sequence at token \(start) is empty")
            positions.append(contentsOf: 0..<Int32(end - start))
            for row in start..<(end - 1) where trained[row + 1] { targetRows.append(Int32(row)) }
        }
        self.tokens = tokens
        self.sequenceStarts = sequenceStarts
        self.trained = trained
        self.globalPositions = globalPositions
        self.positions = positions
        self.targetRows = targetRows
        targets = targetRows.map { tokens[Int($0) + 1] }
        cut = nil
    }

    /// A rank's shard of a whole microbatch: the tokens of its chunks, with their positions and targets in the whole.
    private init(of whole: PackedBatch, _ cut: ZigzagCut) {
        let chunks = cut.wholeRows(ofRank: cut.index)
        let rows = chunks.flatMap { $0 }
        tokens = rows.map { whole.tokens[$0] }
        trained = rows.map { whole.trained[$0] }
        globalPositions = rows.map { whole.globalPositions[$0] }
        positions = rows.map { whole.positions[$0] }
        sequenceStarts = stride(from: 0, to: chunks.count, by: 2).reduce(into: [0]) { starts, index in
            starts.append(starts[starts.count - 1] + chunks[index].count + chunks[index + 1].count)
        }
        // Both ascend: a shard keeps the order of the whole.
        var (targetRows, targets): ([Int32], [Int32]) = ([], [])
        var next = 0
        for (row, target) in zip(whole.targetRows, whole.targets) {
            while next < rows.count, rows[next] < Int(row) { next += 1 }
            guard next < rows.count else { break }
            if rows[next] == Int(row) {
                targetRows.append(Int32(next))
                targets.append(target)
            }
        }
        self.targetRows = targetRows
        self.targets = targets
        self.cut = cut
    }

    /// What a rank of a context group computes of this microbatch; all of it if the rank is alone. The shards' targets together are the whole's.
    ///
    /// - Precondition: This is a whole microbatch.
    public func contextShard(_ index: Int, of size: Int) -> PackedBatch {
        precondition(cut == nil, "PackedBatch.contextShard: of a shard")
        return size == 1 ? self : PackedBatch(of: self, ZigzagCut(index, of: size, wholeStarts: sequenceStarts))
    }

    /// T, the tokens of all sequences.
    public var tokenCount: Int { tokens.count }

    /// S, the sequences.
    public var sequenceCount: Int { sequenceStarts.count - 1 }

    /// The tokens of the longest sequence, in a shard of the longest whole one; 0 in an empty batch.
    public var longestSequence: Int {
        let starts = cut?.wholeStarts ?? sequenceStarts
        return zip(starts, starts.dropFirst()).map { $1 - $0 }.max() ?? 0
    }
}
