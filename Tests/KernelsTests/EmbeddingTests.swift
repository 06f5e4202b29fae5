import Kernels
import TestSupport
import Testing

@Suite struct EmbeddingTests {
    @Test("backward: adds each token's row, repeated tokens included, and gives the same bits for any split of the channels")
    func backward() {
        let (vocabulary, channels) = (5, 37)
        let tokens: [Int32] = [3, 0, 3, 3, 4, 0]
        let dOutput = randomFloats(tokens.count * channels, seed: 1)
        let before = randomFloats(vocabulary * channels, seed: 2)
        var wanted = before.doubles
        for (row, token) in tokens.enumerated() {
            for c in 0..<channels { wanted[Int(token) * channels + c] += Double(dOutput[row * channels + c]) }
        }
        var whole = before
        embeddingBackward(
            gradient: &whole, outputGradient: dOutput, tokens: tokens, tokenCount: tokens.count, tableRows: 0..<vocabulary,
            channelRange: 0..<channels, channels: channels)
        expectClose(whole, wanted.floats, relative: 2e-7, "gradient")

        var split = before
        for range in [0..<5, 5..<30, 30..<37] {
            embeddingBackward(
                gradient: &split, outputGradient: dOutput, tokens: tokens, tokenCount: tokens.count, tableRows: 0..<vocabulary,
                channelRange: range, channels: channels)
        }
        #expect(split == whole)

        // Rows 3 and 4 alone, as a rank of a tensor group has them.
        var part = Array(before[3 * channels..<5 * channels])
        embeddingBackward(
            gradient: &part, outputGradient: dOutput, tokens: tokens, tokenCount: tokens.count, tableRows: 3..<5, channelRange: 0..<channels,
            channels: channels)
        #expect(part == Array(whole[3 * channels..<5 * channels]))
    }
}
