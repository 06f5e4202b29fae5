import Data
import Evaluation
import Formats
import Models
import Objectives
import Optimizers
public import Parallelism
import Planning
import Support
public import Tensors

/// The peak memory of a run's steps and of the held-out losses between them, found by running the same code on a device that only counts.
public struct MemoryForecast {
    /// Bytes by kind at the highest total.
    public let ledger: MemoryLedger
    /// What the ranks share out.
    public let stage: ZeROStage

    /// Counts a step, and a held-out loss if the run measures any between steps, of the largest microbatches that a rank meets: that of the most
    /// tokens and that of the most targets.
    static func make(_ setup: RunSetup, _ stage: ZeROStage, rankCount: Int, threadCount: Int) throws(TrainerError) -> MemoryForecast {
        let device = CountingDevice(threadCount: threadCount)
        let group = try PaperGroup(size: rankCount, on: device)
        let trained = try TrainedModel.make(
            setup.files, setup.configuration, on: device, longestSequence: setup.longestSequence, stage: stage, group: group)
        let spill = try Spill.make(for: setup.configuration, on: device)
        let optimizer = try Optimizer(setup.configuration.training.optimizer, shards: trained.shards, spill: spill)
        let step = TrainingStep(
            trained, optimizer: optimizer, schedule: setup.learningRates, maximumNorm: 1, seed: 0, group: group, on: device,
            spill: setup.configuration.memory.offloadActivations ? spill : nil)
        let batches = try largestBatches(steps(setup), of: setup.data.training)
        _ = try step.run(step: 0, batches: batches, trainedTokenCount: batches.reduce(0) { $0 + $1.targets.count })
        if setup.configuration.training.evalSteps != nil, let rows = setup.data.validation {
            for batch in try largestBatches([HeldOutLoss.plan(of: rows, packing: setup.packing)], of: rows) {
                _ = try NextToken().lossSum(trained.model, Pass(batch, on: device, keepsActivations: false))
            }
        }
        return MemoryForecast(ledger: device.ledger, stage: stage)
    }

    /// The forecast of what the configuration asks to share out, or of the least that fits into the memory of every node.
    ///
    /// - Throws: `communication`.
    static func make(_ setup: RunSetup, _ context: RankContext) throws(TrainerError) -> MemoryForecast {
        let size = context.group.size
        func forecast(_ stage: ZeROStage) throws(TrainerError) -> MemoryForecast {
            try make(setup, stage, rankCount: size, threadCount: context.threadCount)
        }
        if case .stage(let stage) = setup.configuration.parallel.zero { return try forecast(stage) }
        let own = ProcessMemory.available.map { Double($0.bytes / context.ranksOnNode) } ?? .infinity
        let least = -(try context.group.max([-own], name: "the memory of the nodes")[0])
        var found = try forecast(.nothing)
        for stage in ZeROStage.allCases.dropFirst() where size > 1 && Double(found.ledger.peak.bytes) > 0.9 * least { found = try forecast(stage) }
        return found
    }

    /// Steps spread over the run.
    private static func steps(_ setup: RunSetup) -> [StepPlan] {
        let steps = stride(from: 0, to: setup.schedule.stepCount, by: max(1, setup.schedule.stepCount / 64))
        return steps.map { setup.schedule.plan(step: $0, packing: setup.packing) }
    }

    private static func largestBatches(_ plans: [StepPlan], of rows: TokenizedRows) throws(TrainerError) -> [PackedBatch] {
        var mostTokens: (plan: StepPlan, batch: StepPlan.Microbatch)?
        var mostTargets = mostTokens
        for plan in plans {
            for batch in plan.ranks.joined() {
                if batch.tokenCount > mostTokens?.batch.tokenCount ?? 0 { mostTokens = (plan, batch) }
                if batch.trainedTokenCount > mostTargets?.batch.trainedTokenCount ?? 0 { mostTargets = (plan, batch) }
            }
        }
        var batches: [PackedBatch] = []
        for (plan, batch) in [mostTokens, mostTargets].compactMap({ $0 }) { batches.append(try plan.batch(batch, from: rows)) }
        return batches
    }
}
