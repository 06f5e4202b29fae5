public import Support
public import Tensors

/// An update rule with the shards it is applied to and what it keeps for them, in memory or in a spill file.
public final class Optimizer {
    private let rule: any UpdateRule
    private let shards: [OptimizerShard]
    private let spill: Spill?
    /// What the rule keeps, shard by shard, after the masters if there are any: what a checkpoint holds.
    public let states: [[OptimizerState]]

    /// Elements whose states are brought in at a time. Three such pieces are in memory: one read, one updated, one written.
    private let pieceCount: Int

    /// - Parameters:
    ///   - spill: Where paged states lie.
    ///   - pieceCount: Elements of a piece of paged states, a multiple of 256; larger pieces are fewer waits and more memory.
    /// - Throws: `memory` if the states do not fit; `file` if they are paged and the disk has no room for them.
    public init(_ options: OptimizerOptions, shards: [OptimizerShard], spill: Spill? = nil, pieceCount: Int = 1 << 20) throws(TrainerError) {
        precondition(!options.paged || spill != nil, "Optimizer.init: paged states need a spill file")
        self.pieceCount = pieceCount
        let rule = UpdateRules.named(options.kind)
        self.rule = rule.init(options)
        self.shards = shards
        self.spill = options.paged ? spill : nil
        var states: [[OptimizerState]] = []
        for shard in shards {
            var own: [OptimizerState] = []
            if let masters = shard.masters { own.append(masters.take()) }
            for kind in rule.states { own.append(try OptimizerState(kind, of: shard, in: options.paged ? spill : nil)) }
            states.append(own)
        }
        self.states = states
    }

    /// Updates every shard.
    ///
    /// - Throws: `file` if states are paged and the disk fails; `memory`.
    public func update(_ numbers: UpdateNumbers) throws(TrainerError) {
        if let spill { return try updatePaged(numbers, spill) }
        for (shard, states) in zip(shards, states) { try apply(shard, states.compactMap(\.tensor), numbers) }
    }

    /// - Parameter tensors: Of the shard's states; its masters are the first if it has any.
    private func apply(_ shard: OptimizerShard, _ tensors: [Tensor], _ numbers: UpdateNumbers) throws(TrainerError) {
        let shard = shard.with(gradients: try shard.gradients.inFloat32(.gradients))
        guard shard.masters != nil else { return rule.update(shard, tensors, numbers) }
        rule.update(shard.with(masters: tensors[0]), Array(tensors.dropFirst()), numbers)
        shard.values.device.encode(shard.values, tensors[0])
    }

    /// Rounds the values that are computed with anew from their masters, which were set.
    ///
    /// - Throws: `file`, `memory` where the masters are paged.
    public func refreshValues() throws(TrainerError) {
        for (shard, states) in zip(shards, states) where shard.masters != nil {
            if let masters = states[0].tensor {
                shard.values.device.encode(shard.values, masters)
                continue
            }
            for start in stride(from: 0, to: shard.values.count, by: pieceCount) {
                let range = start..<min(start + pieceCount, shard.values.count)
                let masters = try states[0].room(for: range)
                try spill?.finish(states[0].startReading(masters, of: range))
                shard.values.device.encode(shard.values.columns(range), masters)
            }
        }
    }

    /// Piece by piece, while the next is read and the last one written.
    private func updatePaged(_ numbers: UpdateNumbers, _ spill: Spill) throws(TrainerError) {
        let pieces = pieces
        var loaded: [LoadedPiece] = []
        defer {
            // An error must not free what is still being moved.
            spill.settle()
            withExtendedLifetime(loaded) {}
        }
        if let first = pieces.first { loaded.append(try LoadedPiece(first, states[first.shard])) }
        for next in pieces.indices.dropFirst() + [pieces.count] {
            let current = loaded.count - 1
            if next < pieces.count { loaded.append(try LoadedPiece(pieces[next], states[pieces[next].shard])) }
            let (piece, tensors) = (loaded[current].piece, loaded[current].tensors)
            try spill.finish(loaded[current].request)
            try apply(shards[piece.shard].part(piece.range), tensors, numbers)
            loaded[current].startWriting(states[piece.shard])
            if current > 0 { try spill.finish(loaded.removeFirst().request) }
        }
        try spill.finish()
    }

    private var pieces: [ShardPiece] {
        shards.indices.flatMap { shard in
            let count = shards[shard].values.count
            return stride(from: 0, to: count, by: pieceCount).map { ShardPiece(shard: shard, range: $0..<min($0 + pieceCount, count)) }
        }
    }
}

/// A stretch of a shard.
private struct ShardPiece {
    let shard: Int
    let range: Range<Int>
}

/// The states of a piece in memory, on their way from the spill file or to it.
private struct LoadedPiece {
    let piece: ShardPiece
    let tensors: [Tensor]
    private(set) var request: SpillRequest?

    /// Begins to read them.
    init(_ piece: ShardPiece, _ states: [OptimizerState]) throws(TrainerError) {
        self.piece = piece
        var tensors: [Tensor] = []
        for state in states { tensors.append(try state.room(for: piece.range)) }
        self.tensors = tensors
        for (state, tensor) in zip(states, tensors) { request = state.startReading(tensor, of: piece.range) }
    }

    mutating func startWriting(_ states: [OptimizerState]) {
        for (state, tensor) in zip(states, tensors) { request = state.startWriting(tensor, of: piece.range) }
    }
}
