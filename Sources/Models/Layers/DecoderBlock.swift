public import Support
public import Tensors

/// Which activations a forward keeps for its backward.
public enum Checkpointing: String, CaseIterable, Sendable {
    /// All of them.
    case none
    /// Only each block's input; the block runs again in backward (Chen et al. 2016, arXiv:1604.06174).
    case full
}

/// One block of the decoder: attention, then feed-forward, each around a residual.
public final class DecoderBlock: Layer {
    let attention: Attention
    let feedForward: FeedForward
    public let unit: ParameterUnit
    public var checkpointing = Checkpointing.none

    init(attention: Attention, feedForward: FeedForward, unit: ParameterUnit) {
        self.attention = attention
        self.feedForward = feedForward
        self.unit = unit
    }

    /// The block's linear layers, in the order of the forward.
    public var linears: [Linear] { [attention.queryKeyValue, attention.output, feedForward.gateUp, feedForward.down] }

    public func forward(_ input: Tensor, _ pass: Pass) throws(TrainerError) -> Tensor {
        guard checkpointing == .full, pass.stack.keeps else { return try run(input, pass) }
        let stack = pass.stack
        stack.push(input)
        pass.stack = ActivationStack(keeps: false)
        defer { pass.stack = stack }
        return try run(input, pass)
    }

    public func backward(_ outputGradient: Tensor, _ pass: Pass) throws(TrainerError) -> Tensor {
        if checkpointing == .full {
            pass.isRecomputing = true
            defer { pass.isRecomputing = false }
            _ = try run(pass.stack.pop(), pass)
        }
        let gradient = try feedForward.backward(outputGradient, pass)
        return try attention.backward(gradient, pass)
    }

    private func run(_ input: Tensor, _ pass: Pass) throws(TrainerError) -> Tensor {
        try feedForward.forward(attention.forward(input, pass), pass)
    }
}
