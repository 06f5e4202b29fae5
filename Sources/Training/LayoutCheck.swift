import Data
import Foundation
import MessagePassing
import Models
import Optimizers
import Parallelism
public import Planning
import Reporting
public import Support
import Tensors

/// The first steps of a run on the layout of its ranks, and again on one of them: that the layout changes no result, on the user's own model.
public struct LayoutCheck {
    /// What a step found, before its update.
    public struct Step: Equatable, Sendable {
        public var loss: Double
        public var gradientNorm: Double

        public init(loss: Double, gradientNorm: Double) {
            self.loss = loss
            self.gradientNorm = gradientNorm
        }
    }

    public struct Report: Equatable, Sendable {
        /// How the ranks were laid out.
        public var layout: String
        public var steps: [Step]
        /// The same on one rank.
        public var alone: [Step]
        /// The largest relative difference of a loss that is rounding; ten times as much for a gradient norm, a sum of many more terms.
        public var tolerance: Double

        public init(layout: String, steps: [Step], alone: [Step], tolerance: Double) {
            self.layout = layout
            self.steps = steps
            self.alone = alone
            self.tolerance = tolerance
        }
    }

    private let setup: RunSetup
    private let context: RankContext
    private let tell: (String) -> Void

    /// Trains some steps on all ranks, then on the first alone while the others sleep. Nothing is left in the run's folder.
    ///
    /// - Parameter tell: Called on the first rank with a line on each step that is done.
    /// - Returns: The same on every rank.
    /// - Throws: `configuration` for one rank, which there is nothing to compare with; `memory` if the run does not fit on one; what a run throws.
    public static func run(
        _ configuration: RunConfiguration, _ context: RankContext, stepCount: Int, tolerance: Double, tell: @escaping (String) -> Void
    ) throws(TrainerError) -> Report {
        guard let world = context.world, world.size > 1 else {
            throw TrainerError(
                .configuration, "ranks", "one rank has no layout to compare", remedy: "Start several: mpirun -n 2 trainer check run.yaml")
        }
        var configuration = configuration
        // What spills leaves no trace, and the run's folder may not exist yet.
        if configuration.memory.spillFolder == nil { configuration.memory.spillFolder = FileManager.default.temporaryDirectory.path }
        let setup = try RunSetup.make(configuration, context) { _ in }
        try setup.checkAgreement(context.group)
        let forecast = try MemoryForecast.make(setup, context)
        let tell = world.rank == 0 ? tell : { _ in }
        let steps = try LayoutCheck(setup: setup, context: context, tell: tell).train(stepCount, forecast.stage)
        var alone: [Step] = []
        if world.rank == 0 { alone = try LayoutCheck(setup: setup.onOneRank(), context: context.alone(), tell: tell).trainAlone(stepCount) }
        // The others sleep meanwhile; the first rank keeps to the cores that it has among them.
        try world.idleBarrier(name: "steps on one rank")
        let numbers = try context.group.broadcastValues(alone.flatMap { [$0.loss, $0.gradientNorm] }, name: "steps on one rank")
        alone = stride(from: 0, to: numbers.count, by: 2).map { Step(loss: numbers[$0], gradientNorm: numbers[$0 + 1]) }
        let layout = "\(context.grid.shape), ZeRO \(forecast.stage.rawValue)"
        return Report(layout: layout, steps: steps, alone: alone, tolerance: tolerance)
    }

    private func trainAlone(_ count: Int) throws(TrainerError) -> [Step] {
        let needed = try MemoryForecast.make(setup, .nothing, GridShape(), rank: 0, threadCount: context.threadCount).ledger.peak
        if let free = ProcessMemory.available, needed > free {
            throw TrainerError(
                .memory, "one rank", "training on it takes \(needed), and \(free) is free",
                remedy: "Check the layout with a smaller model of the same family, or with memory.checkpointing=full")
        }
        return try train(count, .nothing)
    }

    private func train(_ count: Int, _ stage: ZeROStage) throws(TrainerError) -> [Step] {
        let (configuration, device) = (setup.configuration, context.device)
        let spill = try Spill.make(for: configuration, on: device)
        let trained = try TrainedModel.make(
            setup.files, configuration, on: device, longestSequence: setup.longestSequence, stage: stage, grid: context.grid,
            spill: spill)
        let optimizer = try Optimizer(configuration.training.optimizer, shards: trained.shards, spill: spill)
        let step = TrainingStep(trained, optimizer, configuration, setup.learningRates, spill: spill, on: device)
        var steps: [Step] = []
        let count = min(count, setup.schedule.stepCount)
        let ranks = context.grid.shape.rankCount == 1 ? "one rank" : "\(context.grid.shape.rankCount) ranks"
        for index in 0..<count {
            let start = ContinuousClock.now
            let plan = setup.schedule.plan(step: index, packing: setup.packing)
            let batches = try plan.batches(ofRank: context.grid.place.data, from: setup.data.training)
            let result = try step.run(step: index, batches: batches, trainedTokenCount: plan.trainedTokenCount)
            steps.append(Step(loss: result.loss, gradientNorm: result.gradientNorm))
            tell("step \(index + 1) of \(count) on \(ranks): \(fixed((ContinuousClock.now - start) / .seconds(1), 1)) s")
        }
        return steps
    }
}

extension RunSetup {
    /// The same run on one rank.
    fileprivate func onOneRank() -> RunSetup {
        var configuration = configuration
        let threads = configuration.parallel.threads
        configuration.parallel = ParallelOptions()
        configuration.parallel.threads = threads
        let packing = PackingOptions(rankCount: 1, microbatchTokens: configuration.training.microbatchTokens)
        return RunSetup(
            configuration: configuration, files: files, tokenizer: tokenizer, data: data, schedule: schedule, packing: packing,
            learningRates: learningRates)
    }
}

extension RankContext {
    /// This rank without the others.
    fileprivate func alone() -> RankContext {
        RankContext(
            grid: ProcessGrid(data: SoloGroup()), world: nil, device: device, processor: processor, trace: nil, cores: cores,
            threadCount: threadCount, nodeCores: nodeCores, ranksOnNode: 1)
    }
}

// MARK: - What is told

extension LayoutCheck.Report {
    /// How far two numbers are apart, relative to the second.
    private func distance(_ found: Double, _ wanted: Double) -> Double {
        if found == wanted { return 0 }
        let distance = abs(found - wanted) / abs(wanted)
        return distance.isNaN ? .infinity : distance
    }

    /// The numbers side by side.
    public var text: String {
        var table = TextTable([
            .init("step", .right), .init("loss", .right), .init("on one rank", .right), .init("apart", .right), .init("gradient norm", .right),
            .init("on one rank", .right), .init("apart", .right),
        ])
        for (index, (found, wanted)) in zip(steps, alone).enumerated() {
            table.add([
                "\(index + 1)", fixed(found.loss, 7), fixed(wanted.loss, 7), scientific(distance(found.loss, wanted.loss)),
                fixed(found.gradientNorm, 6), fixed(wanted.gradientNorm, 6), scientific(distance(found.gradientNorm, wanted.gradientNorm)),
            ])
        }
        return "\(layout), and the same steps on one rank; allowed: \(allowed)\n\n" + table.text
    }

    private var allowed: String { "\(scientific(tolerance)) for a loss, \(scientific(10 * tolerance)) for a gradient norm" }

    /// - Throws: `numerics` naming the first number that is further apart than rounding.
    public func check() throws(TrainerError) {
        for (index, (found, wanted)) in zip(steps, alone).enumerated() {
            for (name, found, wanted, limit) in [
                ("loss", found.loss, wanted.loss, tolerance), ("gradient norm", found.gradientNorm, wanted.gradientNorm, 10 * tolerance),
            ] where distance(found, wanted) > limit {
                throw TrainerError(
                    .numerics, "step \(index + 1)",
                    "the \(name) is \(found) on \(layout), but \(wanted) on one rank: \(scientific(distance(found, wanted))) apart, allowed is \(scientific(limit))",
                    remedy: "Rounding does not explain it; do not train on this layout, and please report it with the configuration")
            }
        }
    }
}
