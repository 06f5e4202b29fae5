public import Support
public import Tensors

/// One block of the decoder: attention, then feed-forward, each around a residual.
public final class DecoderBlock: Layer {
    let attention: Attention
    let feedForward: FeedForward
    public let unit: ParameterUnit
    /// What is not kept for backward, but computed again.
    var recomputes = Checkpointing.Part.nothing {
        didSet { feedForward.recomputesGateUp = recomputes == .gateUp }
    }

    init(attention: Attention, feedForward: FeedForward, unit: ParameterUnit) {
        self.attention = attention
        self.feedForward = feedForward
        self.unit = unit
    }

    /// The block's linear layers, in the order of the forward.
    public var linears: [Linear] { [attention.queryKeyValue, attention.output, feedForward.gateUp, feedForward.down] }

    public func forward(_ input: Tensor, _ pass: Pass) throws(TrainerError) -> Tensor {
        guard recomputes == .everything, pass.stack.keeps else { return try run(input, pass) }
        try pass.stack.push(input)
        return try pass.with(ActivationStack(keeps: false)) { () throws(TrainerError) in try run(input, pass) }
    }

    public func backward(_ outputGradient: Tensor, _ pass: Pass) throws(TrainerError) -> Tensor {
        guard recomputes == .everything else { return try runBackward(outputGradient, pass) }
        return try pass.with(try again(pass.stack.pop(), pass)) { () throws(TrainerError) in try runBackward(outputGradient, pass) }
    }

    /// Runs the forward again on a stack of its own, which stays in memory.
    private func again(_ input: Tensor, _ pass: Pass) throws(TrainerError) -> ActivationStack {
        let stack = ActivationStack(keeps: true)
        pass.isRecomputing = true
        defer { pass.isRecomputing = false }
        _ = try pass.with(stack) { () throws(TrainerError) in try run(input, pass) }
        return stack
    }

    private func run(_ input: Tensor, _ pass: Pass) throws(TrainerError) -> Tensor {
        try feedForward.forward(attention.forward(input, pass), pass)
    }

    private func runBackward(_ outputGradient: Tensor, _ pass: Pass) throws(TrainerError) -> Tensor {
        try attention.backward(feedForward.backward(outputGradient, pass), pass)
    }
}
