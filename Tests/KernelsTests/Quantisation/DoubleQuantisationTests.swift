import Kernels
import Testing

@Suite struct DoubleQuantisationTests {
    @Test("the dynamic map is bitsandbytes' bit for bit; means, codes and maxima too, at counts that reach each level of torch's sum")
    func reference() throws {
        var fixture = try QuantisationFixture("dynamic.bin")
        #expect(bits(DynamicType.signed.map) == bits(fixture.floats(256)))
        for count in [9, 1000, 20_001] {
            let absmax = (0..<count).map { Float(mixed($0) >> 8) * 0x1p-24 + Float(0.01) }
            var codes = [UInt8](repeating: 0, count: count)
            var maxima = [Float](repeating: 0, count: (count + 255) / 256)
            let offset = doubleQuantise(codes: &codes, blockMaxima: &maxima, absmax: absmax, blockCount: count)
            #expect(codes == fixture.take(count), "\(count) values")
            #expect(bits(maxima) == bits(fixture.floats(maxima.count)) && bits([offset]) == bits(fixture.floats(1)))
        }
        #expect(fixture.isAtEnd)
    }

    @Test("a group of equal values, whose differences from the mean are zero, has codes and a maximum of zero")
    func equal() {
        let absmax = [Float](repeating: 0.5, count: 256)
        var codes = [UInt8](repeating: 9, count: 256)
        var maxima: [Float] = [9]
        #expect(doubleQuantise(codes: &codes, blockMaxima: &maxima, absmax: absmax, blockCount: 256) == 0.5)
        #expect(codes.allSatisfy { $0 == 0 } && maxima == [0])
    }
}
