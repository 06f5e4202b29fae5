/// How rows become tokens and marks.
public struct RowOptions: Sendable, Equatable {
    /// Which tokens the loss counts.
    public var trainOn: TrainOn
    /// The most tokens that a row may have, its end token included.
    public var sequenceLength: Int
    /// What becomes of a row with more.
    public var overLength: OverLengthPolicy

    /// - Precondition: `sequenceLength` is at least 2: a single token predicts nothing.
    public init(trainOn: TrainOn = .completions, sequenceLength: Int, overLength: OverLengthPolicy = .error) {
        precondition(sequenceLength >= 2, "RowOptions.init: a sequence length of \(sequenceLength) leaves no target")
        self.trainOn = trainOn
        self.sequenceLength = sequenceLength
        self.overLength = overLength
    }

    public enum TrainOn: String, CaseIterable, Sendable {
        /// The completion's tokens and the end token.
        case completions
        /// All tokens of the row.
        case all
    }

    public enum OverLengthPolicy: String, CaseIterable, Sendable {
        /// The first such row stops the preparation.
        case error
        /// The row's first tokens are kept; its end token goes with the rest, since the text does not end there.
        case truncate
        /// The row is left out, and counted.
        case drop
    }
}
