import Kernels
import Support
import TestSupport
import Testing

@Suite struct DropoutTests {
    private let key: (UInt32, UInt32) = (0xDEAD_BEEF, 0x1234_5678)

    /// The mask as the contract states it, from Support's Philox.
    private func kept(_ position: Int64, _ channel: Int, stream: UInt64, probability: Float) -> Bool {
        let words = Philox(key: key).words(UInt64(position) << 20 | UInt64(channel / 8), stream)
        let word = [words.0, words.1, words.2, words.3][channel % 8 / 2]
        return (channel % 2 == 0 ? word & 0xFFFF : word >> 16) >= UInt32((probability * 65536).rounded())
    }

    private func run(_ input: [Float], channels: Int, positions: [Int64], probability: Float) -> [Float] {
        var result = [Float](repeating: .nan, count: input.count)
        dropoutRows(
            output: &result, input: input, rows: 0..<positions.count, channels: channels, key: key, stream: 0xFFFF_0000_0000_0007,
            tokenPositions: positions, probability: probability)
        return result
    }

    @Test(
        "mask: bit for bit that of the scalar Philox, for positions beyond 32 bits and any number of channels", arguments: [1, 8, 40, 128, 201, 576])
    func mask(channels: Int) {
        let positions: [Int64] = [0, 1, 4095, 4096, 1 << 33, (1 << 44) - 1]
        let input = randomFloats(positions.count * channels, seed: 1)
        for probability in [Float(0.05), 0.5, 0.99999] {
            let wanted = input.indices.map { index in
                let kept = kept(positions[index / channels], index % channels, stream: 0xFFFF_0000_0000_0007, probability: probability)
                return input[index] * (kept ? 1 / (1 - probability) : 0)
            }
            #expect(run(input, channels: channels, positions: positions, probability: probability) == wanted)
        }
    }

    @Test("mask: the share of zeros is the probability, to three standard deviations")
    func share() {
        let (rows, channels) = (200, 576)
        let output = run([Float](repeating: 1, count: rows * channels), channels: channels, positions: (0..<200).map { $0 }, probability: 0.1)
        let zeros = output.count { $0 == 0 }
        #expect(abs(Double(zeros) - 11_520) < 3 * (115_200 * 0.09).squareRoot())
        #expect(output.allSatisfy { $0 == 0 || $0 == 1 / (1 - Float(0.1)) })
    }

    @Test("channels: a part of them sees the mask of the whole, wherever it begins", arguments: [0, 3, 64, 96, 200, 320])
    func channels(first: Int) {
        let (channels, width) = (576, 150)
        let positions: [Int64] = [0, 4097]
        let whole = run([Float](repeating: 1, count: 2 * channels), channels: channels, positions: positions, probability: 0.5)
        var part = [Float](repeating: .nan, count: 2 * width)
        dropoutRows(
            output: &part, input: [Float](repeating: 1, count: 2 * width), rows: 0..<2, channels: width, key: key, stream: 0xFFFF_0000_0000_0007,
            tokenPositions: positions, probability: 0.5, firstChannel: first)
        for row in 0..<2 {
            let start = row * channels + first
            #expect(Array(part[row * width..<(row + 1) * width]) == Array(whole[start..<start + width]))
        }
    }

    @Test("rows: a slice of the tokens sees the same mask, in place too")
    func slices() {
        let channels = 72
        let positions: [Int64] = [10, 11, 12, 13]
        let input = randomFloats(4 * channels, seed: 2)
        let whole = run(input, channels: channels, positions: positions, probability: 0.3)
        let part = run(Array(input[(2 * channels)...]), channels: channels, positions: [12, 13], probability: 0.3)
        #expect(Array(whole[(2 * channels)...]) == part)

        var inPlace = input
        inPlace.withUnsafeMutableBufferPointer { buffer in
            guard let both = buffer.baseAddress else { return }
            dropoutRows(
                output: both, input: both, rows: 0..<4, channels: channels, key: key, stream: 0xFFFF_0000_0000_0007,
                tokenPositions: positions, probability: 0.3)
        }
        #expect(inPlace == whole)
    }

    @Test("probability 0: copies")
    func none() {
        let input = randomFloats(150, seed: 3)
        #expect(run(input, channels: 75, positions: [0, 1], probability: 0) == input)
    }
}
