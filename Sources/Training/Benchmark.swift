import Data
public import Formats
import Models
import Optimizers
import Parallelism
public import Planning
public import Support
public import Tensors

/// Times training steps on given batches, and the matrix products of such a step alone.
public struct Benchmark {
    private let trained: TrainedModel
    private let step: TrainingStep
    private let context: RankContext

    /// - Throws: As `TrainedModel.make`.
    public init(_ files: ModelFiles, _ configuration: RunConfiguration, longestSequence: Int, _ context: RankContext) throws(TrainerError) {
        self.context = context
        let spill = try Spill.make(for: configuration, on: context.device)
        trained = try TrainedModel.make(
            files, configuration, on: context.device, longestSequence: longestSequence, stage: Benchmark.stage(configuration),
            grid: context.grid, spill: spill)
        step = try Benchmark.step(trained, configuration, spill, context.device)
    }

    /// What is asked for; nothing is shared out unless it is.
    private static func stage(_ configuration: RunConfiguration) -> ZeROStage {
        if case .stage(let stage) = configuration.parallel.zero { stage } else { .nothing }
    }

    private static func step(
        _ trained: TrainedModel, _ configuration: RunConfiguration, _ spill: Spill?, _ device: any Device
    ) throws(TrainerError) -> TrainingStep {
        var constant = ScheduleOptions()
        constant.kind = .constant
        let options = configuration.training.optimizer
        return TrainingStep(
            trained, try Optimizer(options, shards: trained.shards, spill: spill), configuration,
            Schedule(constant, peak: options.learningRate, totalSteps: 1), spill: spill, on: device)
    }

    /// One step's time and loss.
    public struct Timing: Sendable {
        public var seconds: Double
        public var loss: Double
    }

    /// Runs one step on this rank's batches.
    public func run(_ index: Int, batches: [PackedBatch], trainedTokenCount: Int) throws(TrainerError) -> Timing {
        try context.group.barrier(name: "start of step \(index + 1)")
        let start = ContinuousClock.now
        let result = try step.run(step: index, batches: batches, trainedTokenCount: trainedTokenCount)
        return Timing(seconds: (ContinuousClock.now - start) / .seconds(1), loss: result.loss)
    }

    /// The ledger that the counting device predicts for a step on a batch, and the shapes of its matrix products.
    public static func count(
        _ files: ModelFiles, _ configuration: RunConfiguration, _ batch: PackedBatch, _ context: RankContext
    ) throws(TrainerError) -> CountingDevice {
        let device = CountingDevice(threadCount: context.threadCount)
        let spill = try Spill.make(for: configuration, on: device)
        let trained = try TrainedModel.make(
            files, configuration, on: device, longestSequence: batch.longestSequence, stage: stage(configuration),
            grid: try ProcessGrid.paper(context.grid.shape, rank: context.group.index, nodes: context.grid.nodes, on: device), spill: spill)
        let step = try step(trained, configuration, spill, device)
        _ = try step.run(step: 0, batches: [batch], trainedTokenCount: batch.targets.count)
        return device
    }

    /// The seconds that the matrix products of a step take by themselves, each called as often as the step calls it.
    public static func productSeconds(_ shapes: [ProductShape: Int], on device: any Device) throws(TrainerError) -> Double {
        var total = 0.0
        for (shape, count) in shapes.sorted(by: { ($0.key.m, $0.key.n, $0.key.k) < ($1.key.m, $1.key.n, $1.key.k) }) {
            let left = shape.transposesLeft ? try device.zeros(shape.k, shape.m) : try device.zeros(shape.m, shape.k)
            let right = shape.transposesRight ? try device.zeros(shape.n, shape.k) : try device.zeros(shape.k, shape.n)
            let output = try device.zeros(shape.m, shape.n)
            let repetitions = min(count, 6)
            let start = ContinuousClock.now
            for _ in 0..<repetitions {
                device.product(
                    output, left, right, transposesLeft: shape.transposesLeft, transposesRight: shape.transposesRight, alpha: 1, adds: shape.adds)
            }
            total += (ContinuousClock.now - start) / .seconds(1) * Double(count) / Double(repetitions)
        }
        return total
    }
}
