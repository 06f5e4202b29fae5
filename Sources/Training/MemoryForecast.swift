import Data
import Evaluation
import Formats
import Models
import Objectives
import Optimizers
import Planning
import Support
public import Tensors

/// The peak memory of a run's steps and of the held-out losses between them, found by running the same code on a device that only counts.
public struct MemoryForecast {
    /// Bytes by kind at the highest total.
    public let ledger: MemoryLedger

    /// Counts a step, and a held-out loss if the run measures any between steps, of the largest microbatches that a rank meets: that of the most
    /// tokens and that of the most targets.
    static func make(_ setup: RunSetup, threadCount: Int) throws(TrainerError) -> MemoryForecast {
        let device = CountingDevice(threadCount: threadCount)
        let trained = try TrainedModel.make(setup.files, setup.configuration, on: device, longestSequence: setup.longestSequence)
        let optimizer = try AdamW(setup.configuration.training.optimizer, shards: trained.shards)
        let step = TrainingStep(trained, optimizer: optimizer, schedule: setup.learningRates, maximumNorm: 1, seed: 0, group: SoloGroup(), on: device)
        let batches = try largestBatches(steps(setup), of: setup.data.training)
        _ = try step.run(step: 0, batches: batches, trainedTokenCount: batches.reduce(0) { $0 + $1.targets.count })
        if setup.configuration.training.evalSteps != nil, let rows = setup.data.validation {
            for batch in try largestBatches([HeldOutLoss.plan(of: rows, packing: setup.packing)], of: rows) {
                _ = try NextToken().lossSum(trained.model, Pass(batch, on: device, keepsActivations: false))
            }
        }
        return MemoryForecast(ledger: device.ledger)
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
