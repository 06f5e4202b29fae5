import Support
import Tensors

/// Attention of a shard's queries over sequences whose keys and values lie on all ranks of a context group (ring attention, Liu et al. 2023,
/// arXiv:2310.01889).
///
/// The ranks stand in a ring. In each of C steps a rank attends to the block of keys and values that it holds, while the block goes on to the rank
/// after it and that of the rank before comes in. What queries make of one block after another adds up to what they make of all. In backward the
/// blocks go round again; the gradient of a block follows it one step behind, takes in every rank's share and comes home with the last step. A rank
/// has at most two blocks in forward, and two and three gradients in backward.
struct RingAttention {
    let cut: ZigzagCut
    let group: any ProcessGroup
    let heads: AttentionHeads
    /// Names the layer in errors of communication.
    let name: String

    private var width: Int { heads.keyHeads * heads.headSize }

    /// Writes `output [T, H * D]` and `logSumExp [T, H]`, of all keys that a query of this rank sees.
    ///
    /// - Parameter keyValues: This rank's block, `[T, 2 * K * D]`: keys, then values.
    func forward(_ output: Tensor, logSumExp: Tensor, query: Tensor, keyValues: Tensor) throws(TrainerError) {
        var held = try contiguous(keyValues)
        for step in 0..<cut.size {
            let move = step < cut.size - 1 ? try startMove(held, .forward, step) : nil
            try output.device.attention(
                output, logSumExp: logSumExp, query: query, key: held.columns(0..<width), value: held.columns(width..<2 * width), heads: heads,
                spans: cut.spans(onKeysOf: cut.holder(step: step)), adds: step > 0)
            if let move { held = try move.wait() }
        }
    }

    /// Writes the gradients of the query and of this rank's block, from what forward wrote.
    func backward(
        queryGradient: Tensor, keyValueGradient: Tensor, outputGradient: Tensor, output: Tensor, logSumExp: Tensor, query: Tensor, keyValues: Tensor
    ) throws(TrainerError) {
        let device = output.device
        let own = try device.tensor(keyValues.rows, keyValues.columns)
        var held = try contiguous(keyValues)
        var following: Move?
        for step in 0..<cut.size {
            let move = step < cut.size - 1 ? try startMove(held, .forward, step) : nil
            let gradient = step == 0 ? own : try device.zeros(held.rows, held.columns)
            try device.attentionBackward(
                queryGradient: queryGradient, keyGradient: gradient.columns(0..<width), valueGradient: gradient.columns(width..<2 * width),
                outputGradient: outputGradient, output: output, logSumExp: logSumExp, query: query, key: held.columns(0..<width),
                value: held.columns(width..<2 * width), heads: heads, spans: cut.spans(onKeysOf: cut.holder(step: step)),
                addsQueryGradient: step > 0)
            if let earlier = following { device.add(gradient, try earlier.wait()) }
            following = nil
            if step > 0 { following = try startMove(gradient, .backward, step) }
            if let move { held = try move.wait() }
        }
        if let home = following { device.add(own, try home.wait()) }
        device.copy(keyValueGradient, own)
    }

    private func contiguous(_ keyValues: Tensor) throws(TrainerError) -> Tensor {
        let block = try keyValues.device.tensor(keyValues.rows, keyValues.columns)
        keyValues.device.copy(block, keyValues)
        return block
    }

    // MARK: Round the ring

    /// What is on its way to the rank after this one, and what comes in from the rank before.
    private struct Move {
        let leaving: Tensor
        let arriving: Tensor
        let transfers: [any Transfer]

        func wait() throws(TrainerError) -> Tensor {
            for transfer in transfers { try transfer.wait() }
            return arriving
        }
    }

    /// Begins to pass on a step's block, or backward its gradient; what arrives belongs to the block of the next step.
    private func startMove(_ leaving: Tensor, _ channel: MessageChannel, _ step: Int) throws(TrainerError) -> Move {
        let arriving = try leaving.device.tensor(cut.tokenCount(ofRank: cut.holder(step: step + 1)), leaving.columns)
        let name = (channel == .forward ? "keys and values" : "key and value gradients") + ", \(name)"
        let receiving = try group.startReceive(arriving, from: (cut.index + cut.size - 1) % cut.size, channel: channel, name: name)
        let sending = try group.startSend(leaving, to: (cut.index + 1) % cut.size, channel: channel, name: name)
        return Move(leaving: leaving, arriving: arriving, transfers: [receiving, sending])
    }
}
