import Kernels
import Support
import TestSupport
import Testing

@testable import Tensors

@Suite struct CPUDeviceDecodingTests {
    /// Blocks of random codes with scales between 0.01 and 0.02 at every place that has one.
    private func weight(_ type: ElementType, rows: Int, columns: Int, on device: CPUDevice) throws -> Weight {
        let random = Philox(seed: 5, purpose: .initialValues)
        var bytes = (0..<type.byteCount(rows * columns)).map { UInt8(truncatingIfNeeded: random.words(UInt64($0)).0) }
        let places: [Int] =
            switch type {
            case .q4_1, .q5_1, .q4_K, .q5_K: [0, 2]
            case .q2_K: [80, 82]
            case .q3_K: [108]
            case .q6_K: [208]
            default: [0]
            }
        for block in 0..<bytes.count / type.blockBytes {
            for place in places {
                let bits = Float16(0.01 + 0.01 * Float(block % 7) / 7).bitPattern
                (bytes[block * type.blockBytes + place], bytes[block * type.blockBytes + place + 1]) = (UInt8(bits & 255), UInt8(bits >> 8))
            }
        }
        let values = try device.tensor(rows, columns, type)
        bytes.withUnsafeBytes { device.upload($0, to: values) }
        return Weight(values)
    }

    /// The types that GGUF files hold in blocks.
    static let types = ElementType.allCases.filter { $0.blockSize > 1 && $0 != .nf4 }

    @Test("a weight kept in blocks decodes by rows, and its products are those of the decoded matrix", arguments: types)
    func products(_ type: ElementType) throws {
        let device = try CPUDevice(threadCount: 2)
        let (rows, columns) = (40, 512)
        let weight = try weight(type, rows: rows, columns: columns, on: device)
        let whole = try device.tensor(rows, columns)
        device.decode(whole, weight, rows: 0..<rows)
        let part = try device.tensor(3, columns)
        device.decode(part, weight, rows: 17..<20)
        #expect(part.values() == Array(whole.values()[17 * columns..<20 * columns]))
        // No two rows alike, and all of them finite.
        #expect(Set((0..<rows).map { Array(whole.values()[$0 * columns..<($0 + 1) * columns]) }).count == rows)
        #expect(device.sumOfSquares(whole).isFinite && device.sumOfSquares(whole) > 0)
        let numbers: [Float] = (0..<5 * columns).map { index in Float(index % 13) / 13 - 0.5 }
        let input = try device.tensor(numbers).reshaped(rows: 5, columns: columns)
        let (found, wanted) = (try device.tensor(5, rows), try device.tensor(5, rows))
        try device.linear(found, input, [weight], adds: false)
        try device.linear(wanted, input, [Weight(whole)], adds: false)
        expectClose(found.values(), wanted.values(), relative: 1e-5, type.rawValue)
    }

    @Test("float32 values encoded to Q8_0 on several threads decode to within half a step of their block")
    func encoding() throws {
        let device = try CPUDevice(threadCount: 2)
        let values: [Float] = (0..<96 * 512).map { index in Float(index * 7919 % 1001) / 500 - 1 }
        let source = try device.tensor(values).reshaped(rows: 96, columns: 512)
        let encoded = try device.tensor(96, 512, .q8_0)
        device.encode(encoded, source)
        let decoded = try device.tensor(96, 512)
        device.decode(decoded, Weight(encoded), rows: 0..<96)
        // Half a step of 1/127, and the scale's rounding to float16 at the largest code.
        expectClose(decoded.values(), values, absolute: 0.5 / 127 + 0x1p-11)
    }
}
