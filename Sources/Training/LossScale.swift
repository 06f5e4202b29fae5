public import Planning

/// What a step's loss is multiplied by before its backward, so that small gradients do not vanish in float16 (Micikevicius et al. 2018,
/// arXiv:1710.03740, section 3.2), with the numbers of torch's GradScaler.
///
/// Always a power of two, so that dividing it out changes no bit of a gradient that float32 holds. A value with no rank in it: the same steps lead to
/// the same scale on every rank, and after a checkpoint that holds it.
public struct LossScale: Codable, Equatable, Sendable {
    public private(set) var value: Double
    /// Finite steps since it last changed.
    private(set) var goodSteps = 0
    /// Updates left out to lower it.
    public private(set) var loweredCount = 0

    public struct Options: Equatable, Sendable {
        public var start = 1.0
        /// Whether it follows the gradients; otherwise it stays.
        public var isDynamic = false
        /// So many finite steps in a row double it.
        public var growthSteps = 2000

        public init() {}

        public init(_ configuration: RunConfiguration) {
            let training = configuration.training
            switch training.lossScale {
            case .fixed(let scale): start = scale
            case .auto where configuration.usesFloat16: (start, isDynamic) = (Double(1 << training.initialScalePower), true)
            case .auto: break
            }
        }

        /// Whether losses are scaled at all.
        var isUsed: Bool { isDynamic || start != 1 }
    }

    public init(_ options: Options) { value = options.start }

    /// Halves it after a step whose gradient is not finite.
    ///
    /// - Returns: Whether it could be: not where it is fixed, or would fall below 1.
    mutating func lower(_ options: Options) -> Bool {
        guard options.isDynamic, value >= 2 else { return false }
        value /= 2
        goodSteps = 0
        loweredCount += 1
        return true
    }

    /// Notes a step that is not finite for another reason, or where it could not be halved: so many finite ones in a row begin anew.
    mutating func restart() { goodSteps = 0 }

    /// Notes a finite step, and doubles it after so many.
    mutating func keep(_ options: Options) {
        guard options.isDynamic else { return }
        goodSteps += 1
        guard goodSteps >= options.growthSteps else { return }
        value = min(2 * value, LossScaleChoice.highest)
        goodSteps = 0
    }
}
