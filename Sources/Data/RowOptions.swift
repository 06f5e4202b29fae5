/// How rows are read, and how they become tokens and marks.
public struct RowOptions: Sendable, Equatable {
    /// Which tokens the loss counts.
    public var trainOn: TrainOn
    /// The most tokens that a row may have, its end token included.
    public var sequenceLength: Int
    /// What becomes of a row with more.
    public var overLength: OverLengthPolicy
    /// How files are cut into records.
    public var format = DataFormat.auto
    /// Which column holds which field.
    public var columns = RowColumns()
    /// Whether pairs become chats.
    public var promptsAsChat = false
    /// A cap on the records that are read; nil for all.
    public var limit: Int?

    /// - Precondition: `sequenceLength` is at least 2: a single token predicts nothing.
    public init(trainOn: TrainOn = .completions, sequenceLength: Int, overLength: OverLengthPolicy = .error) {
        precondition(sequenceLength >= 2, "RowOptions.init: a sequence length of \(sequenceLength) leaves no target")
        self.trainOn = trainOn
        self.sequenceLength = sequenceLength
        self.overLength = overLength
    }

    /// What the keys of `data` ask for.
    ///
    /// - Parameter limit: `max_rows` or `max_validation_rows`, as the files are.
    public init(_ options: DataOptions, limit: Int?) {
        self.init(trainOn: options.trainOn, sequenceLength: options.sequenceLength, overLength: options.overlength)
        format = options.format
        columns = options.columns ?? RowColumns()
        promptsAsChat = options.promptsAsChat
        self.limit = limit
    }

    public typealias TrainOn = DataOptions.TrainOn
    public typealias OverLengthPolicy = DataOptions.Overlength
}
