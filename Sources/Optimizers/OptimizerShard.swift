public import Tensors

/// What one update rule is applied to: the trained values of a unit, or a shard of them.
///
/// A shard begins on a multiple of 256 elements of its unit, so that a rule's blocks are the unit's whatever the shards.
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

    /// A stretch of it, whose segments count from the stretch's start.
    func part(_ range: Range<Int>) -> OptimizerShard {
        let inside = segments.compactMap { segment -> (range: Range<Int>, decays: Bool)? in
            let common = segment.range.clamped(to: range)
            return common.isEmpty ? nil : (common.lowerBound - range.lowerBound..<common.upperBound - range.lowerBound, segment.decays)
        }
        return OptimizerShard(name: name, values: values.columns(range), gradients: gradients.columns(range), segments: inside)
    }
}
