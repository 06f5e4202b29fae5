import Kernels
import Testing

@Suite struct DenseTypesTests {
    @Test("decode: every bfloat16 and float16, at an odd address, and counts that fill no vector")
    func decode() {
        let patterns = (0..<65_536).map { UInt16($0) }
        var shifted: [UInt8] = [0]
        for pattern in patterns { shifted += [UInt8(pattern & 255), UInt8(pattern >> 8)] }
        var output = [Float](repeating: 0, count: 65_536)
        shifted.withUnsafeBytes { if let address = $0.baseAddress { decodeBFloat16(output: &output, input: address + 1, count: 65_536) } }
        #expect(patterns.allSatisfy { output[Int($0)].bitPattern == UInt32($0) << 16 })
        shifted.withUnsafeBytes { if let address = $0.baseAddress { decodeFloat16(output: &output, input: address + 1, count: 65_536) } }
        let agree = patterns.allSatisfy { pattern in
            let wanted = Float16(bitPattern: pattern)
            return wanted.isNaN ? output[Int(pattern)].isNaN : output[Int(pattern)] == Float(wanted)
        }
        #expect(agree)
        for count in [0, 1, 15, 17, 33] {
            var output = [Float](repeating: 7, count: 40)
            decodeFloat16(output: &output, input: patterns, count: count)
            #expect(output[count...].allSatisfy { $0 == 7 } && (0..<count).allSatisfy { output[$0] == Float(Float16(bitPattern: UInt16($0))) })
        }
    }

    @Test("encodeBFloat16: the gguf package's bits, NaN, infinities, ties and subnormals among them")
    func encodeBFloat16() throws {
        var fixture = try QuantisationFixture("bfloat16.bin")
        let values = fixture.floats(272)
        let wanted = (0..<272).map { _ in fixture.take(2) }.map { UInt16($0[0]) | UInt16($0[1]) << 8 }
        #expect(fixture.isAtEnd)
        for count in [272, 271, 8] {
            var output = [UInt16](repeating: 0xAAAA, count: 272)
            Kernels.encodeBFloat16(output: &output, input: values, count: count)
            #expect(Array(output[..<count]) == Array(wanted[..<count]) && output[count...].allSatisfy { $0 == 0xAAAA })
        }
    }

    @Test("encodeFloat16: rounds halves to even, keeps NaN and makes what is too large infinite")
    func encodeFloat16() {
        let values: [Float] = [
            0, -0.0, 1, 1.00048828125, 1.00146484375, 65504, 65519, 65520, -1e9, .infinity, .nan, 6e-8, 2e-8, 3e-8, 0.1, -0.3, 1e-5,
        ]
        var output = [Float16](repeating: 0, count: values.count)
        Kernels.encodeFloat16(output: &output, input: values, count: values.count)
        let wanted: [UInt16] = [
            0, 0x8000, 0x3C00, 0x3C00, 0x3C02, 0x7BFF, 0x7BFF, 0x7C00, 0xFC00, 0x7C00, 0x7E00, 1, 0, 1, 0x2E66, 0xB4CD, 0x00A8,
        ]
        #expect(output.map(\.bitPattern) == wanted)
    }
}
