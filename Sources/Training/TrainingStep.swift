import Data
import Models
import Objectives
public import Optimizers
public import Parallelism
public import Support
public import Tensors

/// One optimizer step: the rank's microbatches forward and back, gradients summed over ranks, clipped, applied.
public final class TrainingStep {
    private let trained: TrainedModel
    private let optimizer: Optimizer
    private let schedule: Schedule
    private let maximumNorm: Double
    private let seed: UInt64
    private var grid: ProcessGrid { trained.grid }
    private let pipelineSchedule: any PipelineSchedule.Type
    private let device: any Device
    /// Where activations wait for the backward; nil for in memory.
    private let spill: Spill?
    private let trace: Trace?

    public init(
        _ trained: TrainedModel, optimizer: Optimizer, schedule: Schedule, maximumNorm: Double, seed: UInt64,
        on device: any Device, spill: Spill? = nil, trace: Trace? = nil, pipelineSchedule: any PipelineSchedule.Type = OneForwardOneBackward.self
    ) {
        self.trained = trained
        self.optimizer = optimizer
        self.schedule = schedule
        self.maximumNorm = maximumNorm
        self.seed = seed
        self.device = device
        self.spill = spill
        self.trace = trace
        self.pipelineSchedule = pipelineSchedule
    }

    /// What a step has found, the same on every rank.
    public struct Result: Equatable, Sendable {
        /// Mean over all trained tokens of the step, over all ranks and microbatches; before the update.
        public var loss: Double
        /// Of the whole gradient, before clipping.
        public var gradientNorm: Double
        public var learningRate: Double
        /// How long this rank computed before it waited for the others.
        public var ownSeconds: Double
        /// The sums over the ranks of what each voted.
        public var votes: [Double]
    }

    /// - Parameters:
    ///   - step: Steps done before this one.
    ///   - batches: The microbatches of this rank's context group, as many on every rank; those without a token are allowed.
    ///   - trainedTokenCount: Targets of the whole step, by which the sum of losses is divided, once.
    ///   - votes: Numbers that are summed over the ranks along with the loss, without a collective of their own.
    /// - Throws: `numerics` for a loss or gradient that is not finite, naming the first such tensor; then nothing was updated.
    public func run(step: Int, batches: [PackedBatch], trainedTokenCount: Int, votes: [Double] = []) throws(TrainerError) -> Result {
        let start = ContinuousClock.now
        let units = trained.units
        units.beginStep()
        let scale = 1 / Double(max(trainedTokenCount, 1))
        var runner = PipelineRunner(trained.model, units, schedule: pipelineSchedule, gradientScale: scale) { (batch) throws(TrainerError) in
            self.trace?.enter("forward")
            let pass = try Pass(
                batch, on: self.device, groups: self.grid.modelGroups, keepsActivations: true, spill: self.spill,
                dropout: DropoutStream(seed: self.seed, step: step))
            pass.forwardFinished = { self.trace?.enter("backward") }
            return pass
        }
        let shards = batches.map { $0.contextShard(grid.place.context, of: grid.shape.context) }
        // All ranks of a tensor group find the same loss.
        let lossSum = try runner.run(shards) * (grid.place.tensor == 0 ? 1 : 0)
        let ownSeconds = (ContinuousClock.now - start) / .seconds(1)
        trace?.enter("reduce")
        try units.finishStep()
        let sums = try grid.world.sum([lossSum] + votes, name: "the loss of step \(step + 1)")
        let loss = sums[0] * scale
        trace?.enter("optimizer")
        let norm = try units.gradientNorm()
        if device.holdsValues { try checkFinite(step: step, loss: loss, norm: norm) }
        let clip = maximumNorm > 0 ? min(1, maximumNorm / (norm + 1e-6)) : 1
        let learningRate = schedule.learningRate(step: step)
        try optimizer.update(UpdateNumbers(step: step + 1, learningRate: learningRate, gradientScale: clip))
        try units.publish()
        return Result(loss: loss, gradientNorm: norm, learningRate: learningRate, ownSeconds: ownSeconds, votes: Array(sums.dropFirst()))
    }

    private func checkFinite(step: Int, loss: Double, norm: Double) throws(TrainerError) {
        guard !loss.isFinite || !norm.isFinite else { return }
        let first = trained.units.firstNonFiniteGradient(trained.model.units.reversed())
        let place = first.map { "the gradient of \($0.name)" } ?? "the loss"
        throw TrainerError(
            .numerics, "step \(step + 1), rank \(grid.world.index)", "\(place) is not finite (loss \(loss), gradient norm \(norm))",
            remedy: "Lower training.optimizer.learning_rate or look at the rows of this step; the last checkpoint is sound")
    }
}
