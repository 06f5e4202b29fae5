public import Evaluation
import Support
public import Tensors

/// How far a merged model's logits may lie from those of base and adapter.
///
/// Weights in float32 differ by rounding in the sums alone. In float16 and bfloat16 every weight is rounded once, to 11 and 8 bits, which shows in the
/// logits. What was measured stands in the README of this target.
public struct MergeTolerance: Equatable, Sendable {
    /// Of any logit.
    public var largestDifference: Double
    /// Of the mean divergence, in nats.
    public var meanDivergence: Double
    /// Of the mean difference, as a share of what the adapter changes in the base's logits: beyond this, rounding or a wrong scale undoes the adapter.
    public static let largestShare = 0.5

    public init(_ type: ElementType) {
        switch type {
        case .float32: (largestDifference, meanDivergence) = (1e-3, 1e-6)
        case .float16: (largestDifference, meanDivergence) = (0.25, 1e-4)
        default: (largestDifference, meanDivergence) = (2, 1e-2)
        }
    }

    /// Says what is beyond tolerance; nil if nothing is.
    ///
    /// - Parameter change: The mean difference that the adapter makes to the base's logits; 0 if it changes nothing.
    public func problem(_ found: LogitComparison, change: Double) -> String? {
        if !(found.largestDifference <= largestDifference) {
            return "a logit differs by \(scientific(found.largestDifference)), more than \(scientific(largestDifference))"
        }
        if !(found.meanDivergence <= meanDivergence) {
            return "the mean KL divergence is \(scientific(found.meanDivergence)), more than \(scientific(meanDivergence))"
        }
        if change > 0, !(found.meanDifference <= Self.largestShare * change) {
            let share = fixed(100 * found.meanDifference / change, 0)
            return "the logits differ by \(share) % of what the adapter changes, more than \(fixed(100 * Self.largestShare, 0)) %"
        }
        return nil
    }
}
