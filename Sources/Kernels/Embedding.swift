/// Adds each token's gradient to its row of the embedding table, for a range of channels.
///
///     gradient[tokens[t] - tableRows.lowerBound, c] += outputGradient[t, c]
///
/// Tokens repeat, so threads must not split them: they split channels, and the order of the sums is that of the tokens whatever the number of threads.
///
/// - Parameters:
///   - gradient: Added to, `[tableRows, C]`.
///   - outputGradient: Read, `[T, C]`.
///   - tokens: Read, `[T]`; those outside `tableRows` are passed over.
///   - tokenCount: T.
///   - tableRows: The tokens whose rows the table has: 0 to V, or a part of it.
///   - channelRange: The channels to work on.
///   - channels: C.
public func embeddingBackward(
    gradient: UnsafeMutablePointer<Float>, outputGradient: UnsafePointer<Float>, tokens: UnsafePointer<Int32>, tokenCount: Int,
    tableRows: Range<Int>, channelRange: Range<Int>, channels: Int
) {
    for token in 0..<tokenCount where tableRows.contains(Int(tokens[token])) {
        let row = gradient + (Int(tokens[token]) - tableRows.lowerBound) * channels
        let dOutput = outputGradient + token * channels
        forEachVector(channelRange) { c, lanes in row.store(row.vector(c, lanes) + dOutput.vector(c, lanes), c, lanes) }
    }
}
