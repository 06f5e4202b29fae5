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

    public typealias TrainOn = DataOptions.TrainOn
    public typealias OverLengthPolicy = DataOptions.Overlength
}
