public import Tensors

/// AdamW with moments of 8 bits: a quarter of the states' memory (Dettmers et al. 2022, arXiv:2110.02861).
///
/// Blocks of 256 elements are counted from the start of the shard, across the borders of its parameters; bitsandbytes counts from the start of
/// each parameter and keeps 32 bits for those of under 4,096 elements, such as norms.
public struct AdamW8Bit: UpdateRule {
    public static let kind = OptimizerOptions.Kind.adamw8bit
    /// The codes of each running mean and the greatest magnitudes of its blocks.
    public static let states = ["exp_avg", "exp_avg_sq"].flatMap { name in
        [
            StateKind(name: "\(name)_codes", elementType: .uint8, elementsPerEntry: 1),
            StateKind(name: "\(name)_maxima", elementType: .float32, elementsPerEntry: BlockwiseMoment.blockSize),
        ]
    }
    private let options: OptimizerOptions

    public init(_ options: OptimizerOptions) { self.options = options }

    public func update(_ shard: OptimizerShard, _ states: [Tensor], _ numbers: UpdateNumbers) {
        let device = shard.values.device
        if options.weightDecay > 0 {
            // Before the update as in the rule itself; blocks may hold what decays and what does not.
            let kept = Float(1 - numbers.learningRate * options.weightDecay)
            for (range, decays) in shard.segments where decays { device.scale(shard.values.columns(range), by: kept) }
        }
        device.adamW8Bit(
            parameter: shard.values, gradient: shard.gradients, firstMoment: BlockwiseMoment(codes: states[0], maxima: states[1]),
            secondMoment: BlockwiseMoment(codes: states[2], maxima: states[3]), options.adamW(numbers, weightDecay: 0))
    }
}
