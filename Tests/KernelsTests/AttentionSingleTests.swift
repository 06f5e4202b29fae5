import TestSupport
import Testing

@testable import Kernels

@Suite struct AttentionSingleTests {
    @Test("single: agrees with the Double loops for any number of keys and any head size", arguments: [1, 5, 64, 65, 300], [8, 20, 64])
    func agrees(keys: Int, size: Int) {
        let shape = AttentionShape(queryHeads: 1, keyHeads: 1, headSize: size, scale: 0.3)
        let (query, key, value) = (randomFloats(size, seed: 1), randomFloats(keys * size, seed: 2), randomFloats(keys * size, seed: 3))
        let wanted = AttentionReference(shape: shape, queryRows: 0..<1, keyRows: 0..<keys).forward(query.doubles, key.doubles, value.doubles)
        var output = [Float](repeating: .nan, count: size)
        var scratch = [Float](repeating: .nan, count: 64 + 2 * size)
        let logSumExp = attendSingle(
            output: &output, before: -.infinity, query: query, key: key, keyStride: size, value: value, valueStride: size, count: keys, size: size,
            scale: 0.3,
            scratch: &scratch)
        expectClose(output, wanted.output.floats, absolute: 1e-6, "output")
        expectClose([logSumExp], [Float(wanted.logSumExp[0])], relative: 1e-6, "logSumExp")
    }

    @Test("single: no key gives zeros and minus infinity")
    func nothing() {
        var output: [Float] = [.nan, .nan]
        var scratch = [Float](repeating: .nan, count: 68)
        let logSumExp = attendSingle(
            output: &output, before: -.infinity, query: [1, 1], key: [1], keyStride: 2, value: [1], valueStride: 2, count: 0, size: 2, scale: 1,
            scratch: &scratch)
        #expect(output == [0, 0] && logSumExp == -.infinity)
    }
}
