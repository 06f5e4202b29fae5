import Data
import Formats
import Glibc
import Kernels
import MessagePassing
import Models
import Optimizers
import Parallelism
public import Planning
import Reporting
public import Support
import Tensors

/// A whole run: prepare, measure, train, measure again, leave the result.
public final class TrainingRun {
    private let loaded: LoadedConfiguration
    private let context: RankContext
    private let folder: RunFolder
    /// Whether the folder holds this run, so that its ending belongs there.
    private var hasBegun = false
    private var configuration: RunConfiguration { loaded.configuration }
    private var group: any ProcessGroup { context.group }

    public init(_ loaded: LoadedConfiguration, _ context: RankContext) {
        self.loaded = loaded
        self.context = context
        folder = RunFolder(path: loaded.configuration.output)
    }

    /// How a run ended.
    public enum Outcome: Equatable, Sendable {
        case finished(RunResult)
        /// It had finished before; nothing was done.
        case finishedBefore(RunResult)
        /// A signal came; a checkpoint holds the step, unless it is 0.
        case interrupted(step: Int)
    }

    /// - Throws: Every kind of error; those that all ranks find are thrown on all alike.
    public func run() throws(TrainerError) -> Outcome {
        try SignalWatcher.install()
        if let result = try finishedBefore() { return .finishedBefore(result) }
        let lock = try takeFolder()
        defer { lock?.release() }
        let watchdog = try watch()
        let report = try RunReport(folder, group: group, loggingSteps: configuration.training.loggingSteps)
        if let warning = lock?.warning { report.warn(warning) }
        do throws(TrainerError) {
            let outcome = try train(report)
            watchdog?.stop(removingRecord: true)
            report.end(outcome)
            return outcome
        } catch {
            watchdog?.stop(removingRecord: false)
            if hasBegun { report.end(.failed, message: "\(error)") }
            throw error
        }
    }

    /// Ends the job, with word of it in the run's folder, when this rank waits too long for others.
    private func watch() throws(TrainerError) -> Watchdog? {
        guard let world = context.world, let limit = configuration.parallel.timeoutSeconds else { return nil }
        let folder = folder
        let options = Watchdog.Options(limit: limit) {
            folder.flightPath(rank: $0)
        } tell: { error in
            // A folder that holds no run yet is to be taken by the next start.
            guard folder.holdsRun else { return }
            try? folder.write(RunEnding(.failed, message: "\(error)", time: FlightRecord.now()))
            try? folder.writeReport()
        }
        return try Watchdog.start(options, over: world)
    }

    private func train(_ report: RunReport) throws(TrainerError) -> Outcome {
        enter("opening model and data", nil)
        let setup = try RunSetup.make(configuration, context, say: report.say)
        try setup.checkAgreement(group)
        let record = try group.agree("looking at the files") { () throws(TrainerError) in try RunRecord(setup) }
        let spill = try group.agree("opening the spill file") { () throws(TrainerError) in try Spill.make(for: configuration, on: context.device) }
        let forecast = try MemoryForecast.make(setup, context)
        enter("loading the model", nil)
        let trained = try TrainedModel.make(
            setup.files, configuration, on: context.device, longestSequence: setup.longestSequence, stage: forecast.stage,
            grid: context.grid, spill: spill)
        let summary = RunSummary(setup, trained, forecast, context)
        try begin(summary)
        report.say(summary.text)
        for warning in setup.data.warnings { report.warn(warning) }
        let optimizer = try group.agree("making room for the optimizer's states") { () throws(TrainerError) in
            try Optimizer(configuration.training.optimizer, shards: trained.shards, spill: spill)
        }
        let state = TrainingState(trained: trained, optimizer: optimizer)
        let keeper = keeper(state, forecast)
        let meter = meter(setup)
        guard let position = try start(setup, trained, keeper, meter, report) else { return .interrupted(step: 0) }
        let step = TrainingStep(trained, optimizer, configuration, setup.learningRates, spill: spill, on: context.device, trace: context.trace)
        step.resume(position)
        let loop = TrainingLoop(setup, trained, step, keeper, meter, report, context, from: position)
        context.device.ledger.restartPeak()
        enter("beginning of the steps", nil)
        let isInterrupted = try loop.run()
        if let trace = context.trace { report.write(trace) }
        report.finishProgress()
        enter("end of the run", nil)
        if isInterrupted { return .interrupted(step: loop.position.step) }
        return try finish(setup, state, meter, report, loop, forecast, record)
    }

    // MARK: - Beginning

    /// Writes what makes the folder a run's.
    private func begin(_ summary: RunSummary) throws(TrainerError) {
        try group.agree("writing resolved.yaml") { () throws(TrainerError) in
            guard group.index == 0 else { return }
            try folder.writeResolved(loaded.resolvedYAML())
            try folder.write(summary.description)
        }
        hasBegun = true
    }

    private var mayResume: Bool { configuration.checkpoint.resume != .never }

    private func finishedBefore() throws(TrainerError) -> RunResult? {
        try group.onFirst("looking for a result") { () throws(TrainerError) in mayResume ? RunResult.read(folder: folder.path) : nil }
    }

    /// Makes or takes the run's folder, and locks it against another job.
    private func takeFolder() throws(TrainerError) -> RunLock? {
        try group.agree("taking the run's folder") { () throws(TrainerError) in
            guard group.index == 0 else { return nil }
            _ = try RunFolder.prepare(path: folder.path, mayResume: mayResume)
            return try RunLock.take(folder: folder.path) {
                print($0)
                fflush(nil)
            }
        }
    }

    private func keeper(_ state: TrainingState, _ forecast: MemoryForecast) -> CheckpointKeeper {
        let options = configuration.checkpoint
        let store = CheckpointStore(folder: "\(folder.path)/checkpoints", keepLast: options.keepLast, keepBest: options.keepBest)
        return CheckpointKeeper(store: store, state: state, group: group, copyingOn: forecast.savesInBackground ? context.device : nil)
    }

    private func meter(_ setup: RunSetup) -> HeldOutMeter? {
        setup.data.validation.map {
            HeldOutMeter(
                rows: $0, tokenizer: setup.tokenizer, options: configuration.evaluation, microbatchTokens: configuration.training.microbatchTokens,
                endTokens: setup.files.generation.endTokenIDs, context: context)
        }
    }

    /// Where the run begins: at the newest checkpoint that verifies, or at step 0 after a first measurement; nil if a signal ended that.
    private func start(
        _ setup: RunSetup, _ trained: TrainedModel, _ keeper: CheckpointKeeper, _ meter: HeldOutMeter?, _ report: RunReport
    ) throws(TrainerError) -> RunPosition? {
        var position: RunPosition?
        switch configuration.checkpoint.resume {
        case .never: break
        case .auto: position = try keeper.resume(path: nil, say: report.warn)
        case .path(let path): position = try keeper.resume(path: path, say: report.warn)
        }
        if let position {
            try check(position, setup)
            try report.openMetrics(keepingSteps: position.step, settings: configuration.settings)
            FlightRecord.own.finished(steps: position.step)
            report.say("resumed after step \(position.step) of \(setup.schedule.stepCount)")
            return position
        }
        try report.openMetrics(keepingSteps: 0, settings: configuration.settings)
        let (before, isEnded) = try measure(meter, trained, mayEnd: true)
        if isEnded { return nil }
        if let before { report.evaluation(before, step: 0) }
        return RunPosition(step: 0, cursor: 0, stream: setup.schedule.streamFingerprint, method: setup.methodName, before: before)
    }

    /// Refuses to go on with other rows, another order or another method than the checkpoint's.
    private func check(_ position: RunPosition, _ setup: RunSetup) throws(TrainerError) {
        let remedy = "Give the configuration the run was started with, or another output"
        guard position.method == setup.methodName else {
            throw TrainerError(.configuration, "method", "the checkpoint was trained by \(position.method), not \(setup.methodName)", remedy: remedy)
        }
        guard position.stream == setup.schedule.streamFingerprint, setup.schedule.step(startingAt: position.cursor) == position.step else {
            throw TrainerError(.configuration, "data", "the checkpoint stands in another stream of rows: data, seed or batch differ", remedy: remedy)
        }
    }

    // MARK: - End

    /// The trained values for the first rank to write: as they are at hand, or, where each rank keeps a part, by way of files.
    private func wholeValues(
        _ state: TrainingState
    ) throws(TrainerError) -> (values: (Parameter, TensorToWrite.Sink) throws(TrainerError) -> Void, discard: () -> Void) {
        let trained = state.trained
        guard trained.units.stage == .parameters || trained.isDivided || trained.hasMasters else {
            for unit in trained.model.units { try trained.model.residency.acquire(unit, next: nil) }
            return (
                { (parameter, sink) throws(TrainerError) in
                    try parameter.weight.values.withBytes { (bytes) throws(TrainerError) in try sink(UnsafeRawBufferPointer(bytes)) }
                }, {}
            )
        }
        let parts = "\(folder.path)/values.partial"
        let files = FileSystem()
        try group.agree("making room for the result") { () throws(TrainerError) in
            guard group.index == 0 else { return }
            try files.remove(parts)
            try files.createFolders(parts)
        }
        var state = state
        state.valuesOnly = true
        try group.agree("writing parts of the result") { () throws(TrainerError) in
            _ = try PendingCheckpoint(step: 0, folder: parts, fileSystem: files).write([try state.file(rank: group.index, of: group.size)])
        }
        let all = (0..<group.size).map { StatePiece.fileName(rank: $0, of: group.size) }
        let stored = try group.agree("reading parts of the result") { () throws(TrainerError) in
            group.index == 0 ? try StoredState(folder: parts, names: all) : nil
        }
        guard let stored else { return ({ _, _ in }, {}) }
        return (stored.values, { try? files.remove(parts) })
    }

    private func finish(
        _ setup: RunSetup, _ state: TrainingState, _ meter: HeldOutMeter?, _ report: RunReport, _ loop: TrainingLoop,
        _ forecast: MemoryForecast, _ record: RunRecord
    ) throws(TrainerError) -> Outcome {
        let (position, trained) = (loop.position, state.trained)
        let measuredPeak = try context.device.ledger.largest(of: group).peakByKind
        var provenance = try record.make(trained, position, on: context.processor, group: group)
        let values = try wholeValues(state)
        let writer = ModelWriter(setup: setup, trained: trained, values: values.values)
        let product = try group.onFirst("writing the result") { () throws(TrainerError) in
            defer { values.discard() }
            return try writer.write(into: folder.path, provenance)
        }
        // Another start goes on from the last step's checkpoint.
        let (after, isEnded) = try measure(meter, trained, mayEnd: loop.isSaved)
        if isEnded { return .interrupted(step: position.step) }
        provenance.training?.lossAfter = after.flatMap { $0.loss.isFinite ? $0.loss : nil }
        if let after { report.evaluation(after, step: position.step) }
        let resident = try group.max([Double(ProcessMemory.peakResident.bytes)], name: "the resident memory")[0]
        let result = RunResult(
            steps: position.step, product: product, isAdapter: trained.lora != nil, needsNF4: configuration.method.kind == .qlora,
            isChat: setup.data.read.data.isChat, model: configuration.model.path,
            before: position.before, after: after, predictedPeak: forecast.ledger.peakByKind, measuredPeak: measuredPeak,
            peakResidentBytes: Int(resident), sentBytes: loop.sentBytes, skippedSteps: position.updates?.skippedCount,
            lossScale: position.lossScale?.value, loweringSteps: position.lossScale?.loweredCount)
        try group.agree("writing result.json") { () throws(TrainerError) in
            try report.finish()
            guard group.index == 0 else { return }
            try writer.describe(product, provenance)
            try result.write(folder: folder.path)
        }
        return .finished(result)
    }

    /// Measures the model, unless a signal on any rank ends that.
    private func measure(
        _ meter: HeldOutMeter?, _ trained: TrainedModel, mayEnd: Bool
    ) throws(TrainerError) -> (found: Measurement?, isEnded: Bool) {
        let isWanted = { !mayEnd || SignalWatcher.requested == nil }
        guard try isWantedByAll(isWanted) else { return (nil, true) }
        // Ranks that hold a model together could not stop alike in the middle.
        let isWantedMeanwhile = { trained.isDivided || isWanted() }
        let found = try meter?.everything(trained, while: isWantedMeanwhile)
        return (found, try !isWantedByAll(isWantedMeanwhile))
    }

    private func isWantedByAll(_ isWanted: () -> Bool) throws(TrainerError) -> Bool {
        try group.max([isWanted() ? 0 : 1], name: "whether a signal has come")[0] == 0
    }
}
