import Data
import Foundation
import MessagePassing
import Models
import Parallelism
import Planning
import Reporting
import Support
import Tensors

/// The steps of a run, from where it stands to its end.
final class TrainingLoop {
    private let setup: RunSetup
    private let trained: TrainedModel
    private let step: TrainingStep
    private let keeper: CheckpointKeeper
    private let meter: HeldOutMeter?
    private let report: RunReport
    private let context: RankContext
    private(set) var position: RunPosition
    /// In the last step, by what for; of each the most of any rank.
    private(set) var sentBytes: [String: Int] = [:]
    private var best: Double?
    private var lastSave = ContinuousClock.now
    /// The step of the newest checkpoint; where there is none, the run begins at 0.
    private var savedStep: Int
    /// Whether a signal has come, on any rank.
    private var isInterrupted = false
    /// Why the last save failed.
    private var saveFailure: TrainerError?
    /// Steps of this process whose operations and collectives are traced.
    private var stepsToTrace = 5
    private var times: StepTimes
    private let replicas: ReplicaCheck
    /// Up to which step copies were compared last.
    private var checkedStep: Int?

    init(
        _ setup: RunSetup, _ trained: TrainedModel, _ step: TrainingStep, _ keeper: CheckpointKeeper, _ meter: HeldOutMeter?, _ report: RunReport,
        _ context: RankContext, from position: RunPosition
    ) {
        self.setup = setup
        self.trained = trained
        self.step = step
        self.keeper = keeper
        self.meter = meter
        self.report = report
        self.context = context
        self.position = position
        savedStep = position.step
        times = StepTimes(context.grid)
        replicas = ReplicaCheck(units: trained.model.units, held: trained.units, grid: context.grid, device: context.processor)
    }

    /// Trains until the last step or a signal, and saves then.
    ///
    /// - Returns: Whether a signal, on any rank, ended it early; then a checkpoint holds where the run stands.
    /// - Throws: `numerics` where a loss or gradient is not finite; `memory`, `communication`; what kept that checkpoint from being written,
    ///   on all ranks alike.
    func run() throws(TrainerError) -> Bool {
        while position.step < setup.schedule.stepCount, !isInterrupted {
            let votes = try runStep()
            traceStepFinished()
            var score: Double?
            if isEvaluationDue { score = try evaluate() }
            isInterrupted = votes.interrupted
            if votes.areAllWritten, let saving = try keeper.complete() { say(saving) }
            if isInterrupted || votes.wantsCheckpoint || isCheckpointDue || isBest(score) || isLastDue { try save(score) }
        }
        enter("checkpoint", context.trace)
        if let saving = try keeper.complete() { say(saving) }
        // What the last update has set out is done before MPI ends.
        try context.grid.world.finish()
        context.trace?.leave()
        if isInterrupted, !isSaved, let saveFailure { throw unsaved(saveFailure) }
        return isInterrupted
    }

    /// Whether a checkpoint holds where the run stands.
    var isSaved: Bool { savedStep == position.step }

    private func unsaved(_ failure: TrainerError) -> TrainerError {
        let remedy = "The same command goes on from the checkpoint before, if there is one"
        return TrainerError(
            failure.code, failure.subject, "a signal ended the run after step \(position.step), which could not be saved: \(failure.problem)",
            remedy: failure.remedy.map { "\($0). \(remedy)" } ?? remedy)
    }

    // MARK: - The parts of a step

    private struct Votes {
        var interrupted: Bool
        var wantsCheckpoint: Bool
        /// Whether every rank has written its part of the checkpoint under way.
        var areAllWritten: Bool
    }

    private func runStep() throws(TrainerError) -> Votes {
        let (start, ownStart) = (ContinuousClock.now, ownTime())
        let sentBefore = context.grid.sentBytes
        let index = position.step
        context.trace?.isDetailed = stepsToTrace > 0
        enter("data", context.trace)
        let plan = setup.schedule.plan(step: index, packing: setup.packing)
        let batches = try plan.batches(ofRank: context.grid.place.data, from: setup.data.training)
        let ownData = ownTime() - ownStart
        let votes = [SignalWatcher.requested == nil ? 0 : 1, isTimeForCheckpoint ? 1 : 0, keeper.isOwnPartDone ? 0 : 1] as [Double]
        let result = try run(index, plan, batches, votes)
        try checkEveryGradient(step: index)
        let own: [StragglerWatch.Phase: Double] = [
            .data: ownData, .compute: result.ownSeconds, .update: ownTime() - ownStart - ownData - result.ownSeconds,
        ]
        let (peaks, kinds, sent, spread) = try largest(own, sentBefore: sentBefore, step: index)
        sentBytes = sent
        let ranks = Array(spread.dropFirst(times.placeCount).prefix(times.placeCount))
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        context.trace?.leave()
        position.step = index + 1
        FlightRecord.own.finished(steps: position.step)
        position.cursor = plan.cursor.upperBound
        position.updates = step.updates
        position.lossScale = step.savedScale
        report.step(
            StepRecord(
                step: index + 1, totalSteps: setup.schedule.stepCount, epoch: setup.schedule.epoch(atStep: index + 1), loss: result.loss,
                learningRate: result.learningRate, gradientNorm: result.gradientNorm, tokens: plan.tokenCount, trainedTokens: plan.trainedTokenCount,
                seconds: seconds, peakAllocatedBytes: Int(peaks[0]), peakResidentBytes: Int(peaks[1]),
                peakBytesByKind: kinds, sentBytes: sent, rankSeconds: ranks, time: Date().timeIntervalSince1970, isSkipped: result.skipped != nil,
                lossScale: result.lossScale))
        for line in try times.add(own, spread: spread, seconds: seconds) { report.warn(line) }
        try checkReplicas()
        return Votes(interrupted: result.votes[0] > 0, wantsCheckpoint: result.votes[1] > 0, areAllWritten: result.votes[2] == 0)
    }

    /// One step; the rows of one that goes wrong are kept.
    private func run(_ index: Int, _ plan: StepPlan, _ batches: [PackedBatch], _ votes: [Double]) throws(TrainerError) -> TrainingStep.Result {
        do throws(TrainerError) {
            let result = try step.run(step: index, batches: batches, trainedTokenCount: plan.trainedTokenCount, votes: votes)
            if let skipped = result.skipped { report.warn("\(skipped)" + (result.lowersScale ? "" : keep(plan, index))) }
            return result
        } catch {
            guard error.code == .numerics else { throw error }
            completeBeforeTheEnd()
            let kept = keep(plan, index)
            throw TrainerError(error.code, error.subject, error.problem, remedy: (error.remedy ?? "") + "." + kept)
        }
    }

    /// Keeps a step's rows, on the first rank; where they lie.
    private func keep(_ plan: StepPlan, _ index: Int) -> String {
        guard context.group.index == 0 else { return "" }
        do throws(TrainerError) {
            return " Its rows are in \(try FaultyStep(step: index, plan: plan, rows: setup.data.training).write(into: report.folder))"
        } catch { return " Its rows could not be kept (\(error.problem))" }
    }

    /// Also before a save: what a run goes on from after a difference was found had none.
    private func checkReplicas(isSaving: Bool = false) throws(TrainerError) {
        guard let every = setup.configuration.training.checkReplicasSteps, isSaving || position.step % every == 0 else { return }
        guard checkedStep != position.step else { return }
        checkedStep = position.step
        do throws(TrainerError) { try replicas.run(step: position.step) } catch {
            completeBeforeTheEnd()
            throw error
        }
    }

    /// Before an error that all ranks have found alike ends the run, the save that is under way is completed: its copy is of an earlier step.
    private func completeBeforeTheEnd() {
        if let saving = try? keeper.complete() { say(saving) }
    }

    /// The most that any rank has had allocated and in memory, the same by kind, the most it has sent in the step by purpose, and the times of each
    /// rank, all in one collective.
    private func largest(
        _ own: [StragglerWatch.Phase: Double], sentBefore: [TransferPurpose: Int], step: Int
    ) throws(TrainerError) -> (peaks: ArraySlice<Double>, kinds: [String: Int], sent: [String: Int], times: ArraySlice<Double>) {
        let (ledger, names) = (context.device.ledger, MemoryKind.allCases.map(\.name))
        let bytes = [ledger.peak, ProcessMemory.peakResident] + MemoryKind.allCases.map { ledger.atPeak($0) }
        let purposes = TransferPurpose.allCases
        let sent = purposes.map { Double(context.grid.sentBytes[$0, default: 0] - sentBefore[$0, default: 0]) }
        let all = try context.group.max(
            bytes.map { Double($0.bytes) } + sent + times.spread(own), name: "memory, messages and times of step \(step + 1)")
        let kinds = Dictionary(uniqueKeysWithValues: zip(names, all.dropFirst(2).map { Int($0) }))
        let most = zip(purposes, all.dropFirst(bytes.count)).filter { $0.1 > 0 }
        return (
            all.prefix(2), kinds, Dictionary(uniqueKeysWithValues: most.map { ($0.title, Int($1)) }), all.dropFirst(bytes.count + purposes.count)
        )
    }

    /// Between steps and after the first ones only phases are traced; what there is then is written, since a run may be killed.
    private func traceStepFinished() {
        guard let trace = context.trace, stepsToTrace > 0 else { return }
        trace.isDetailed = false
        stepsToTrace -= 1
        if stepsToTrace == 0 { report.write(trace) }
    }

    /// Every trained tensor has a gradient: all from the first step, but an adapter's `A` only once `B` is no longer zero, two steps later at
    /// most, since warm-up may begin with a rate of zero.
    private func checkEveryGradient(step: Int) throws(TrainerError) {
        guard step == (trained.lora == nil ? 0 : 2) else { return }
        let names = trained.model.parameters.filter(\.isTrainable).map(\.name)
        for (name, sum) in try trained.units.gradientSquares(names) where sum == 0 {
            report.warn("\(name) has a gradient of zero in step \(step + 1): it is not being trained")
        }
    }

    private var isEvaluationDue: Bool {
        guard let every = setup.configuration.training.evalSteps, meter != nil else { return false }
        return position.step % every == 0 && position.step < setup.schedule.stepCount
    }

    private func evaluate() throws(TrainerError) -> Double? {
        enter("evaluation", context.trace)
        defer { context.trace?.leave() }
        guard let measured = try meter?.loss(trained) else { return nil }
        report.evaluation(measured, step: position.step)
        return measured.loss
    }

    // MARK: - Checkpoints

    private var isCheckpointDue: Bool {
        guard let every = setup.configuration.checkpoint.everySteps else { return false }
        return position.step % every == 0
    }

    /// After the last step, in a run that saves at all: measuring what has come of it may take longer than a time limit leaves.
    private var isLastDue: Bool {
        let options = setup.configuration.checkpoint
        return position.step == setup.schedule.stepCount && (options.everySteps != nil || options.everyMinutes != nil)
    }

    /// By the first rank's clock; its vote tells the others.
    private var isTimeForCheckpoint: Bool {
        guard context.group.index == 0, let minutes = setup.configuration.checkpoint.everyMinutes else { return false }
        return ContinuousClock.now - lastSave > .seconds(minutes * 60)
    }

    private func isBest(_ score: Double?) -> Bool {
        guard let score, score.isFinite, setup.configuration.checkpoint.keepBest else { return false }
        return score < best ?? .infinity
    }

    private func save(_ score: Double?) throws(TrainerError) {
        enter("checkpoint", context.trace)
        try checkReplicas(isSaving: true)
        let results = try keeper.save(position, score: score)
        context.trace?.leave()
        lastSave = .now
        if isBest(score) { best = score }
        for saving in results { say(saving) }
    }

    private func say(_ saving: CheckpointKeeper.Saving) {
        switch saving {
        case .saved(let saved):
            savedStep = saved.step
            let seconds = fixed(saved.seconds, 1)
            report.log("checkpoint \(saved.path) in \(seconds) s, of which training waited \(fixed(saved.stall, 2)) s")
            if let failure = saved.removalFailure { report.warn("an old checkpoint was not removed: \(failure)") }
            let grace = setup.configuration.checkpoint.graceSeconds
            if saved.seconds > grace {
                report.warn("a checkpoint takes \(seconds) s, longer than checkpoint.grace_seconds of \(fixed(grace, 0))")
            }
        case .failed(let step, let error):
            saveFailure = error
            report.warn("no checkpoint at step \(step): \(error)" + (isInterrupted ? "" : " Training goes on"))
        }
    }
}
