extension DataOptions {
    /// How rows become tokens by these options.
    public var rowOptions: RowOptions {
        let trainOn: RowOptions.TrainOn =
            switch trainOn {
            case .completions: .completions
            case .all: .all
            }
        let overLength: RowOptions.OverLengthPolicy =
            switch overlength {
            case .error: .error
            case .truncate: .truncate
            case .drop: .drop
            }
        return RowOptions(trainOn: trainOn, sequenceLength: sequenceLength, overLength: overLength)
    }
}
