import Kernels
import Testing

/// Compares what a kernel decodes with a fixture: blocks, then the gguf package's values of them.
func checkDecoding(
    _ name: String, blockSize: Int = 32, blockBytes: Int, count: Int = 24, _ decode: (UnsafeMutablePointer<Float>, UnsafeRawPointer, Int) -> Void
) throws {
    var fixture = try QuantisationFixture(name)
    let blocks = fixture.take(count * blockBytes)
    let wanted = fixture.floats(count * blockSize)
    #expect(fixture.isAtEnd)
    var output = [Float](repeating: 7, count: count * blockSize)
    decode(&output, blocks, count * blockSize)
    #expect(bits(output) == bits(wanted))
    // At an odd address, a part of the blocks.
    var part = [Float](repeating: 7, count: 3 * blockSize)
    ([0] + blocks[blockBytes...]).withUnsafeBytes { bytes in
        if let address = bytes.baseAddress { decode(&part, address + 1, 2 * blockSize) }
    }
    #expect(bits(Array(part[..<(2 * blockSize)])) == bits(Array(wanted[blockSize..<3 * blockSize])))
    #expect(part[(2 * blockSize)...].allSatisfy { $0 == 7 })
}

@Suite struct BlockTypesTests {
    @Test("decodeQ8_0: the gguf package's values bit for bit, with zero, negative, subnormal and largest scales")
    func q8_0() throws { try checkDecoding("q8_0.bin", blockBytes: 34) { decodeQ8_0(output: $0, input: $1, count: $2) } }

    @Test("decodeQ4_0: the gguf package's values bit for bit")
    func q4_0() throws { try checkDecoding("q4_0.bin", blockBytes: 18) { decodeQ4_0(output: $0, input: $1, count: $2) } }

    @Test("decodeQ4_1: the gguf package's values bit for bit")
    func q4_1() throws { try checkDecoding("q4_1.bin", blockBytes: 20) { decodeQ4_1(output: $0, input: $1, count: $2) } }

    @Test("decodeQ5_0: the gguf package's values bit for bit")
    func q5_0() throws { try checkDecoding("q5_0.bin", blockBytes: 22) { decodeQ5_0(output: $0, input: $1, count: $2) } }

    @Test("decodeQ5_1: the gguf package's values bit for bit")
    func q5_1() throws { try checkDecoding("q5_1.bin", blockBytes: 24) { decodeQ5_1(output: $0, input: $1, count: $2) } }

    @Test("encodeQ8_0: the gguf package's blocks byte for byte, ties, zeros and subnormals among them")
    func q8_0Encoded() throws {
        var fixture = try QuantisationFixture("q8_0_encoded.bin")
        let values = fixture.floats(25 * 32)
        let wanted = fixture.take(25 * 34)
        #expect(fixture.isAtEnd)
        var blocks = [UInt8](repeating: 7, count: 25 * 34 + 1)
        blocks.withUnsafeMutableBytes { bytes in
            if let address = bytes.baseAddress { encodeQ8_0(output: address + 1, input: values, count: 25 * 32) }
        }
        #expect(Array(blocks[1...]) == wanted)
    }
}
