import Kernels
import TestSupport
import Testing

@Suite struct RMSNormTests {
    private static let epsilon: Float = 1e-5

    private func reference(_ input: [Double], _ gain: [Double]) -> (output: [Double], rstd: [Double]) {
        let channels = gain.count
        var (output, rstd) = ([Double](), [Double]())
        for row in stride(from: 0, to: input.count, by: channels) {
            let x = input[row..<row + channels]
            let scale = 1 / (x.reduce(0) { $0 + $1 * $1 } / Double(channels) + Double(Self.epsilon)).squareRoot()
            rstd.append(scale)
            output += zip(x, gain).map { $0 * scale * $1 }
        }
        return (output, rstd)
    }

    @Test(
        "forward: agrees with a Double loop for widths that fill vectors and widths that do not; reapply gives the same bits",
        arguments: [1, 16, 37, 576])
    func forward(channels: Int) {
        let rows = 5
        let input = randomFloats(rows * channels, seed: 1, scale: 3)
        let gain = randomFloats(channels, seed: 2)
        var output = [Float](repeating: .nan, count: rows * channels)
        var rstd = [Float](repeating: .nan, count: rows)
        rmsNormForward(output: &output, rstd: &rstd, input: input, gain: gain, rows: 0..<2, channels: channels, epsilon: Self.epsilon)
        #expect(output[(2 * channels)...].allSatisfy { $0.isNaN })
        rmsNormForward(output: &output, rstd: &rstd, input: input, gain: gain, rows: 2..<rows, channels: channels, epsilon: Self.epsilon)
        let wanted = reference(input.doubles, gain.doubles)
        expectClose(output, wanted.output.floats, relative: 1e-6, "output")
        expectClose(rstd, wanted.rstd.floats, relative: 1e-6, "rstd")

        var again = [Float](repeating: .nan, count: rows * channels)
        rmsNormReapply(output: &again, input: input, rstd: rstd, gain: gain, rows: 0..<rows, channels: channels)
        #expect(again == output)
    }

    @Test("backward: agrees with central differences of the Double loop, added and written", arguments: [16, 37])
    func backward(channels: Int) {
        let rows = 3
        let input = randomFloats(rows * channels, seed: 3, scale: 2)
        let gain = randomFloats(channels, seed: 4)
        let weights = randomFloats(rows * channels, seed: 5)
        let rstd = reference(input.doubles, gain.doubles).rstd.floats
        let wantedInput = centralDifferences(input.doubles) { dot(reference($0, gain.doubles).output, weights.doubles) }
        let wantedGain = centralDifferences(gain.doubles) { dot(reference(input.doubles, $0).output, weights.doubles) }

        var written = [Float](repeating: .nan, count: rows * channels)
        var dGain = [Float](repeating: 1, count: channels)
        rmsNormBackward(
            inputGradient: &written, adds: false, gainGradient: &dGain, outputGradient: weights, input: input, rstd: rstd, gain: gain, rows: 0..<rows,
            channels: channels)
        expectClose(written, wantedInput.floats, relative: 1e-5, "input gradient")
        expectClose(dGain, wantedGain.map { Float($0 + 1) }, relative: 1e-5, "gain gradient")

        var added = [Float](repeating: 2, count: rows * channels)
        rmsNormBackward(
            inputGradient: &added, adds: true, gainGradient: nil, outputGradient: weights, input: input, rstd: rstd, gain: gain, rows: 0..<rows,
            channels: channels)
        #expect(added == written.map { $0 + 2 })

        var inPlace = weights
        inPlace.withUnsafeMutableBufferPointer { buffer in
            guard let both = buffer.baseAddress else { return }
            rmsNormBackward(
                inputGradient: both, adds: false, gainGradient: nil, outputGradient: both, input: input, rstd: rstd, gain: gain, rows: 0..<rows,
                channels: channels)
        }
        #expect(inPlace == written)
    }
}
