public import Support
public import Tensors

/// What one step trains on, and which rank computes which part of it: a pure function that every rank evaluates alone.
///
/// The rows, their order and their global token positions depend on the run's seed and batch only; `PackingOptions` decides no more than how
/// they are divided. A row may occur twice in a step that crosses from one epoch into the next, so parts of the plan name places in `rows`.
public struct StepPlan: Sendable, Equatable {
    /// The stream positions that the step consumes; the upper bound is where the next step starts.
    public let cursor: Range<Int>
    /// The rows of the step, in stream order.
    public let rows: [Int]
    /// The global position of each row's first token, and the step's token count at the end: one more than `rows`.
    public let tokenStarts: [Int]
    /// Tokens that the loss counts, over all ranks and microbatches: what the sum of losses is divided by, once.
    public let trainedTokenCount: Int
    /// Each data rank's microbatches; empty for a rank without a row.
    public let ranks: [[Microbatch]]

    /// Some rows of a step that are computed together.
    public struct Microbatch: Sendable, Equatable {
        /// Places in the step's `rows`, ascending.
        public let slots: [Int]
        /// T, the tokens of these rows.
        public let tokenCount: Int
        /// The targets among them.
        public let trainedTokenCount: Int
    }

    /// Divides rows over the data ranks by cost, and packs each rank's into microbatches.
    ///
    /// - Precondition: No row is longer than a microbatch.
    init(cursor: Range<Int>, rows: [Int], of data: TokenizedRows, packing: PackingOptions) {
        let lengths = rows.map { data.length(of: $0) }
        self.cursor = cursor
        self.rows = rows
        tokenStarts = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        trainedTokenCount = rows.reduce(0) { $0 + data.trainedCount(of: $1) }
        ranks = assignRows(costs: lengths.map { packing.cost($0) }, rankCount: packing.rankCount).map { assigned in
            packRows(assigned, lengths: lengths, limit: packing.microbatchTokens).map { slots in
                Microbatch(
                    slots: slots, tokenCount: slots.reduce(0) { $0 + lengths[$1] },
                    trainedTokenCount: slots.reduce(0) { $0 + data.trainedCount(of: rows[$1]) })
            }
        }
    }

    /// The plan of an evaluation: every row once, in the file's order, divided and packed as a step is.
    ///
    /// - Precondition: No row is longer than a microbatch.
    public static func evaluation(of data: TokenizedRows, packing: PackingOptions) -> StepPlan {
        StepPlan(cursor: 0..<data.count, rows: Array(0..<data.count), of: data, packing: packing)
    }

    /// Tokens of the step, over all ranks and microbatches.
    public var tokenCount: Int { tokenStarts[rows.count] }

    /// The most microbatches that a rank has: how often ranks that must stay in step go round.
    public var roundCount: Int { ranks.reduce(0) { max($0, $1.count) } }

    /// The batches of all rounds of a rank.
    ///
    /// - Throws: `format` if a file that holds them is damaged.
    public func batches(ofRank rank: Int, from data: TokenizedRows) throws(TrainerError) -> [PackedBatch] {
        var batches: [PackedBatch] = []
        for round in 0..<roundCount { batches.append(try batch(ofRank: rank, round: round, from: data)) }
        return batches
    }

    /// The batch of a rank in one of the rounds that all ranks make; without a token where the rank has no microbatch left.
    ///
    /// - Throws: `format` if a file that holds it is damaged.
    public func batch(ofRank rank: Int, round: Int, from data: TokenizedRows) throws(TrainerError) -> PackedBatch {
        guard round < ranks[rank].count else { return PackedBatch(tokens: [], sequenceStarts: [0], trained: [], globalPositions: []) }
        return try batch(ranks[rank][round], from: data)
    }

    /// The tokens of a microbatch's rows, end to end in stream order.
    ///
    /// - Parameter data: The rows that the plan was made for.
    /// - Throws: `format` if a file that holds them is damaged.
    public func batch(_ microbatch: Microbatch, from data: TokenizedRows) throws(TrainerError) -> PackedBatch {
        var tokens: [Int32] = []
        var trained: [Bool] = []
        var starts = [0]
        var globalPositions: [Int64] = []
        tokens.reserveCapacity(microbatch.tokenCount)
        trained.reserveCapacity(microbatch.tokenCount)
        globalPositions.reserveCapacity(microbatch.tokenCount)
        for slot in microbatch.slots {
            let row = try data.row(rows[slot])
            tokens += row.tokens
            trained += row.trained
            globalPositions.append(contentsOf: Int64(tokenStarts[slot])..<Int64(tokenStarts[slot + 1]))
            starts.append(tokens.count)
        }
        return PackedBatch(tokens: tokens, sequenceStarts: starts, trained: trained, globalPositions: globalPositions)
    }
}
