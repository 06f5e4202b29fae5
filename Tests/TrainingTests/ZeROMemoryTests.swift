import Models
import Optimizers
import Parallelism
import Support
import Tensors
import Testing

@testable import Training

/// The bytes that one of n ranks has of a model with P parameters in float32, trained whole with AdamW, as the allocator counts them: those of the
/// ZeRO paper's table 1 (arXiv:1910.02054), with 4P for values, 4P for gradients and 8P for moments.
@Suite struct ZeROMemoryTests {
    private static let batch = ActivationMemoryTests.batch(sequences: 2, length: 64, vocabulary: 2048)
    private static let kinds = [MemoryKind.weights, .gradients, .optimizer]

    private static func model(_ share: ModelShare = ModelShare()) -> LanguageModel {
        ActivationMemoryTests.model(layers: 8, channels: 288, vocabulary: 2048, share: share)
    }

    /// Two microbatches of one rank, with all that a rank of so many would allocate.
    private func ledger(_ stage: ZeROStage, ranks: Int, on device: any Device) throws -> MemoryLedger {
        let grid = try ProcessGrid.paper(GridShape(data: ranks), rank: ranks - 1, on: device)
        return try ledger(stage, grid, Self.model(), OneForwardOneBackward.self, on: device)
    }

    private func ledger(
        _ stage: ZeROStage, _ grid: ProcessGrid, _ model: LanguageModel, _ schedule: any PipelineSchedule.Type, on device: any Device
    ) throws -> MemoryLedger {
        model.groups = grid.modelGroups()
        let units = ShardedUnits(stage, over: grid, on: device)
        for unit in model.units { try units.take(unit) { _ in } }
        try model.prepare(on: device, longestSequence: 64)
        model.residency = units
        let trained = TrainedModel(model: model, lora: nil, units: units, grid: grid)
        let step = TrainingStep(
            trained, optimizer: try Optimizer(OptimizerOptions(), shards: trained.shards),
            schedule: Schedule(ScheduleOptions(), peak: 1e-3, totalSteps: 2), maximumNorm: 1, seed: 0, on: device,
            pipelineSchedule: schedule)
        device.ledger.restartPeak()
        _ = try step.run(step: 0, batches: [Self.batch, Self.batch], trainedTokenCount: 2 * grid.shape.data * Self.batch.targets.count)
        return device.ledger
    }

    @Test(
        "where gradients of weights are put off, too, there are those of two units and of this rank's parts",
        arguments: [ZeROStage.gradients, .parameters])
    func zeroBubble(stage: ZeROStage) throws {
        let shape = GridShape(data: 2, pipeline: 2)
        for rank in [0, shape.rankCount - 1] {
            let device = CountingDevice(threadCount: 2)
            let grid = try ProcessGrid.paper(shape, rank: rank, on: device)
            let share = ModelShare(stage: grid.place.pipeline, stageCount: 2, division: [0..<4, 4..<8])
            let found = try ledger(stage, grid, Self.model(share), ZeroBubble.self, on: device)
            let counts = Self.model(share).units.map { Double($0.trainableCount) }
            let two = zip(counts, counts.dropFirst()).map { $0 + $1 }.max() ?? 0
            let most = 4 * (counts.reduce(0, +) / 2 + two)
            let highest = Double(found.highest(.gradients).bytes)
            #expect(highest <= 1.02 * most, "stage \(grid.place.pipeline): \(highest), over \(most)")
        }
    }

    @Test(
        "between steps to 2 percent; in a step two whole units more of what is shared out, and a tied embedding; as the counting device has it",
        arguments: ZeROStage.allCases, [2, 4, 6])
    func table(stage: ZeROStage, ranks: Int) throws {
        let found = try ledger(stage, ranks: ranks, on: try CPUDevice(threadCount: 2))
        #expect(try ledger(stage, ranks: ranks, on: CountingDevice(threadCount: 2)) == found)
        let counts = Self.model().units.map { Double($0.trainableCount) }
        let (all, embedding) = (4 * counts.reduce(0, +), 4 * counts[0])
        let two = 4 * (zip(counts, counts.dropFirst()).map { $0 + $1 }.max() ?? 0)
        for (kind, sharedFrom, bytes) in [
            (MemoryKind.weights, ZeROStage.parameters, all), (.gradients, .gradients, all), (.optimizer, .optimizer, 2 * all),
        ] {
            let isShared = stage >= sharedFrom
            let wanted = isShared ? bytes / Double(ranks) : bytes
            let alive = Double(found.alive(kind).bytes)
            #expect(abs(alive - wanted) <= 0.02 * wanted, "\(kind.name): \(alive), not \(wanted)")
            let whole = kind == .optimizer ? 0 : kind == .weights ? two : two + embedding
            let most = wanted + (isShared ? whole : 0)
            let highest = Double(found.highest(kind).bytes)
            #expect(highest <= 1.02 * most, "\(kind.name): \(highest), over \(most)")
        }
    }
}
