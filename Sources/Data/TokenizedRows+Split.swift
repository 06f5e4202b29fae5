public import Support

extension TokenizedRows {
    /// Sets rows aside for validation.
    ///
    /// Which rows is a pure function of the seed and the number of rows: the first of a Philox permutation. Both parts keep the file's order.
    ///
    /// - Parameters:
    ///   - fraction: The share set aside, from 0 up to but not including 1; rounded to whole rows, at least one if above 0.
    ///   - seed: The run's seed.
    /// - Throws: `configuration` if the fraction is outside its range or leaves no row to train on.
    public func split(validation fraction: Double, seed: UInt64) throws(TrainerError) -> (training: TokenizedRows, validation: TokenizedRows) {
        guard fraction >= 0, fraction < 1 else {
            throw TrainerError(.configuration, "data.validation", "\(fraction) is no share of the rows", remedy: "Use a number from 0 up to below 1")
        }
        guard fraction > 0 else { return (self, TokenizedRows()) }
        let validationCount = max(1, Int((fraction * Double(count)).rounded()))
        guard validationCount < count else {
            throw TrainerError(
                .configuration, "data.validation", "\(fraction) of \(grouped(count)) rows leaves no row to train on",
                remedy: "Use a smaller share, or a validation file")
        }
        let order = Philox(seed: seed, purpose: .split).permutation(count, stream: 0)
        return (selecting(order[validationCount...].sorted()), selecting(order[..<validationCount].sorted()))
    }
}
