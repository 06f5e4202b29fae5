public import Support

/// What is trained on and how rows become tokens.
public struct DataOptions: ConfigurationOptions {
    /// Which tokens of a row the loss counts.
    public enum TrainOn: String, CaseIterable, ConfigurationValue {
        /// Of pairs the completion, of chats every turn of the assistant, each with the token that ends it.
        case completions
        /// Of chats the assistant's last turn alone.
        case lastTurn = "last_turn"
        case all
    }

    /// What becomes of a row longer than `sequence_length`.
    public enum Overlength: String, CaseIterable, ConfigurationValue {
        /// The run stops before it starts and names the first such rows.
        case error
        /// Tokens past the limit are cut off, and counted.
        case truncate
        /// The row becomes several of at most that length, without overlap, and is counted; pieces without a trained token are left out.
        case split
        /// The row is left out, and counted.
        case drop
    }

    public var train = DataPaths()
    /// How the files are read.
    public var format = DataFormat.auto
    public var columns: RowColumns?
    /// A file with a template to use instead of the model's own.
    public var chatTemplate: String?
    /// Whether rows of prompt and completion are a user's and an assistant's turn.
    public var promptsAsChat = false
    public var validation: ValidationSource?
    /// Tokens.
    public var sequenceLength = 1024
    public var trainOn = TrainOn.completions
    public var overlength = Overlength.error
    /// A cap on the rows read from `train`.
    public var maxRows: Int?
    /// A cap on the rows read from the file of held-out rows.
    public var maxValidationRows: Int?
    /// Where tokenised rows are kept.
    public var cache = CachePlace.auto

    public init() {}

    public static var keys: [ConfigurationKey<DataOptions>] {
        [
            .key("train", \.train, "File, list of files, or pattern: JSON, JSON lines, tables or texts").required()
                .known(as: "train_file", "dataset", "train_path", "dataset_path"),
            .key("format", \.format, "How the files are read; auto goes by their names").known(as: "file_format", "ds_type"),
            .key("columns", \.columns, "Which column holds which field, such as {prompt: question}").known(as: "column_mapping", "field_mapping"),
            .key("chat_template", \.chatTemplate, "File with a chat template, instead of the model's own").known(as: "chat_template_jinja"),
            .key("prompts_as_chat", \.promptsAsChat, "Rows of prompt and completion are turns of a chat").known(as: "apply_chat_template"),
            .key("validation", \.validation, "Held-out rows: a file of their own, or the share of the training rows to hold out")
                .known(as: "validation_file", "val", "eval_dataset", "val_set_size", "valid"),
            .key("sequence_length", \.sequenceLength, .from(2, to: 1_000_000_000), "Most tokens a row may have; memory grows with it")
                .known(as: "max_seq_length", "max_length", "cutoff_len", "sequence_len", "block_size"),
            .key("train_on", \.trainOn, "Tokens that the loss counts: those of completions, of a chat's last turn, or all").known(
                as: "completion_only_loss", "train_on_inputs"),
            .key("overlength", \.overlength, "What becomes of a row longer than sequence_length").known(as: "truncation", "excess_length_strategy"),
            .key("max_rows", \.maxRows, .count, "Read only this many rows of train").known(as: "max_train_samples", "max_samples"),
            .key("max_validation_rows", \.maxValidationRows, .count, "Read only this many rows of a file of held-out rows")
                .known(as: "max_eval_samples")
                .only("where data.validation is a file") { if case .files = $0.validation { true } else { false } },
            .key("cache", \.cache, "Folder that keeps tokenised rows for later starts; auto is ~/.cache/trainer, none holds them in memory")
                .known(as: "dataset_prepared_path", "cache_dir", "tokenized_path", "preprocessing_cache"),
        ]
    }
}

/// Where held-out rows come from.
public enum ValidationSource: ConfigurationValue {
    /// This share of the training rows, chosen by the seed.
    case fraction(Double)
    /// Files of their own.
    case files(DataPaths)

    public static var wanted: String { "a file, a list of files, or a number above 0 and below 1" }

    public init?(configuration node: ConfigurationNode) {
        if let fraction = Double(configuration: node) {
            guard fraction > 0, fraction < 1 else { return nil }
            self = .fraction(fraction)
        } else if let paths = DataPaths(configuration: node), Bool(configuration: node) == nil {
            self = .files(paths)
        } else {
            return nil
        }
    }

    public var configuration: ConfigurationNode {
        switch self {
        case .fraction(let fraction): fraction.configuration
        case .files(let paths): paths.configuration
        }
    }
}

/// Paths of files, or patterns with `*`, `?` and `[ ]`.
public struct DataPaths: ConfigurationValue, ExpressibleByStringLiteral {
    public var patterns: [String] = []

    public init(_ patterns: [String] = []) { self.patterns = patterns }

    public init(stringLiteral path: String) { patterns = [path] }

    public static var wanted: String { "a file, a pattern or a list of them" }

    public init?(configuration node: ConfigurationNode) {
        if let path = String(configuration: node) {
            patterns = [path]
        } else if let paths = [String](configuration: node), !paths.isEmpty {
            patterns = paths
        } else {
            return nil
        }
    }

    public var configuration: ConfigurationNode { patterns.count == 1 ? .text(patterns[0]) : patterns.configuration }
}
