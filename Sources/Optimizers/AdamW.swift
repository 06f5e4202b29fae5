public import Support
public import Tensors

/// What one update rule is applied to: the trained values of a unit, or a shard of them.
public struct OptimizerShard {
    public let name: String
    /// `[1, n]`, float32, updated in place.
    public let values: Tensor
    /// `[1, n]`, float32.
    public let gradients: Tensor
    /// Which stretches of the shard decay; together they cover it.
    public let segments: [(range: Range<Int>, decays: Bool)]

    public init(name: String, values: Tensor, gradients: Tensor, segments: [(range: Range<Int>, decays: Bool)]) {
        self.name = name
        self.values = values
        self.gradients = gradients
        self.segments = segments
    }
}

/// AdamW: Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2).
public final class AdamW {
    private let options: OptimizerOptions
    private let shards: [OptimizerShard]
    /// The running means of the gradient and of its square, for each shard; what a checkpoint holds.
    public let moments: [(first: Tensor, second: Tensor)]

    /// - Throws: `memory` if the states do not fit.
    public init(_ options: OptimizerOptions, shards: [OptimizerShard]) throws(TrainerError) {
        self.options = options
        self.shards = shards
        var moments: [(first: Tensor, second: Tensor)] = []
        for shard in shards {
            let (device, count) = (shard.values.device, shard.values.count)
            moments.append((try device.zeros(1, count, .float32, .optimizer), try device.zeros(1, count, .float32, .optimizer)))
        }
        self.moments = moments
    }

    /// Updates every shard.
    ///
    /// - Parameters:
    ///   - step: Updates done, this one included.
    ///   - gradientScale: The gradients are multiplied by it first.
    public func update(step: Int, learningRate: Double, gradientScale: Double) {
        for (shard, moment) in zip(shards, moments) {
            for segment in shard.segments {
                shard.values.device.adamW(
                    parameter: shard.values.columns(segment.range), gradient: shard.gradients.columns(segment.range),
                    firstMoment: moment.first.columns(segment.range), secondMoment: moment.second.columns(segment.range),
                    AdamWUpdate(
                        learningRate: learningRate, beta1: options.beta1, beta2: options.beta2, epsilon: options.epsilon,
                        weightDecay: segment.decays ? options.weightDecay : 0, step: step, gradientScale: gradientScale))
            }
        }
    }
}
