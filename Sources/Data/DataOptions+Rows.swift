extension DataOptions {
    /// How rows become tokens by these options.
    public var rowOptions: RowOptions { RowOptions(trainOn: trainOn, sequenceLength: sequenceLength, overLength: overlength) }
}
