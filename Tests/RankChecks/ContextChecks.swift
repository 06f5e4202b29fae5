import Adapters
import Formats
import MessagePassing
import Models
import Objectives
import Parallelism
import Support
import Tensors

/// Each sequence on all ranks, keys and values going round: against one rank that has the whole batch.
let contextChecks = [
    Check("context.model") { (world) throws(TrainerError) in
        for (trial, lengths) in packs(ranks: world.size).enumerated() {
            let batch = batch(lengths, seed: UInt64(trial))
            for checkpointing in trial < 3 ? [Checkpointing.none, .selective, .full] : [.none] {
                try compare(batch, checkpointing, world, "sequences of \(lengths), checkpointing \(checkpointing)")
            }
        }
    },
    Check("context.rounded") { (world) throws(TrainerError) in
        // Keys and values that are rounded on their way: near what one rank finds, and, where there are others, not the same.
        let group = MPIGroup(world)
        let batch = batch([37, 1, 64, 3], seed: 7)
        let shard = batch.contextShard(group.index, of: group.size)
        let exact = try run(shard, .none, on: try CPUDevice(threadCount: 1), group)
        for (type, tolerance) in [(ElementType.bfloat16, 2e-2), (.float16, 3e-3)] as [(ElementType, Float)] {
            let found = try run(shard, .none, on: try CPUDevice(threadCount: 1), RoundingGroup(group, to: type))
            try expectClose(found.hidden, exact.hidden, relative: tolerance, "hidden states, \(type)")
            for (own, wanted) in zip(found.gradients, exact.gradients) {
                try expectClose(own.values, wanted.values, relative: tolerance, "gradient of \(own.name), \(type)")
            }
            try expectEqual(found.gradients.map(\.values) == exact.gradients.map(\.values), group.size == 1, "the same as unrounded, \(type)")
        }
    },
    Check("context.volume") { (world) throws(TrainerError) in
        // Forward: all blocks but the next rank's leave each rank once; backward: these again, and the gradients of all but its own.
        let group = MPIGroup(world)
        let batch = batch([37, 1, 64, 3], seed: 7)
        let shard = batch.contextShard(group.index, of: group.size)
        let counts = (0..<group.size).map { batch.contextShard($0, of: group.size).tokenCount }
        let forward = group.size == 1 ? 0 : batch.tokenCount - counts[(group.index + 1) % group.size]
        let backward = group.size == 1 ? 0 : forward + batch.tokenCount - counts[group.index]
        for (checkpointing, forwards) in [(Checkpointing.none, 1), (.full, 2)] {
            let before = group.sentBytes
            _ = try run(shard, checkpointing, on: try CPUDevice(threadCount: 1), group)
            let wanted = layerCount * 2 * heads.keyHeads * heads.headSize * 4 * (forwards * forward + backward)
            try expectEqual(group.sentBytes - before, wanted, "bytes sent, checkpointing \(checkpointing)")
        }
    },
    Check("context.memory") { (world) throws(TrainerError) in
        // What a rank takes is what is counted for it on paper.
        let group = MPIGroup(world)
        for lengths in packs(ranks: world.size) {
            let shard = batch(lengths, seed: 3).contextShard(group.index, of: group.size)
            for checkpointing in [Checkpointing.none, .full] {
                let paper = CountingDevice(threadCount: 2)
                let paperGroup = try PaperGroup(index: group.index, size: group.size, sums: false, on: paper)
                let counted = try run(shard, checkpointing, on: paper, paperGroup).ledger
                let found = try run(shard, checkpointing, on: try CPUDevice(threadCount: 2), group).ledger
                try expectEqual(found, counted, "memory of sequences of \(lengths)")
                let rounded = CountingDevice(threadCount: 2)
                let roundedPaper = RoundingGroup(try PaperGroup(index: group.index, size: group.size, sums: false, on: rounded), to: .bfloat16)
                try expectEqual(
                    try run(shard, checkpointing, on: try CPUDevice(threadCount: 2), RoundingGroup(group, to: .bfloat16)).ledger,
                    try run(shard, checkpointing, on: rounded, roundedPaper).ledger, "memory of rounded sequences of \(lengths)")
            }
        }
    },
]

/// Lengths of packed sequences: ragged ones, some shorter than the number of chunks; some longer than attention's blocks; so few tokens that a rank
/// has none; none at all.
private func packs(ranks: Int) -> [[Int]] {
    let random = Philox(seed: 11, purpose: .sampling)
    let ragged = (0..<2 as Range<UInt64>).map { trial in
        (0..<6 as Range<UInt64>).map { 1 + Int(random.words($0, trial).0 % ($0 % 2 == 0 ? 5 : 60)) }
    }
    // Of a sequence of two the first token, which sees itself alone, would be all that is trained on: gradients of queries and keys are nothing then.
    return ragged + [[1, 301, 2, 140], [3], []]
}

private let vocabulary = 96
private let layerCount = 2
private let heads = AttentionHeads(queryHeads: 4, keyHeads: 2, headSize: 12, scale: 0.29)

private func batch(_ lengths: [Int], seed: UInt64) -> PackedBatch {
    let random = Philox(seed: seed, purpose: .sampling)
    let starts = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    let words = (0..<UInt64(starts[lengths.count])).map { random.words($0, 1) }
    return PackedBatch(
        tokens: words.map { Int32($0.0 % UInt32(vocabulary)) }, sequenceStarts: starts, trained: words.map { $0.1 % 4 > 0 },
        globalPositions: words.indices.map { Int64($0) + 17 })
}

/// What a forward and backward have found.
private struct Outcome {
    var hidden: [Float] = []
    var lossSum = 0.0
    var gradients: [(name: String, values: [Float])] = []
    var ledger = MemoryLedger()
}

/// A small model with an adapter and its dropout, all of it trained. With all values of its weights within 0.2 it enlarges rounding little.
private func run(
    _ batch: PackedBatch, _ checkpointing: Checkpointing, on device: any Device, _ group: any ProcessGroup
) throws(TrainerError) -> Outcome {
    let options = DecoderOptions(
        channels: 36, layerCount: layerCount, heads: heads, feedForwardWidth: 40, vocabulary: vocabulary, normEpsilon: 1e-5,
        rotary: RotaryOptions(base: 10_000, scaling: .none), isTied: true, maximumPositions: 512, endTokens: [])
    let model = LanguageModel.build(options, Llama.self)
    var adapter = LoRAOptions()
    (adapter.r, adapter.loraAlpha, adapter.loraDropout) = (4, 4, 0.2)
    _ = try LoRA.attach(adapter, to: model)
    for parameter in model.parameters { parameter.setTrainable(true) }
    model.setCheckpointing(checkpointing)
    try model.allocate(on: device, gradients: true, longestSequence: batch.longestSequence)
    for parameter in model.parameters where device.holdsValues {
        let random = Philox(seed: UInt64(parameter.name.utf8.reduce(0) { $0 * 31 % 99_991 + Int($1) }), purpose: .initialValues)
        parameter.write((0..<parameter.count).map { parameter.isVector ? 1 : 0.4 * (Philox.unit(random.words(UInt64($0)).0) - 0.5) })
    }
    device.ledger.restartPeak()
    device.progress = { group.progress() }
    defer { device.progress = nil }
    var groups = ModelGroups()
    groups.context = group
    var outcome = Outcome()
    let training = try Pass(batch, on: device, groups: groups, keepsActivations: true, dropout: DropoutStream(seed: 1, step: 1))
    let hidden = try model.forward(model.parts[0], nil, training)
    let (sum, gradient) = try NextToken().headLossAndGradient(model, training, hidden: hidden, gradientScale: 1)
    (outcome.lossSum, outcome.hidden) = (sum, device.holdsValues ? hidden.values() : [])
    try model.backward(model.parts[0], gradient, training)
    outcome.ledger = device.ledger
    guard device.holdsValues else { return outcome }
    outcome.gradients = model.parameters.compactMap { parameter in parameter.gradient.map { (parameter.name, $0.values()) } }
    return outcome
}

/// Expects what the ranks find together to be what one finds alone.
private func compare(_ batch: PackedBatch, _ checkpointing: Checkpointing, _ world: Communicator, _ what: String) throws(TrainerError) {
    let group = MPIGroup(world)
    let device = try CPUDevice(threadCount: 2)
    let shard = batch.contextShard(group.index, of: group.size)
    let alone = try run(batch, checkpointing, on: device, SoloGroup())
    let found = try run(shard, checkpointing, on: device, group)
    let lossSum = try group.sum([found.lossSum], name: "loss")[0]
    try expectClose([Float(lossSum)], [Float(alone.lossSum)], relative: 1e-5, "loss of \(what)")
    let rows = shard.cut.map { $0.wholeRows(ofRank: group.index).flatMap { $0 } } ?? Array(0..<batch.tokenCount)
    let channels = alone.hidden.count / max(batch.tokenCount, 1)
    let wanted = rows.flatMap { alone.hidden[$0 * channels..<($0 + 1) * channels] }
    try expectClose(found.hidden, wanted, relative: 1e-5, "hidden states of \(what)")
    for (own, whole) in zip(found.gradients, alone.gradients) {
        let sum = try device.tensor(own.values)
        try group.startSum(sum, name: own.name).wait()
        try expectClose(sum.values(), whole.values, relative: 1e-5, "gradient of \(own.name), \(what)")
    }
}
