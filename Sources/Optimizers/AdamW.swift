public import Tensors

/// AdamW: Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2).
public struct AdamW: UpdateRule {
    public static let kind = OptimizerOptions.Kind.adamw
    /// The running means of the gradient and of its square.
    public static let states = [
        StateKind(name: "exp_avg", elementType: .float32, elementsPerEntry: 1),
        StateKind(name: "exp_avg_sq", elementType: .float32, elementsPerEntry: 1),
    ]
    private let options: OptimizerOptions

    public init(_ options: OptimizerOptions) { self.options = options }

    public func update(_ shard: OptimizerShard, _ states: [Tensor], _ numbers: UpdateNumbers) {
        for (range, decays) in shard.segments {
            shard.values.device.adamW(
                parameter: shard.values.columns(range), gradient: shard.gradients.columns(range), firstMoment: states[0].columns(range),
                secondMoment: states[1].columns(range), options.adamW(numbers, weightDecay: decays ? options.weightDecay : 0))
        }
    }
}
