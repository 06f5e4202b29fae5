import Glibc
import Support
import TestSupport
import Testing

@testable import Tensors

@Suite struct ActivationStackTests {
    /// Pushes groups of three tensors of rising values, and the bytes of activations alive at each point, forward and back.
    private func course(_ device: any Device, spill: Spill?, groups: Int) throws -> (values: [[Float]], alive: [ByteCount]) {
        let stack = ActivationStack(keeps: true, storage: ActivationStorage(spill: spill))
        var alive: [ByteCount] = []
        for group in 0..<groups {
            if group > 0 { try stack.closeGroup() }
            for entry in 0..<3 {
                try stack.push(try device.tensor([Float](repeating: Float(3 * group + entry), count: 1000 * (entry + 1))))
            }
            alive.append(device.ledger.alive(.activations))
        }
        var values: [[Float]] = []
        for _ in 0..<groups {
            try stack.openGroup()
            alive.append(device.ledger.alive(.activations))
            for _ in 0..<3 { values.append(try stack.pop().values()) }
        }
        #expect(stack.isEmpty)
        return (values, alive)
    }

    @Test("spilled tensors come back as they were, and no more than two groups are in memory at a time")
    func spilling() throws {
        try withTemporaryFolder { folder in
            let device = try CPUDevice(threadCount: 1)
            let kept = try course(device, spill: nil, groups: 9)
            let spilled = try course(device, spill: try Spill(folder: folder, on: device), groups: 9)
            #expect(kept.values == spilled.values)
            let group = 4 * 6000
            #expect(kept.alive.max() == ByteCount(9 * group))
            #expect(spilled.alive.max() == ByteCount(2 * group))
            #expect(device.ledger.alive(.activations) == .zero)
        }
    }

    @Test("a device that counts takes and gives back the same bytes at the same points, and makes no file")
    func counting() throws {
        try withTemporaryFolder { folder in
            let device = try CPUDevice(threadCount: 1)
            let counter = CountingDevice(threadCount: 1)
            let found = try course(device, spill: try Spill(folder: folder, on: device), groups: 5).alive
            let counted = try course(counter, spill: try Spill(folder: "/no/such/folder", on: counter), groups: 5).alive
            #expect(found == counted)
        }
    }

    @Test("a stack whose entries are all popped does not wait for what others have on their way to the disk")
    func overlap() throws {
        try withTemporaryFolder { folder in
            let device = try CPUDevice(threadCount: 1)
            let spill = try Spill(folder: folder, on: device)
            var stack: ActivationStack? = ActivationStack(keeps: true, storage: ActivationStorage(spill: spill))
            try stack?.push(try device.zeros(1, 3))
            _ = try stack?.pop()
            let others = try device.zeros(1, 1 << 25)
            let region = spill.reserve(byteCount: others.byteCount)
            let request = region.startWriting(others)
            let start = ContinuousClock.now
            stack = nil
            let released = ContinuousClock.now - start
            try spill.finish(request)
            #expect(released < (ContinuousClock.now - start) / 2)
        }
    }

    @Test("a view with gaps stays in memory and comes back as it was")
    func gaps() throws {
        try withTemporaryFolder { folder in
            let device = try CPUDevice(threadCount: 1)
            let stack = ActivationStack(keeps: true, storage: ActivationStorage(spill: try Spill(folder: folder, on: device)))
            try stack.push(try device.tensor([1, 2, 3, 4] as [Float]).reshaped(rows: 2, columns: 2).columns(1..<2))
            for _ in 0..<2 { try stack.closeGroup() }
            for _ in 0..<3 { try stack.openGroup() }
            #expect(try stack.pop().values() == [2, 4])
        }
    }

    @Test(
        "in bfloat16 or float16 what is kept takes half the memory and comes back rounded, but for what is kept exactly",
        arguments: [ElementType.bfloat16, .float16], [false, true])
    func rounded(type: ElementType, spills: Bool) throws {
        try withTemporaryFolder { folder in
            let device = try CPUDevice(threadCount: 1)
            let spill = spills ? try Spill(folder: folder, on: device) : nil
            let stack = ActivationStack(keeps: true, storage: ActivationStorage(elementType: type, spill: spill))
            let values: [Float] = [1, 1 + 0x1p-8, 1 + 0x3p-9, 1 + 0x1p-11, 1 + 0x3p-12, -3.14159, 1e-30, 0]
            let wanted = values.map { type == .float16 ? Float(Float16($0)) : bfloat16($0) }
            try stack.push(try device.tensor(values), exactly: true)
            let before = device.ledger.alive(.activations).bytes
            try stack.push(try device.tensor(values))
            #expect(device.ledger.alive(.activations).bytes - before == 2 * values.count)
            try stack.closeGroup()
            try stack.push(try device.tensor(values))
            try stack.openGroup()
            #expect(try stack.pop().values() == wanted)
            try stack.openGroup()
            #expect(try stack.pop().values() == wanted)
            #expect(try stack.pop().values() == values)
        }
    }

    /// Rounded to nearest, ties to even.
    private func bfloat16(_ value: Float) -> Float {
        let bits = value.bitPattern
        return Float(bitPattern: (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF_0000)
    }
}
