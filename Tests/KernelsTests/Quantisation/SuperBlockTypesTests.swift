import Kernels
import Testing

@Suite struct SuperBlockTypesTests {
    private func check(_ name: String, blockBytes: Int, _ decode: (UnsafeMutablePointer<Float>, UnsafeRawPointer, Int) -> Void) throws {
        try checkDecoding(name, blockSize: 256, blockBytes: blockBytes, count: 8, decode)
    }

    @Test("decodeQ2_K: the gguf package's values bit for bit, with zero, subnormal and large scales and all bits set")
    func q2_K() throws { try check("q2_k.bin", blockBytes: 84) { decodeQ2_K(output: $0, input: $1, count: $2) } }

    @Test("decodeQ3_K: the gguf package's values bit for bit")
    func q3_K() throws { try check("q3_k.bin", blockBytes: 110) { decodeQ3_K(output: $0, input: $1, count: $2) } }

    @Test("decodeQ4_K: the gguf package's values bit for bit")
    func q4_K() throws { try check("q4_k.bin", blockBytes: 144) { decodeQ4_K(output: $0, input: $1, count: $2) } }

    @Test("decodeQ5_K: the gguf package's values bit for bit")
    func q5_K() throws { try check("q5_k.bin", blockBytes: 176) { decodeQ5_K(output: $0, input: $1, count: $2) } }

    @Test("decodeQ6_K: the gguf package's values bit for bit")
    func q6_K() throws { try check("q6_k.bin", blockBytes: 210) { decodeQ6_K(output: $0, input: $1, count: $2) } }
}
