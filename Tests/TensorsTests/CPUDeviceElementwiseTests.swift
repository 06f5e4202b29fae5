import Support
import TestSupport
import Testing

@testable import Tensors

@Suite struct CPUDeviceElementwiseTests {
    private static let types = [ElementType.float32, .bfloat16, .float16]

    private func rounded(_ value: Float, _ type: ElementType) -> Float {
        switch type {
        case .bfloat16:
            let bits = value.bitPattern
            return Float(bitPattern: (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF_0000)
        case .float16: return Float(Float16(value))
        default: return value
        }
    }

    @Test("add: any two of float32, bfloat16 and float16 are added in float32 and rounded once", arguments: types, types)
    func add(to: ElementType, from: ElementType) throws {
        let device = try CPUDevice(threadCount: 2)
        let random = Philox(seed: 9, purpose: .initialValues)
        // Counts that fill no vector, no piece, and no thread's share.
        for count in [0, 1, 33, 1025, 9001] {
            let values = (0..<count).map { random.words(UInt64($0)) }.map { (Philox.unit($0.0) * 4 - 2, Philox.unit($0.1) * 4 - 2) }
            func tensor(_ values: [Float], _ type: ElementType) throws -> Tensor {
                let tensor = try device.tensor(1, count, type)
                device.encode(tensor, try device.tensor(values))
                return tensor
            }
            let target = try tensor(values.map(\.0), to)
            device.add(target, try tensor(values.map(\.1), from))
            let wanted = values.map { rounded(rounded($0.0, to) + rounded($0.1, from), to) }
            #expect(try target.inFloat32(.scratch).values() == wanted)
        }
    }

    @Test("in float32 a tensor of that type is itself, another a copy of its values", arguments: types, [(3, 256), (1, 515), (0, 4)])
    func inFloat32(type: ElementType, shape: (Int, Int)) throws {
        let device = try CPUDevice(threadCount: 2)
        let values = (0..<shape.0 * shape.1).map { Float($0 % 97) / 8 }
        let tensor = try device.tensor(shape.0, shape.1, type)
        device.encode(tensor, try device.tensor(values).reshaped(rows: shape.0, columns: shape.1))
        let wide = try tensor.inFloat32(.scratch)
        #expect(wide.values() == values && (wide.buffer === tensor.buffer) == (type == .float32))
    }
}
