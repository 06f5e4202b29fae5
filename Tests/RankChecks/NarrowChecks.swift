import MessagePassing
import Parallelism
import Support
import Tensors

/// Messages that are rounded to two bytes an element: against loops in Double over what every rank has.
let narrowChecks = [
    Check("narrow.sum") { (world) throws(TrainerError) in
        let (device, group) = (try CPUDevice(threadCount: 2), MPIGroup(world))
        for type in types {
            for count in [0, 1, 7, 65_537, 300_007] {
                let tensor = try device.tensor(values(count, rank: group.index))
                try group.startSum(tensor, as: type, name: "tensor").wait()
                try expectSum(tensor.values(), 0..<count, of: group.size, as: type, roundings: 2, "\(count) elements as \(type)")
                let bits = tensor.values().withUnsafeBytes { Array($0) }
                try expectEqual(try group.broadcast(bits, name: "bits") == bits, true, "the bits of \(count) elements equal rank 0's")
            }
        }
    },
    Check("narrow.several") { (world) throws(TrainerError) in
        // Exact and rounded ones under way at once, waited for from the last to the first, looked after unequally often, and by the adding itself.
        let (device, group) = (try CPUDevice(threadCount: 1), MPIGroup(world))
        device.progress = { group.progress() }
        defer { device.progress = nil }
        let counts = [300_007, 1, 400_000, 4097, 0, 290_000]
        var all: [(tensor: Tensor, type: ElementType, transfer: any Transfer)] = []
        for (index, count) in counts.enumerated() {
            let tensor = try device.tensor(values(count, rank: group.index))
            let type = ([.float32] + types)[index % 3]
            all.append((tensor, type, try group.startSum(tensor, as: type, name: "tensor of \(count)")))
            for _ in 0..<group.index * 3 { group.progress() }
        }
        for sum in all.reversed() { try sum.transfer.wait() }
        for sum in all {
            let what = "\(sum.tensor.count) elements as \(sum.type)"
            try expectSum(sum.tensor.values(), 0..<sum.tensor.count, of: group.size, as: sum.type, roundings: 2, what)
        }
    },
    Check("narrow.scatter") { (world) throws(TrainerError) in
        let (device, group) = (try CPUDevice(threadCount: 2), MPIGroup(world))
        for type in types {
            for (count, grain) in [(5, 1), (21, 3), (12_000, 1), (300_006, 6)] {
                let own = values(count, rank: group.index)
                let tensor = try device.tensor(own)
                try group.startScatteredSum(tensor, as: type, grain: grain, name: "tensor").wait()
                let part = evenPart(group.index, of: group.size, count: count, grain: grain)
                let found = tensor.values()
                try expectSum(Array(found[part]), part, of: group.size, as: type, roundings: 1, "\(count) elements as \(type)")
                let others = own.indices.filter { !part.contains($0) }
                try expectEqual(others.map { found[$0] }, others.map { own[$0] }, "what other ranks sum, \(count) elements")
            }
        }
    },
    Check("narrow.gather") { (world) throws(TrainerError) in
        // All have what is rounded, the rank that it comes from too.
        let (device, group) = (try CPUDevice(threadCount: 2), MPIGroup(world))
        for type in types {
            for (count, grain) in [(7, 1), (9, 3), (1_000_003, 1)] {
                let tensor = try device.tensor(values(count, rank: 0))
                for rank in 0..<group.size where rank != group.index {
                    device.zero(tensor.columns(evenPart(rank, of: group.size, count: count, grain: grain)))
                }
                try group.startGather(tensor, as: type, grain: grain, name: "tensor").wait()
                let end = count / grain * grain
                let wanted = values(count, rank: 0).prefix(end).map { group.size == 1 ? $0 : rounded($0, type) }
                try expectEqual(Array(tensor.values().prefix(end)) == wanted, true, "\(count) elements gathered as \(type)")
            }
        }
    },
    Check("narrow.messages") { (world) throws(TrainerError) in
        // Round the ring on both channels; what was sent may be overwritten at once.
        let (device, group) = (try CPUDevice(threadCount: 1), MPIGroup(world))
        let (next, before) = ((group.index + 1) % group.size, (group.index + group.size - 1) % group.size)
        for type in types {
            let counts = [5, 0, 300_000, 1]
            let arrived = try counts.map { (count) throws(TrainerError) in (try device.zeros(1, count), try device.zeros(1, count)) }
            for pair in arrived {
                try group.startReceive(pair.1, as: type, from: next, channel: .backward, name: "back")
                try group.startReceive(pair.0, as: type, from: before, channel: .forward, name: "on")
            }
            for count in counts {
                let own = try device.tensor(values(count, rank: group.index))
                try group.startSend(own, as: type, to: next, channel: .forward, name: "on")
                try group.startSend(own, as: type, to: before, channel: .backward, name: "back")
                device.zero(own)
            }
            try group.finish()
            for (count, pair) in zip(counts, arrived) {
                try expectEqual(pair.0.values() == values(count, rank: before).map { rounded($0, type) }, true, "from the rank before, as \(type)")
                try expectEqual(pair.1.values() == values(count, rank: next).map { rounded($0, type) }, true, "from the rank after, as \(type)")
            }
        }
    },
    Check("narrow.overflow") { (world) throws(TrainerError) in
        // What float16 can't hold is infinite on every rank, so every rank finds the same.
        let (device, group) = (try CPUDevice(threadCount: 1), MPIGroup(world))
        let tensor = try device.tensor([Float](repeating: 40_000, count: 64))
        try group.startSum(tensor, as: .float16, name: "tensor").wait()
        let wanted: Float = group.size == 1 ? 40_000 : .infinity
        try expectEqual(tensor.values(), [Float](repeating: wanted, count: 64), "sums above 65,504")
    },
    Check("narrow.volume") { (world) throws(TrainerError) in
        // Half of what float32 takes.
        let (device, group) = (try CPUDevice(threadCount: 1), MPIGroup(world))
        let part = 2 * 1200 * (group.size - 1) / group.size
        let starts: [(Int, (Tensor) throws(TrainerError) -> any Transfer)] = [
            (2, { (tensor) throws(TrainerError) in try group.startSum(tensor, as: .bfloat16, name: "tensor") }),
            (1, { (tensor) throws(TrainerError) in try group.startScatteredSum(tensor, as: .float16, grain: 1, name: "tensor") }),
            (1, { (tensor) throws(TrainerError) in try group.startGather(tensor, as: .bfloat16, grain: 1, name: "tensor") }),
        ]
        for (parts, start) in starts {
            let before = group.sentBytes
            try start(try device.zeros(1, 1200)).wait()
            try expectEqual(group.sentBytes - before, parts * part, "bytes sent")
        }
    },
    Check("narrow.memory") { (world) throws(TrainerError) in
        // No memory but the slots that exact sums have too, and of a message what is counted for it on paper.
        func run(on device: any Device, _ group: any ProcessGroup) throws(TrainerError) -> MemoryLedger {
            let tensors = [try device.zeros(1, 300_000), try device.zeros(1, 200_000)]
            try group.startSum(tensors[0], as: .bfloat16, name: "first")
            try group.startScatteredSum(tensors[1], as: .float16, grain: 1, name: "second").wait()
            try group.finish()
            guard group.size > 1 else { return device.ledger }
            let next = (group.index + 1) % group.size
            let receiving = try group.startReceive(
                tensors[1], as: .bfloat16, from: (group.index + group.size - 1) % group.size, channel: .forward, name: "on")
            let sending = try group.startSend(tensors[0].columns(0..<200_000), as: .bfloat16, to: next, channel: .forward, name: "on")
            try receiving.wait()
            try sending.wait()
            return device.ledger
        }
        let paper = CountingDevice(threadCount: 1)
        let counted = try run(on: paper, PaperGroup(index: world.rank, size: world.size, on: paper))
        let found = try run(on: try CPUDevice(threadCount: 1), MPIGroup(world))
        try expectEqual(found, counted, "memory")
        let slots = world.size > 1 ? SumSlots.count * SumSlots.pieceCount * 4 : 0
        try expectEqual(found.highest(.activations).bytes, 500_000 * 4 + (world.size > 1 ? 2 * 200_000 * 2 : 0), "tensors and two messages")
        try expectEqual(found.highest(.scratch).bytes - (try CPUDevice(threadCount: 1).ledger.highest(.scratch).bytes), slots, "slots")
    },
]

private let types = [ElementType.bfloat16, .float16]

/// Values of magnitudes from 1e-3 to 1.
private func values(_ count: Int, rank: Int) -> [Float] {
    let random = Philox(seed: UInt64(rank) + 1, purpose: .initialValues)
    return (0..<count).map { place in
        let words = random.words(UInt64(place))
        return (Philox.unit(words.0) - 0.5) * (words.1 % 3 == 0 ? 1 : 1e-3)
    }
}

/// Rounded to nearest, ties to even.
private func rounded(_ value: Float, _ type: ElementType) -> Float {
    if type == .float16 { return Float(Float16(value)) }
    let bits = value.bitPattern
    return Float(bitPattern: (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF_0000)
}

/// Half a unit in the last place, relative and at the small end of float16.
private func unit(_ type: ElementType) -> (relative: Double, absolute: Double) {
    switch type {
    case .bfloat16: (0x1p-8, 0)
    case .float16: (0x1p-11, 0x1p-25)
    default: (0x1p-24, 0)
    }
}

/// - Parameter roundings: 1 where what other ranks add is rounded, 2 where the sum is as well.
private func expectSum(
    _ found: [Float], _ places: Range<Int>, of size: Int, as type: ElementType, roundings: Int, _ what: String
) throws(TrainerError) {
    let all = (0..<size).map { values(places.upperBound, rank: $0) }
    let (unit, exact) = (unit(type), 0x1p-22)
    for (found, place) in zip(found, places) {
        let addends = all.map { Double($0[place]) }
        let wanted = addends.reduce(0, +)
        let magnitudes = addends.reduce(0) { $0 + abs($1) }
        var bound = magnitudes * exact
        if size > 1 {
            bound += magnitudes * unit.relative + Double(size - 1) * unit.absolute
            if roundings == 2 { bound += (abs(wanted) + bound) * unit.relative + unit.absolute }
        }
        guard abs(Double(found) - wanted) > bound else { continue }
        throw TrainerError(.shape, what, "value \(place) is \(found), wanted \(wanted) to within \(bound)")
    }
    try expectEqual(found.count, places.count, "values, \(what)")
}
