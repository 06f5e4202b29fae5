public import Support

/// The update rule and its settings.
public struct OptimizerOptions: ConfigurationOptions {
    public enum Kind: String, CaseIterable, ConfigurationValue {
        /// Loshchilov and Hutter 2019, arXiv:1711.05101.
        case adamw
        /// The same with states of 8 bits: Dettmers et al. 2022, arXiv:2110.02861.
        case adamw8bit = "adamw_8bit"
    }

    public var kind = Kind.adamw
    public var learningRate = 2e-4
    public var beta1 = 0.9
    public var beta2 = 0.999
    public var epsilon = 1e-8
    public var weightDecay = 0.0
    /// Zero turns clipping off.
    public var maxGradNorm = 1.0
    /// Whether states lie in a file and are brought in piece by piece around the update.
    public var paged = false

    public init() {}

    public static var keys: [ConfigurationKey<OptimizerOptions>] {
        [
            .key("kind", \.kind, "The update rule; adamw_8bit keeps its states in a quarter of the memory").known(as: "optim"),
            .key("learning_rate", \.learningRate, .above(0), "Step size at the peak of the schedule").known(as: "lr"),
            .key("beta1", \.beta1, .from(0, below: 1), "How much of the mean gradient is kept from step to step").known(as: "adam_beta1"),
            .key("beta2", \.beta2, .from(0, below: 1), "How much of the mean squared gradient is kept from step to step").known(as: "adam_beta2"),
            .key("epsilon", \.epsilon, .above(0), "Added to the root of the mean squared gradient").known(as: "adam_epsilon", "eps"),
            .key("weight_decay", \.weightDecay, .from(0), "Pull of weights towards zero, times the learning rate; norms and biases are spared"),
            .key("max_grad_norm", \.maxGradNorm, .from(0), "Gradients are scaled down to this global norm; 0 turns that off")
                .known(as: "grad_clip", "clip_grad_norm", "gradient_clipping"),
            .key("paged", \.paged, "Whether the optimizer's states lie in a file on a disk, and are in memory only while they are updated")
                .known(as: "is_paged", "optimizer_offload"),
        ]
    }
}

/// How the learning rate changes over the run.
public struct ScheduleOptions: ConfigurationOptions {
    public enum Kind: String, CaseIterable, ConfigurationValue {
        /// Warm-up, then a straight line to zero.
        case linear
        /// Warm-up, then half a cosine to zero.
        case cosine
        /// The same rate throughout, without warm-up.
        case constant
    }

    public var kind = Kind.cosine
    public var warmupRatio = 0.03
    public var warmupSteps: Int?

    public init() {}

    public static var keys: [ConfigurationKey<ScheduleOptions>] {
        [
            .key("kind", \.kind, "Shape of the learning rate over the run").known(as: "lr_scheduler_type", "lr_scheduler"),
            .key("warmup_ratio", \.warmupRatio, .from(0, below: 1), "Share of the steps over which the rate climbs from zero")
                .only("where training.schedule.warmup_steps is not given") { $0.warmupSteps == nil }
                .only("where training.schedule.kind is linear or cosine") { $0.kind != .constant },
            .key("warmup_steps", \.warmupSteps, .from(0, to: 1_000_000_000), "Steps over which the rate climbs from zero")
                .only("where training.schedule.kind is linear or cosine") { $0.kind != .constant },
        ]
    }

    /// The steps of warm-up in a run of `totalSteps`; zero with a constant schedule.
    ///
    /// A ratio is rounded up, as transformers does.
    public func warmupStepCount(totalSteps: Int) -> Int {
        guard kind != .constant else { return 0 }
        return warmupSteps ?? Int((warmupRatio * Double(totalSteps)).rounded(.up))
    }
}
