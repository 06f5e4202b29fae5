import Kernels
import Testing

@Suite struct TableTypesTests {
    @Test("decodeIQ4_NL: the gguf package's values bit for bit")
    func iq4_NL() throws { try checkDecoding("iq4_nl.bin", blockBytes: 18) { decodeIQ4_NL(output: $0, input: $1, count: $2) } }

    @Test("decodeIQ4_XS: the gguf package's values bit for bit")
    func iq4_XS() throws {
        try checkDecoding("iq4_xs.bin", blockSize: 256, blockBytes: 136, count: 8) { decodeIQ4_XS(output: $0, input: $1, count: $2) }
    }
}
