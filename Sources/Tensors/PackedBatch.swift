/// One microbatch: T tokens of S sequences laid end to end, nothing padded.
///
/// Attention, rotary positions and labels all follow `sequenceStarts`, so packed sequences never see each other. Whether a token is trained is
/// stated unshifted, for the token itself; `targetRows` and `targets` are the one place where labels are shifted.
public struct PackedBatch: Sendable, Equatable {
    /// Token ids, `[T]`.
    public let tokens: [Int32]
    /// Where each sequence starts, and the end of the last: `[S + 1]`, first 0, ascending, last T.
    public let sequenceStarts: [Int]
    /// Whether each token is a target that the loss counts, `[T]`, unshifted. Of no effect on a sequence's first token, which nothing predicts.
    public let trained: [Bool]
    /// Each token's place in the token stream of the whole step, `[T]`. It decides dropout and depends neither on the ranks nor on the packing.
    public let globalPositions: [Int64]

    /// Each token's index within its sequence, `[T]`.
    public let positions: [Int32]
    /// The rows t, ascending, that predict a trained token: token t + 1 lies in the same sequence and is trained.
    public let targetRows: [Int32]
    /// The token id that each of `targetRows` predicts.
    public let targets: [Int32]

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
    }

    /// T, the tokens of all sequences.
    public var tokenCount: Int { tokens.count }

    /// S, the sequences.
    public var sequenceCount: Int { sequenceStarts.count - 1 }

    /// The tokens of the longest sequence; 0 in an empty batch.
    public var longestSequence: Int { zip(sequenceStarts, sequenceStarts.dropFirst()).map { $1 - $0 }.max() ?? 0 }
}
