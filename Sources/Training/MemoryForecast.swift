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
    /// Whether checkpoints are written while training goes on, from a copy that the ledger counts.
    public let savesInBackground: Bool

    /// Counts a step, and a held-out loss if the run measures any between steps, of the largest microbatches in about 64 steps spread over the run:
    /// that of the most tokens and that of the most targets. A step between them may have one that is larger.
    ///
    /// - Parameters:
    ///   - rank: Of the grid, whose memory is counted.
    ///   - nodes: The node of each rank, for sums that go by nodes.
    ///   - savesInBackground: Whether the copy of a checkpoint is alive meanwhile.
    static func make(
        _ setup: RunSetup, _ stage: ZeROStage, _ shape: GridShape, rank: Int, nodes: [Int] = [], threadCount: Int, savesInBackground: Bool = false
    ) throws(TrainerError) -> MemoryForecast {
        let device = CountingDevice(threadCount: threadCount)
        let grid = try ProcessGrid.paper(shape, rank: rank, nodes: nodes, on: device)
        let spill = try Spill.make(for: setup.configuration, on: device)
        let trained = try TrainedModel.make(
            setup.files, setup.configuration, on: device, longestSequence: setup.longestSequence, stage: stage, grid: grid, spill: spill)
        let optimizer = try Optimizer(setup.configuration.training.optimizer, shards: trained.shards, spill: spill)
        let saved = try TrainingState(trained: trained, optimizer: optimizer).file(rank: rank, of: shape.rankCount)
        let copy = savesInBackground ? try BackgroundWrite.room(for: saved, on: device) : nil
        defer { withExtendedLifetime(copy) {} }
        let step = TrainingStep(trained, optimizer, setup.configuration, setup.learningRates, spill: spill, on: device)
        let plans = steps(setup)
        var batches = try largestBatches(plans, of: setup.data.training)
        if shape.pipeline > 1 {
            // As many as a stage may hold at once, none smaller than those of the run.
            let rounds = plans.reduce(1) { max($0, $1.roundCount) }
            let count = min(rounds, 2 * shape.pipeline * setup.configuration.parallel.pipelineChunks + 1)
            batches = (0..<max(count, batches.count)).map { batches[$0 % batches.count] }
        }
        _ = try step.run(step: 0, batches: batches, trainedTokenCount: batches.reduce(0) { $0 + $1.targets.count })
        if setup.configuration.training.evalSteps != nil, let rows = setup.data.validation {
            for batch in try largestBatches([HeldOutLoss.plan(of: rows, packing: setup.packing)], of: rows) {
                let pass = try Pass(batch, on: device, groups: trained.model.groups.withoutContext, keepsActivations: false)
                _ = try NextToken().lossSum(trained.model, pass)
            }
        }
        return MemoryForecast(ledger: device.ledger, stage: stage, savesInBackground: savesInBackground)
    }

    /// The forecast of what the configuration asks to share out, or of the least that fits into the memory of every node.
    ///
    /// - Throws: `communication`.
    static func make(_ setup: RunSetup, _ context: RankContext) throws(TrainerError) -> MemoryForecast {
        func forecast(_ stage: ZeROStage, savesInBackground: Bool = false) throws(TrainerError) -> MemoryForecast {
            let own = try make(
                setup, stage, context.grid.shape, rank: context.group.index, nodes: context.grid.nodes, threadCount: context.threadCount,
                savesInBackground: savesInBackground)
            return MemoryForecast(ledger: try own.ledger.largest(of: context.group), stage: stage, savesInBackground: savesInBackground)
        }
        let own = ProcessMemory.available.map { Double($0.bytes / context.ranksOnNode) } ?? .infinity
        let least = -(try context.group.max([-own], name: "the memory of the nodes")[0])
        func fits(_ forecast: MemoryForecast) -> Bool { Double(forecast.ledger.peak.bytes) <= 0.9 * least }
        let replicas = context.grid.replicas.size
        var found: MemoryForecast
        if case .stage(let stage) = setup.configuration.parallel.zero {
            found = try forecast(stage)
        } else {
            // Gradients that wait in two bytes are those that ranks share out.
            let least = setup.configuration.memory.gradientDtype == .float32 ? ZeROStage.nothing : .gradients
            found = try forecast(least)
            for stage in ZeROStage.allCases where stage > least && replicas > 1 && !fits(found) { found = try forecast(stage) }
        }
        // States that lie in a file are not brought into memory to save them.
        let choice = setup.configuration.training.optimizer.paged ? .never : setup.configuration.checkpoint.background
        guard choice != .never else { return found }
        let copying = try forecast(found.stage, savesInBackground: true)
        return choice == .always || fits(copying) ? copying : found
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

extension MemoryLedger {
    /// The peak of the rank that has the highest, on every rank.
    func largest(of group: any ProcessGroup) throws(TrainerError) -> MemoryLedger {
        let own = MemoryKind.allCases.map { atPeak($0).bytes }
        let most = try group.gatherValues(own, name: "peaks of memory").max { $0.reduce(0, +) < $1.reduce(0, +) } ?? own
        return MemoryLedger(peak: Dictionary(uniqueKeysWithValues: zip(MemoryKind.allCases, most)))
    }
}
