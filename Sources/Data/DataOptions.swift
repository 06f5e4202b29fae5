public import Support

/// What is trained on and how rows become tokens.
public struct DataOptions: ConfigurationOptions {
    /// Which tokens of a row the loss counts.
    public enum TrainOn: String, CaseIterable, ConfigurationValue {
        case completions, all
    }

    /// What becomes of a row longer than `sequence_length`.
    public enum Overlength: String, CaseIterable, ConfigurationValue {
        /// The run stops before it starts and names the first such rows.
        case error
        /// Tokens past the limit are cut off, and counted.
        case truncate
        /// The row is left out, and counted.
        case drop
    }

    /// A file of JSON lines.
    public var train = ""
    public var validation: ValidationSource?
    /// Tokens.
    public var sequenceLength = 1024
    public var trainOn = TrainOn.completions
    public var overlength = Overlength.error
    /// A cap on the rows read from `train`.
    public var maxRows: Int?
    /// A cap on the rows read from the file of held-out rows.
    public var maxValidationRows: Int?

    public init() {}

    public static var keys: [ConfigurationKey<DataOptions>] {
        [
            .key("train", \.train, "File of JSON lines with prompt and completion, or text").required()
                .known(as: "train_file", "dataset", "train_path", "dataset_path"),
            .key("validation", \.validation, "Held-out rows: a file of their own, or the share of the training rows to hold out")
                .known(as: "validation_file", "val", "eval_dataset", "val_set_size", "valid"),
            .key("sequence_length", \.sequenceLength, .from(2), "Most tokens a row may have; memory grows with it")
                .known(as: "max_seq_length", "max_length", "cutoff_len", "sequence_len", "block_size"),
            .key("train_on", \.trainOn, "Tokens that the loss counts: those of completions, or all").known(
                as: "completion_only_loss", "train_on_inputs"),
            .key("overlength", \.overlength, "What becomes of a row longer than sequence_length").known(as: "truncation", "excess_length_strategy"),
            .key("max_rows", \.maxRows, .from(1), "Read only this many rows of train").known(as: "max_train_samples", "max_samples"),
            .key("max_validation_rows", \.maxValidationRows, .from(1), "Read only this many rows of a file of held-out rows")
                .known(as: "max_eval_samples")
                .only("where data.validation is a file") { if case .path = $0.validation { true } else { false } },
        ]
    }
}

/// Where held-out rows come from.
public enum ValidationSource: ConfigurationValue {
    /// This share of the training rows, chosen by the seed.
    case fraction(Double)
    /// A file of JSON lines.
    case path(String)

    public static var wanted: String { "a file, or a number above 0 and below 1" }

    public init?(configuration node: ConfigurationNode) {
        if let fraction = Double(configuration: node) {
            guard fraction > 0, fraction < 1 else { return nil }
            self = .fraction(fraction)
        } else if let path = String(configuration: node), Bool(configuration: node) == nil {
            self = .path(path)
        } else {
            return nil
        }
    }

    public var configuration: ConfigurationNode {
        switch self {
        case .fraction(let fraction): fraction.configuration
        case .path(let path): .text(path)
        }
    }
}
