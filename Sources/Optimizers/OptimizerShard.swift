public import Support
public import Tensors

/// What one update rule is applied to: the trained values of a unit, or a shard of them.
///
/// A shard begins on a multiple of 256 elements of its unit, so that a rule's blocks are the unit's whatever the shards.
public struct OptimizerShard {
    public let name: String
    /// `[1, n]`: what is computed with, updated in place. Float32, or bfloat16 or float16, which every update rounds anew from float32 masters.
    public let values: Tensor
    /// What the masters begin with, if there are any; the optimizer takes them.
    public let masters: MasterValues?
    /// `[1, n]`: float32, or bfloat16 or float16, which an update widens.
    public let gradients: Tensor
    /// Which stretches of the shard decay; together they cover it.
    public let segments: [(range: Range<Int>, decays: Bool)]

    public init(
        name: String, values: Tensor, masters: MasterValues? = nil, gradients: Tensor, segments: [(range: Range<Int>, decays: Bool)]
    ) {
        precondition((values.elementType == .float32) == (masters == nil), "OptimizerShard.init: values that are rounded have masters, and no others")
        self.name = name
        self.values = values
        self.masters = masters
        self.gradients = gradients
        self.segments = segments
    }

    /// A stretch of it, whose segments count from the stretch's start.
    func part(_ range: Range<Int>) -> OptimizerShard {
        let inside = segments.compactMap { segment -> (range: Range<Int>, decays: Bool)? in
            let common = segment.range.clamped(to: range)
            return common.isEmpty ? nil : (common.lowerBound - range.lowerBound..<common.upperBound - range.lowerBound, segment.decays)
        }
        return OptimizerShard(
            name: name, values: values.columns(range), masters: masters, gradients: gradients.columns(range), segments: inside)
    }

    /// The same with gradients of float32.
    func with(gradients: Tensor) -> OptimizerShard {
        OptimizerShard(name: name, values: values, masters: masters, gradients: gradients, segments: segments)
    }

    /// The same with other values of float32: those that a rule updates.
    func with(masters: Tensor) -> OptimizerShard { OptimizerShard(name: name, values: masters, gradients: gradients, segments: segments) }
}

/// Float32 values on their way from a model that is made to the optimizer that keeps them (Micikevicius et al. 2018, arXiv:1710.03740, section 3.1).
public final class MasterValues {
    private var state: OptimizerState?

    /// - Parameters:
    ///   - values: `[1, n]`, float32.
    ///   - spill: Where they lie if they are paged, as the optimizer's other states are.
    /// - Throws: `file` if the disk has no room for them.
    public init(_ values: Tensor, in spill: Spill?) throws(TrainerError) { state = try OptimizerState(masters: values, in: spill) }

    /// Hands them over, once.
    func take() -> OptimizerState {
        guard let state else { preconditionFailure("MasterValues.take: taken before") }
        self.state = nil
        return state
    }
}
