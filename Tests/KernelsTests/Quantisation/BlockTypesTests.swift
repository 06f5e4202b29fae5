import Kernels
import Testing

@Suite struct BlockTypesTests {
    private func check(
        _ name: String, blockBytes: Int, _ decode: (UnsafeMutablePointer<Float>, UnsafeRawPointer, Int) -> Void
    ) throws {
        var fixture = try QuantisationFixture(name)
        let blocks = fixture.take(24 * blockBytes)
        let wanted = fixture.floats(24 * 32)
        #expect(fixture.isAtEnd)
        var output = [Float](repeating: 7, count: 24 * 32)
        decode(&output, blocks, 24 * 32)
        #expect(bits(output) == bits(wanted))
        // At an odd address, a part of the blocks.
        var part = [Float](repeating: 7, count: 96)
        ([0] + blocks[blockBytes...]).withUnsafeBytes { bytes in
            if let address = bytes.baseAddress { decode(&part, address + 1, 64) }
        }
        #expect(bits(Array(part[..<64])) == bits(Array(wanted[32..<96])) && part[64...].allSatisfy { $0 == 7 })
    }

    @Test("decodeQ8_0: the gguf package's values bit for bit, with zero, negative, subnormal and largest scales")
    func q8_0() throws { try check("q8_0.bin", blockBytes: 34) { decodeQ8_0(output: $0, input: $1, count: $2) } }

    @Test("decodeQ4_0: the gguf package's values bit for bit")
    func q4_0() throws { try check("q4_0.bin", blockBytes: 18) { decodeQ4_0(output: $0, input: $1, count: $2) } }

    @Test("decodeQ4_1: the gguf package's values bit for bit")
    func q4_1() throws { try check("q4_1.bin", blockBytes: 20) { decodeQ4_1(output: $0, input: $1, count: $2) } }
}
