import MessagePassing
import Parallelism
import Support
import Tensors

let groupChecks = [
    Check("group.sum") { (world) throws(TrainerError) in
        let (device, group) = (try CPUDevice(threadCount: 1), MPIGroup(world))
        for count in [1, 2, 3, 31, 1000, 65_537] {
            let tensor = try device.tensor(values(count, rank: group.index))
            try group.startSum(tensor, name: "tensor")
            try group.finish()
            try expectEqual(tensor.values(), sums(count, size: group.size), "\(count) elements")
        }
    },
    Check("group.several") { (world) throws(TrainerError) in
        let (device, group) = (try CPUDevice(threadCount: 1), MPIGroup(world))
        let counts = [300_007, 1, 0, 4097, 50_000, 13]
        var tensors: [Tensor] = []
        for count in counts {
            tensors.append(try device.tensor(values(count, rank: group.index)))
            try group.startSum(tensors[tensors.count - 1], name: "tensor of \(count)")
            // Ranks look after what is under way unequally often.
            for _ in 0..<group.index * 3 { group.progress() }
        }
        try group.finish()
        for (tensor, count) in zip(tensors, counts) { try expectEqual(tensor.values(), sums(count, size: group.size), "\(count) elements") }
        try group.finish()
    },
    Check("group.scatter") { (world) throws(TrainerError) in
        let (device, group) = (try CPUDevice(threadCount: 1), MPIGroup(world))
        for count in [1, 5, 12_000, 300_007] {
            let tensor = try device.tensor(values(count, rank: group.index))
            let later = try device.tensor(values(count, rank: group.index))
            let transfer = try group.startScatteredSum(tensor, name: "tensor")
            // Waiting for one moves those before it along.
            try group.startScatteredSum(later, name: "later").wait()
            try transfer.wait()
            let own = evenPart(group.index, of: group.size, count: count)
            let mixed = zip(0..., zip(values(count, rank: group.index), sums(count, size: group.size))).map { own.contains($0) ? $1.1 : $1.0 }
            try expectEqual(tensor.values(), mixed, "\(count) elements: this rank's part summed, the others' untouched")
            try group.startGather(tensor, name: "tensor").wait()
            try expectEqual(tensor.values(), sums(count, size: group.size), "\(count) elements gathered")
            try expectEqual(later.values(), mixed, "\(count) elements of another tensor")
        }
        let bytes = try device.tensor(1, 64 * group.size, .uint8)
        device.zero(bytes)
        let own = [UInt8](repeating: UInt8(group.index + 1), count: 64)
        own.withUnsafeBytes { device.upload($0, to: group.part(of: bytes)) }
        try group.startGather(bytes, name: "bytes").wait()
        var found = [UInt8](repeating: 0, count: 64 * group.size)
        found.withUnsafeMutableBytes { device.download(bytes, to: $0) }
        try expectEqual(found, (0..<group.size).flatMap { [UInt8](repeating: UInt8($0 + 1), count: 64) }, "bytes gathered")
    },
    Check("group.grain") { (world) throws(TrainerError) in
        // Parts of whole rows: 7 rows of 3 over the ranks.
        let (device, group) = (try CPUDevice(threadCount: 1), MPIGroup(world))
        let tensor = try device.tensor(values(21, rank: group.index))
        try group.startScatteredSum(tensor, grain: 3, name: "tensor").wait()
        let own = evenPart(group.index, of: group.size, count: 21, grain: 3)
        try expectEqual(own.lowerBound % 3 + own.upperBound % 3, 0, "edges of rows")
        let wanted = Array(sums(21, size: group.size)[own])
        try expectEqual(group.part(of: tensor, grain: 3).values(), wanted, "this rank's rows summed")
        try group.startGather(tensor, grain: 3, name: "tensor").wait()
        try expectEqual(tensor.values(), sums(21, size: group.size), "all rows gathered")
    },
    Check("group.messages") { (world) throws(TrainerError) in
        // Round the ring on both channels, messages of several sizes under way at once.
        let (device, group) = (try CPUDevice(threadCount: 1), MPIGroup(world))
        let (next, before) = ((group.index + 1) % group.size, (group.index + group.size - 1) % group.size)
        let counts = [5, 0, 100_000, 1]
        var arrived: [(Tensor, Tensor)] = []
        for count in counts {
            let pair = (try device.zeros(1, count), try device.zeros(1, count))
            try group.startReceive(pair.1, from: next, channel: .backward, name: "back")
            try group.startReceive(pair.0, from: before, channel: .forward, name: "on")
            arrived.append(pair)
        }
        for count in counts {
            let own = try device.tensor(values(count, rank: group.index))
            try group.startSend(own, to: next, channel: .forward, name: "on")
            try group.startSend(own, to: before, channel: .backward, name: "back")
        }
        try group.finish()
        for (count, pair) in zip(counts, arrived) {
            try expectEqual(pair.0.values(), values(count, rank: before), "from the rank before")
            try expectEqual(pair.1.values(), values(count, rank: next), "from the rank after")
        }
    },
    Check("group.volume") { (world) throws(TrainerError) in
        // The least that can be: (n - 1) / n of the tensor for a scattered sum and for a gather, twice that for a sum.
        let (device, group) = (try CPUDevice(threadCount: 1), MPIGroup(world))
        let tensor = try device.zeros(1, 1200)
        let part = 4 * 1200 * (group.size - 1) / group.size
        let starts: [(Int, (Tensor) throws(TrainerError) -> any Transfer)] = [
            (2, { (tensor) throws(TrainerError) in try group.startSum(tensor, name: "tensor") }),
            (1, { (tensor) throws(TrainerError) in try group.startScatteredSum(tensor, name: "tensor") }),
            (1, { (tensor) throws(TrainerError) in try group.startGather(tensor, name: "tensor") }),
        ]
        for (parts, start) in starts {
            let before = group.sentBytes
            try start(tensor).wait()
            try expectEqual(group.sentBytes - before, parts * part, "bytes sent")
        }
        // Parts that are not equal: the group counts what its messages have.
        for type in [ElementType.float32, .bfloat16] {
            let before = (group.sentBytes, world.sentBytes)
            let uneven = try device.zeros(1, 4 * world.size + 2)
            try group.startSum(uneven, as: type, name: "tensor").wait()
            try group.startScatteredSum(uneven, as: type, grain: 2, name: "tensor").wait()
            try group.startGather(uneven, as: type, grain: 2, name: "tensor").wait()
            try expectEqual(group.sentBytes - before.0, world.sentBytes - before.1, "bytes of uneven parts as \(type)")
        }
    },
    Check("group.part") { (world) throws(TrainerError) in
        let (device, group) = (try CPUDevice(threadCount: 1), MPIGroup(world))
        let whole = try device.tensor([Float](repeating: 1, count: 100))
        try group.startSum(whole.columns(10..<43), name: "part")
        try group.finish()
        let wanted = (0..<100).map { (10..<43).contains($0) ? Float(group.size) : 1 }
        try expectEqual(whole.values(), wanted, "a part summed in place, its neighbours untouched")
    },
    Check("group.bits") { (world) throws(TrainerError) in
        // Sums that round: ranks that hold copies of the weights stay equal only if each gets the same bits.
        let (device, group) = (try CPUDevice(threadCount: 1), MPIGroup(world))
        let random = Philox(seed: UInt64(group.index) + 1, purpose: .initialValues)
        for count in [7, 10_001, 1_000_003] {
            let tensor = try device.tensor((0..<count).map { Philox.unit(random.words(UInt64($0)).0) - 0.5 })
            try group.startSum(tensor, name: "tensor")
            try group.finish()
            let bits = tensor.values().withUnsafeBytes { Array($0) }
            try expectEqual(try group.broadcast(bits, name: "bits") == bits, true, "the bits of \(count) elements equal rank 0's")
        }
    },
    Check("group.values") { (world) throws(TrainerError) in
        let group = MPIGroup(world)
        let size = Double(group.size)
        try expectEqual(try group.sum([1, Double(group.index)], name: "sum"), [size, size * (size - 1) / 2], "sum")
        try expectEqual(try group.max([Double(group.index)], name: "max"), [size - 1], "max")
        try expectEqual(try group.broadcast([UInt8(group.index), 5], name: "broadcast"), [0, 5], "broadcast")
        let wanted = (0..<group.size).map { [UInt8](repeating: 1, count: $0) }
        try expectEqual(try group.gather(wanted[group.index], name: "gather"), wanted, "gather")
        try group.barrier(name: "barrier")
    },
    Check("group.counting") { (world) throws(TrainerError) in
        // A device that holds no values has nothing to send.
        let group = MPIGroup(world)
        try group.startSum(try CountingDevice(threadCount: 1).tensor(3, 5), name: "tensor")
        group.progress()
        try group.finish()
    },
]

/// Small whole numbers, whose sums are exact.
private func values(_ count: Int, rank: Int) -> [Float] { (0..<count).map { Float(($0 + rank) % 11 - 5) } }

private func sums(_ count: Int, size: Int) -> [Float] {
    (0..<count).map { place in (0..<size).reduce(Float(0)) { $0 + Float((place + $1) % 11 - 5) } }
}
