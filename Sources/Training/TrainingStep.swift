import Data
import Models
import Objectives
public import Optimizers
public import Parallelism
import Planning
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
    /// How activations wait for the backward.
    private let activations: ActivationStorage
    private let trace: Trace?
    private let updateOptions: UpdateGuard.Options
    /// Which updates were left out so far.
    public var updates = UpdateGuard()
    private let scaleOptions: LossScale.Options
    /// What the next step's loss is multiplied by.
    public private(set) var lossScale: LossScale

    public init(
        _ trained: TrainedModel, optimizer: Optimizer, schedule: Schedule, maximumNorm: Double, seed: UInt64,
        on device: any Device, activations: ActivationStorage = ActivationStorage(), trace: Trace? = nil,
        pipelineSchedule: any PipelineSchedule.Type = OneForwardOneBackward.self,
        updates: UpdateGuard.Options = UpdateGuard.Options(), lossScale: LossScale.Options = LossScale.Options()
    ) {
        updateOptions = updates
        scaleOptions = lossScale
        self.lossScale = LossScale(lossScale)
        self.trained = trained
        self.optimizer = optimizer
        self.schedule = schedule
        self.maximumNorm = maximumNorm
        self.seed = seed
        self.device = device
        self.activations = activations
        self.trace = trace
        self.pipelineSchedule = pipelineSchedule
    }

    /// A step as a configuration describes it.
    ///
    /// - Parameter spill: The run's spill file, if it has one.
    convenience init(
        _ trained: TrainedModel, _ optimizer: Optimizer, _ configuration: RunConfiguration, _ schedule: Schedule, spill: Spill?,
        on device: any Device, trace: Trace? = nil
    ) {
        let training = configuration.training
        self.init(
            trained, optimizer: optimizer, schedule: schedule, maximumNorm: training.optimizer.maxGradNorm, seed: UInt64(training.seed), on: device,
            activations: ActivationStorage(configuration.memory, spill), trace: trace,
            pipelineSchedule: configuration.parallel.pipelineSchedule.schedule, updates: UpdateGuard.Options(training),
            lossScale: LossScale.Options(configuration))
    }

    /// Goes on with the scale and the count of a checkpoint; one that holds no scale, or a fixed scale, begins anew.
    func resume(_ position: RunPosition) {
        updates = position.updates ?? UpdateGuard()
        if scaleOptions.isDynamic, let scale = position.lossScale { lossScale = scale }
    }

    /// What a checkpoint is to hold of the scale; nil where losses are not scaled.
    var savedScale: LossScale? { scaleOptions.isUsed ? lossScale : nil }

    /// What a step has found, the same on every rank.
    public struct Result: Equatable, Sendable {
        /// Mean over all trained tokens of the step, over all ranks and microbatches; before the update.
        public var loss: Double
        /// Of the whole gradient, before clipping.
        public var gradientNorm: Double
        public var learningRate: Double
        /// How long this rank computed forward and backward, what it waited for others left out.
        public var ownSeconds: Double
        /// The sums over the ranks of what each voted.
        public var votes: [Double]
        /// Why the update was left out; nil where it was made.
        public var skipped: TrainerError?
        /// What the loss was multiplied by before the backward; nil where losses are not scaled.
        public var lossScale: Double?
        /// Whether the update was left out to lower that.
        public var lowersScale = false
    }

    /// - Parameters:
    ///   - step: Steps done before this one.
    ///   - batches: The microbatches of this rank's context group, as many on every rank; those without a token are allowed.
    ///   - trainedTokenCount: Targets of the whole step, by which the sum of losses is divided, once.
    ///   - votes: Numbers that are summed over the ranks along with the loss, without a collective of their own.
    /// - Throws: `numerics` for a loss or gradient that is not finite, naming the first such tensor, unless such updates are left out; then nothing
    ///   was updated.
    public func run(step: Int, batches: [PackedBatch], trainedTokenCount: Int, votes: [Double] = []) throws(TrainerError) -> Result {
        let start = ownTime()
        let units = trained.units
        units.beginStep()
        let mean = 1 / Double(max(trainedTokenCount, 1))
        let scale = lossScale.value
        var runner = PipelineRunner(trained.model, units, schedule: pipelineSchedule, gradientScale: mean * scale) { (batch) throws(TrainerError) in
            enter("forward", self.trace)
            let pass = try Pass(
                batch, on: self.device, groups: self.trained.model.groups, keepsActivations: true, activations: self.activations,
                dropout: DropoutStream(seed: self.seed, step: step))
            pass.forwardFinished = { enter("backward", self.trace) }
            return pass
        }
        let shards = batches.map { $0.contextShard(grid.place.context, of: grid.shape.context) }
        // All ranks of a tensor group find the same loss.
        let lossSum = try runner.run(shards) * (grid.place.tensor == 0 ? 1 : 0)
        let ownSeconds = ownTime() - start
        enter("reduce", trace)
        try units.finishStep()
        let sums = try grid.world.sumInOrder([lossSum] + votes, name: "the loss of step \(step + 1)")
        let loss = sums[0] * mean
        enter("optimizer", trace)
        let norm = try units.gradientNorm() / scale
        let lowered = lossScale.loweredCount
        let skipped = device.holdsValues ? try judge(step: step, ownLoss: lossSum, loss: loss, norm: norm) : nil
        let clip = maximumNorm > 0 ? min(1, maximumNorm / (norm + 1e-6)) : 1
        let learningRate = schedule.learningRate(step: step)
        if skipped == nil {
            try optimizer.update(UpdateNumbers(step: step + 1 - updates.skippedCount, learningRate: learningRate, gradientScale: clip / scale))
            try units.publish()
        }
        return Result(
            loss: loss, gradientNorm: norm, learningRate: learningRate, ownSeconds: ownSeconds, votes: Array(sums.dropFirst()), skipped: skipped,
            lossScale: scaleOptions.isUsed ? scale : nil, lowersScale: lossScale.loweredCount > lowered)
    }

    /// Decides whether the update is made; all ranks decide alike.
    ///
    /// - Returns: Why it is left out; nil if it is made.
    /// - Throws: `numerics` if the run ends here; `communication`.
    private func judge(step: Int, ownLoss: Double, loss: Double, norm: Double) throws(TrainerError) -> TrainerError? {
        let isFinite = loss.isFinite && norm.isFinite
        // A loss that is not finite is none of the scale's doing.
        if loss.isFinite, !isFinite, lossScale.lower(scaleOptions) {
            updates.leaveOut()
            return TrainerError(
                .numerics, "step \(step + 1)", "the gradient of the loss, scaled by \(Int(2 * lossScale.value)), is not finite",
                remedy: "The update is left out, and the scale is \(Int(lossScale.value)) from now on")
        }
        if isFinite { lossScale.keep(scaleOptions) } else { lossScale.restart() }
        let verdict = updates.judge(isFinite: isFinite, norm: norm, updateOptions)
        switch verdict {
        case .update: return nil
        case .skipSpike(let limit):
            let problem = "the gradient norm of \(norm) is above the limit of \(limit)"
            return TrainerError(.numerics, "step \(step + 1)", problem, remedy: "The update is left out, as training.spike_skip wants it")
        case .skipNonFinite:
            return try nonFinite(step, ownLoss, loss, norm, "The update is left out, as training.on_nonfinite wants it")
        case .stop(let inARow):
            let before = inARow > 1 ? "It is step \(inARow) of such in a row. " : ""
            throw try nonFinite(
                step, ownLoss, loss, norm,
                before + "Lower training.optimizer.learning_rate or look at the rows of this step; the last checkpoint is sound")
        }
    }

    /// A NaN without its sign, which means nothing.
    private func shown(_ value: Double) -> String { value.isNaN ? "nan" : "\(value)" }

    /// What is not finite, and on which rank: the first trained tensor in the order of the backward whose gradient is not, on any rank.
    private func nonFinite(
        _ step: Int, _ ownLoss: Double, _ loss: Double, _ norm: Double, _ remedy: String
    ) throws(TrainerError) -> TrainerError {
        let order = Array(trained.model.units.reversed())
        let own = try trained.units.firstNonFiniteGradient(order)
        let unit = own.flatMap { parameter in order.firstIndex { $0.trainable.contains { $0 === parameter } } } ?? order.count
        let words = [ownLoss.isFinite ? 0 : 1, grid.shape.pipeline - grid.place.pipeline, unit].map(String.init) + [own?.name ?? ""]
        let found = try grid.world.gather(Array(words.joined(separator: " ").utf8), name: "what is not finite").map { bytes in
            String(decoding: bytes, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        }
        // The last stage of a pipeline goes backward first.
        let first = found.enumerated().filter { !$1[3].isEmpty }.min {
            (Int($0.element[1]) ?? 0, Int($0.element[2]) ?? 0) < (Int($1.element[1]) ?? 0, Int($1.element[2]) ?? 0)
        }
        // Where every loss is finite, it is the rank whose part has that tensor.
        let rank = found.firstIndex { $0[0] == "1" } ?? first?.offset
        let place = first.map { "the gradient of \($0.element[3])" } ?? "the loss"
        return TrainerError(
            .numerics, "step \(step + 1)" + (rank.map { ", rank \($0)" } ?? ""),
            "\(place) is not finite (loss \(shown(loss)), gradient norm \(shown(norm)))",
            remedy: remedy)
    }
}
