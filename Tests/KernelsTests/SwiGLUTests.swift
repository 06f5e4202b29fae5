import Glibc
import Kernels
import TestSupport
import Testing

@Suite struct SwiGLUTests {
    private func reference(_ gateUp: [Double], _ width: Int) -> [Double] {
        stride(from: 0, to: gateUp.count, by: 2 * width).flatMap { row in
            (0..<width).map { f in
                let gate = gateUp[row + f]
                return gate / (1 + exp(-gate)) * gateUp[row + width + f]
            }
        }
    }

    @Test("forward: agrees with a Double loop, gates far from 0 included", arguments: [1, 16, 45])
    func forward(width: Int) {
        let gateUp = randomFloats(3 * 2 * width, seed: 1, scale: 30)
        var output = [Float](repeating: .nan, count: 3 * width)
        swiGLUForward(output: &output, gateUp: gateUp, rows: 0..<3, width: width)
        expectClose(output, reference(gateUp.doubles, width).floats, relative: 1e-6, "output")
    }

    @Test("forward: gates that overflow the exponential give 0 or the gate")
    func overflow() {
        let gates: [Float] = [-1000, 1000, -90, 90]
        var output = [Float](repeating: .nan, count: 4)
        swiGLUForward(output: &output, gateUp: gates + [1, 1, 1, 1], rows: 0..<1, width: 4)
        expectClose(output, [0, 1000, 0, 90], absolute: 1e-30, "output")
    }

    @Test("backward: agrees with central differences of the Double loop, in place too", arguments: [16, 21])
    func backward(width: Int) {
        let gateUp = randomFloats(2 * 2 * width, seed: 2, scale: 4)
        let weights = randomFloats(2 * width, seed: 3)
        let wanted = centralDifferences(gateUp.doubles) { dot(reference($0, width), weights.doubles) }
        var gradient = [Float](repeating: .nan, count: gateUp.count)
        swiGLUBackward(gateUpGradient: &gradient, outputGradient: weights, gateUp: gateUp, rows: 0..<2, width: width)
        expectClose(gradient, wanted.floats, relative: 1e-6, "gradient")

        var both = gateUp
        both.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return }
            swiGLUBackward(gateUpGradient: start, outputGradient: weights, gateUp: start, rows: 0..<2, width: width)
        }
        #expect(both == gradient)
    }
}
