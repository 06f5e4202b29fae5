/// Adds each token's gradient to its row of the embedding table, for a range of channels.
///
///     gradient[tokens[t], c] += outputGradient[t, c]
///
/// Tokens repeat, so threads must not split them: they split channels, and the order of the sums is that of the tokens whatever the number of threads.
///
/// - Parameters:
///   - gradient: Added to, `[V, C]`.
///   - outputGradient: Read, `[T, C]`.
///   - tokens: Read, `[T]`, each under V.
///   - tokenCount: T.
///   - channelRange: The channels to work on.
///   - channels: C.
public func embeddingBackward(
    gradient: UnsafeMutablePointer<Float>, outputGradient: UnsafePointer<Float>, tokens: UnsafePointer<Int32>, tokenCount: Int,
    channelRange: Range<Int>, channels: Int
) {
    for token in 0..<tokenCount {
        let row = gradient + Int(tokens[token]) * channels
        let dOutput = outputGradient + token * channels
        forEachVector(channelRange) { c, lanes in row.store(row.vector(c, lanes) + dOutput.vector(c, lanes), c, lanes) }
    }
}
