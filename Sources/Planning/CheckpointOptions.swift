public import Support

/// What is kept so that a run can go on.
public struct CheckpointOptions: ConfigurationOptions {
    public var everySteps: Int?
    public var everyMinutes: Double? = 15
    public var keepLast = 2
    public var keepBest = true
    public var resume = Resume.auto
    public var graceSeconds = 30.0
    public var background = BackgroundSaving.auto

    public init() {}

    public static var keys: [ConfigurationKey<CheckpointOptions>] {
        [
            .key("every_steps", \.everySteps, .count, "Steps between checkpoints").known(as: "save_steps", "save_every"),
            .key(
                "every_minutes", \.everyMinutes, .above(0, to: 1_000_000),
                "Minutes between checkpoints, whichever of the two comes first; null for none"),
            .key("keep_last", \.keepLast, .from(1, to: 1_000_000), "How many of the newest checkpoints are kept").known(as: "save_total_limit"),
            .key("keep_best", \.keepBest, "Also keep the checkpoint with the lowest held-out loss").known(as: "load_best_model_at_end"),
            .key(
                "resume", \.resume,
                "Go on from the newest sound checkpoint of the output folder, from a given one or what was saved after it, or never"
            ).known(as: "resume_from_checkpoint"),
            .key(
                "grace_seconds", \.graceSeconds, .above(0, to: 1_000_000),
                "Time between a signal to stop and the kill; a slower checkpoint is warned of"),
            .key(
                "background", \.background,
                "Whether training goes on while a copy of the state is written; auto is yes where the copy fits into memory"
            ).known(as: "async_save", "async"),
        ]
    }
}

/// Whether training goes on while a checkpoint is written.
public enum BackgroundSaving: ConfigurationValue {
    /// Where the copy of the state fits into memory.
    case auto
    case always, never

    public static var wanted: String { "auto, true or false" }

    public init?(configuration node: ConfigurationNode) {
        if node.anyText == "auto" {
            self = .auto
        } else if let value = Bool(configuration: node) {
            self = value ? .always : .never
        } else {
            return nil
        }
    }

    public var configuration: ConfigurationNode {
        switch self {
        case .auto: .plain("auto")
        case .always: true.configuration
        case .never: false.configuration
        }
    }
}

/// What a run goes on from.
public enum Resume: ConfigurationValue {
    /// The newest checkpoint of the output folder that verifies, if there is one.
    case auto
    /// Nothing: the output folder must be new.
    case never
    /// A checkpoint's folder.
    case path(String)

    public static var wanted: String { "auto, never or a checkpoint's folder" }

    public init?(configuration node: ConfigurationNode) {
        guard let text = String(configuration: node), Bool(configuration: node) == nil else { return nil }
        switch text {
        case "auto": self = .auto
        case "never": self = .never
        // Words that other readers of YAML take for true and false, which are no folder's name.
        case "yes", "no", "on", "off": return nil
        default: self = .path(text)
        }
    }

    public var configuration: ConfigurationNode {
        switch self {
        case .auto: .text("auto")
        case .never: .text("never")
        case .path(let path): .text(path)
        }
    }
}

/// What is measured on held-out rows before and after the run, beside their loss.
public struct EvaluationOptions: ConfigurationOptions {
    public enum Task: String, CaseIterable, ConfigurationValue {
        /// The loss alone.
        case none
        /// The share of fields of a JSON completion that the model's own text gets exactly right.
        case fieldMatch = "field_match"
    }

    public var task = Task.none
    /// A cap on the rows that are generated and scored; nil for all.
    public var rows: Int?
    public var maxNewTokens = 128
    /// How many outputs are shown before and after.
    public var samples = 3

    public init() {}

    public static var keys: [ConfigurationKey<EvaluationOptions>] {
        [
            .key("task", \.task, "Score of generated text: field_match compares each field of a JSON completion").known(as: "metric", "metrics"),
            .key("rows", \.rows, .count, "Generate and score only this many held-out rows")
                .only("where evaluation.task is field_match") { $0.task != .none },
            .key("max_new_tokens", \.maxNewTokens, .from(1, to: 1_000_000), "Most tokens generated per row").known(as: "generation_max_length")
                .only("where evaluation.task is field_match or evaluation.samples is above 0") { $0.task != .none || $0.samples > 0 },
            .key("samples", \.samples, .from(0, to: 1_000_000), "Outputs shown before and after the run"),
        ]
    }
}
