import Support
import Tensors
import TestSupport
import Testing

@testable import Optimizers

@Suite struct OptimizerTests {
    private static let count = 3000

    /// A shard of three segments on a device, the same values each time.
    static func shard(on device: any Device, count: Int = count) throws -> OptimizerShard {
        let random = Philox(seed: 5, purpose: .initialValues)
        let values = try device.tensor((0..<count).map { Philox.unit(random.words(UInt64($0)).0) - 0.5 }, .weights)
        let gradients = try device.tensor((0..<count).map { Philox.unit(random.words(UInt64($0), 1).0) - 0.5 }, .gradients)
        let edges = [0, count / 3, count / 2, count]
        let segments = zip(edges, edges.dropFirst()).enumerated().map { (range: $1.0..<$1.1, decays: $0 != 1) }
        return OptimizerShard(name: "shard", values: values, gradients: gradients, segments: segments)
    }

    static func options(_ kind: OptimizerOptions.Kind) -> OptimizerOptions {
        var options = OptimizerOptions()
        options.kind = kind
        options.weightDecay = 0.1
        return options
    }

    static func numbers(step: Int) -> UpdateNumbers { UpdateNumbers(step: step, learningRate: 1e-2, gradientScale: 1) }

    static func bytes(_ optimizer: Optimizer) throws -> [[UInt8]] {
        try optimizer.states[0].map { state in
            var bytes = [UInt8](repeating: 0, count: state.kind.elementType.byteCount(state.entryCount))
            try bytes.withUnsafeMutableBytes { try state.read(0..<state.entryCount, into: $0) }
            return bytes
        }
    }

    @Test("rules: each kind that a configuration may name has one, and each kind one rule")
    func list() {
        for kind in OptimizerOptions.Kind.allCases { #expect(UpdateRules.all.filter { $0.kind == kind }.count == 1, "\(kind)") }
        #expect(UpdateRules.all.count == OptimizerOptions.Kind.allCases.count)
    }

    @Test("states: read from one optimizer and written into another, both go on with the same bits", arguments: OptimizerOptions.Kind.allCases)
    func states(kind: OptimizerOptions.Kind) throws {
        let device = try CPUDevice(threadCount: 2)
        let (first, second) = (try Self.shard(on: device), try Self.shard(on: device))
        let optimizer = try Optimizer(Self.options(kind), shards: [first])
        for step in 1...3 { try optimizer.update(Self.numbers(step: step)) }
        device.copy(second.values, first.values)
        let other = try Optimizer(Self.options(kind), shards: [second])
        for (state, bytes) in zip(other.states[0], try Self.bytes(optimizer)) {
            try bytes.withUnsafeBytes { try state.write(0..<state.entryCount, from: $0) }
        }
        try optimizer.update(Self.numbers(step: 4))
        try other.update(Self.numbers(step: 4))
        #expect(first.values.values() == second.values.values())
        #expect(try Self.bytes(optimizer) == Self.bytes(other))
    }

    @Test("decay: adamw_8bit decays the segments that adamw decays, by the same factor")
    func decay() throws {
        let device = try CPUDevice(threadCount: 2)
        let (dense, narrow) = (try Self.shard(on: device), try Self.shard(on: device))
        let (full, small) = (try Optimizer(Self.options(.adamw), shards: [dense]), try Optimizer(Self.options(.adamw8bit), shards: [narrow]))
        try full.update(Self.numbers(step: 1))
        try small.update(Self.numbers(step: 1))
        // The first step uses no stored moment, so the two rules agree but for rounding.
        for (a, b) in zip(dense.values.values(), narrow.values.values()) { #expect(abs(a - b) < 1e-6) }
    }

    @Test("memory: adamw keeps 8 bytes an element, adamw_8bit 2 and 8 for each 256")
    func memory() throws {
        let device = CountingDevice(threadCount: 1)
        let shard = try Self.shard(on: device, count: 2560)
        let full = try Optimizer(Self.options(.adamw), shards: [shard])
        #expect(device.ledger.alive(.optimizer) == ByteCount(8 * 2560))
        let small = try Optimizer(Self.options(.adamw8bit), shards: [shard])
        #expect(device.ledger.alive(.optimizer) == ByteCount(8 * 2560 + 2 * 2560 + 8 * 10))
        withExtendedLifetime((full, small)) {}
    }

    @Test("paged: the same bits as in memory, with pieces of three shards in memory at the most", arguments: OptimizerOptions.Kind.allCases)
    func paged(kind: OptimizerOptions.Kind) throws {
        try withTemporaryFolder { folder in
            let device = try CPUDevice(threadCount: 2)
            let pieceCount = 4096
            let counts = [3 * pieceCount + 777, 3000, pieceCount / 2]
            var options = Self.options(kind)
            func run(_ spill: Spill?, on device: any Device) throws -> (Optimizer, [OptimizerShard]) {
                let shards = try counts.map { try Self.shard(on: device, count: $0) }
                let optimizer = try Optimizer(options, shards: shards, spill: spill, pieceCount: pieceCount)
                device.ledger.restartPeak()
                for step in 1...2 { try optimizer.update(Self.numbers(step: step)) }
                return (optimizer, shards)
            }
            let (whole, wanted) = try run(nil, on: device)
            options.paged = true
            let pagedDevice = try CPUDevice(threadCount: 2)
            let (paged, found) = try run(try Spill(folder: folder, on: pagedDevice), on: pagedDevice)
            for (a, b) in zip(wanted, found) { #expect(a.values.values() == b.values.values()) }
            #expect(try Self.bytes(whole) == Self.bytes(paged))
            #expect(pagedDevice.ledger.alive(.optimizer) == .zero)
            let ofPiece = UpdateRules.named(kind).states.reduce(0) { $0 + $1.byteCount(pieceCount) }
            #expect(pagedDevice.ledger.highest(.optimizer) == ByteCount(3 * ofPiece))
            let counter = CountingDevice(threadCount: 2)
            _ = try run(try Spill(folder: folder, on: counter), on: counter)
            #expect(counter.ledger.highest(.optimizer) == pagedDevice.ledger.highest(.optimizer))
        }
    }

    @Test("paged: a disk without room for the states is an error before the first step", .enabled(if: SmallDisk.isAvailable))
    func fullDisk() throws {
        try SmallDisk.with { folder in
            let device = try CPUDevice(threadCount: 1)
            var options = Self.options(.adamw)
            options.paged = true
            let spill = try Spill(folder: folder, on: device)
            let shard = try Self.shard(on: device, count: 1 << 20)
            let error = #expect(throws: TrainerError.self) { try Optimizer(options, shards: [shard], spill: spill) }
            #expect(error?.description.contains("can't be spilled there (No space left on device)") == true)
        }
    }
}
