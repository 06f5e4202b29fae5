import Glibc

/// The learning rate as a pure function of the step: nothing advances it, so neither ranks nor resuming can shift it.
public struct Schedule: Sendable {
    private let options: ScheduleOptions
    private let peak: Double
    private let totalSteps: Int
    private let warmupSteps: Int

    public init(_ options: ScheduleOptions, peak: Double, totalSteps: Int) {
        self.options = options
        self.peak = peak
        self.totalSteps = totalSteps
        warmupSteps = options.warmupStepCount(totalSteps: totalSteps)
    }

    /// The rate of the update numbered `step`, from 0; as transformers' get_linear_ and get_cosine_schedule_with_warmup have it.
    public func learningRate(step: Int) -> Double {
        if step < warmupSteps { return peak * Double(step) / Double(max(warmupSteps, 1)) }
        let progress = Double(step - warmupSteps) / Double(max(totalSteps - warmupSteps, 1))
        switch options.kind {
        case .constant: return peak
        case .linear: return peak * max(0, 1 - progress)
        case .cosine: return peak * max(0, 0.5 * (1 + cos(.pi * progress)))
        }
    }
}
