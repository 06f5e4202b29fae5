import Data
import Formats
import Models
import Objectives
import Optimizers
import Planning
import Support
public import Tensors

/// The peak memory of a run's steps, found by running the same code on a device that only counts.
public struct MemoryForecast {
    /// Bytes by kind at the highest total.
    public let ledger: MemoryLedger

    /// Counts a step of the largest microbatches that a rank of the run meets: that of the most tokens and that of the most targets.
    static func make(_ setup: RunSetup, threadCount: Int) throws(TrainerError) -> MemoryForecast {
        let device = CountingDevice(threadCount: threadCount)
        let trained = try TrainedModel.make(setup.files, setup.configuration, on: device, longestSequence: setup.longestSequence)
        let spill = try Spill.make(for: setup.configuration, on: device)
        let optimizer = try Optimizer(setup.configuration.training.optimizer, shards: trained.shards, spill: spill)
        let step = TrainingStep(
            trained, optimizer: optimizer, schedule: setup.learningRates, maximumNorm: 1, seed: 0, group: SoloGroup(), on: device,
            spill: setup.configuration.memory.offloadActivations ? spill : nil)
        let batches = try largestBatches(setup)
        _ = try step.run(step: 0, batches: batches, trainedTokenCount: batches.reduce(0) { $0 + $1.targets.count })
        return MemoryForecast(ledger: device.ledger)
    }

    private static func largestBatches(_ setup: RunSetup) throws(TrainerError) -> [PackedBatch] {
        let steps = Array(stride(from: 0, to: setup.schedule.stepCount, by: max(1, setup.schedule.stepCount / 64)))
        var mostTokens: (plan: StepPlan, batch: StepPlan.Microbatch)?
        var mostTargets = mostTokens
        for step in steps {
            let plan = setup.schedule.plan(step: step, packing: setup.packing)
            for batch in plan.ranks.flatMap({ $0 }) {
                if batch.tokenCount > mostTokens?.batch.tokenCount ?? 0 { mostTokens = (plan, batch) }
                if batch.trainedTokenCount > mostTargets?.batch.trainedTokenCount ?? 0 { mostTargets = (plan, batch) }
            }
        }
        var batches: [PackedBatch] = []
        for (plan, batch) in [mostTokens, mostTargets].compactMap({ $0 }) { batches.append(try plan.batch(batch, from: setup.data.training)) }
        return batches
    }
}
