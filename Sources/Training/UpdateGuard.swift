public import Planning

/// Which updates a run leaves out: those of losses or gradients that are not finite, and of gradients far larger than the last ones.
///
/// A value with no clock and no rank in it: the same numbers lead to the same decisions on every rank, and after a checkpoint that holds it.
public struct UpdateGuard: Codable, Equatable, Sendable {
    /// Updates left out so far, for whatever reason.
    public private(set) var skippedCount = 0
    /// Steps in a row, up to the last one, that were not finite.
    public private(set) var nonFiniteInARow = 0
    /// The finite gradient norms of the last steps, the newest last; as many as the window has, and none where no spikes are looked for.
    private(set) var norms: [Double] = []

    public init() {}

    public struct Options: Equatable, Sendable {
        /// Whether steps that are not finite are left out; otherwise they end the run.
        public var skipsNonFinite = false
        /// So many of them in a row end the run in any case.
        public var nonFiniteLimit = 5
        /// A norm above so many times the median is a spike; nil for none.
        public var spikeFactor: Double?
        /// How many steps the median is taken over.
        public var spikeWindow = 50

        public init() {}

        public init(_ training: TrainingOptions) {
            skipsNonFinite = training.onNonfinite == .skip
            nonFiniteLimit = training.nonfiniteLimit
            spikeFactor = training.spikeSkip
            spikeWindow = training.spikeWindow
        }
    }

    public enum Verdict: Equatable, Sendable {
        case update
        /// The step is not finite, and its update is left out.
        case skipNonFinite
        /// The gradient is larger than the limit of the last steps.
        case skipSpike(limit: Double)
        /// The run ends: so many steps in a row were not finite.
        case stop(inARow: Int)
    }

    /// Counts an update that was left out for a reason of somebody else's.
    mutating func leaveOut() { skippedCount += 1 }

    /// Decides about a step, and remembers it.
    mutating func judge(isFinite: Bool, norm: Double, _ options: Options) -> Verdict {
        guard isFinite else {
            nonFiniteInARow += 1
            guard options.skipsNonFinite, nonFiniteInARow < options.nonFiniteLimit else { return .stop(inARow: nonFiniteInARow) }
            skippedCount += 1
            return .skipNonFinite
        }
        nonFiniteInARow = 0
        guard let factor = options.spikeFactor else { return .update }
        let limit = norms.count >= options.spikeWindow ? factor * median(norms) : .infinity
        // Those left out count too: where gradients stay large, the median follows, and training goes on.
        norms = (norms + [norm]).suffix(options.spikeWindow)
        guard norm > limit else { return .update }
        skippedCount += 1
        return .skipSpike(limit: limit)
    }
}

/// The middle one of some numbers, or the mean of the two in the middle.
///
/// - Precondition: There is one.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}
