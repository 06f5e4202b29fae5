import Evaluation
import Foundation
import Reporting
import Support
import Tensors

/// Where a run's news go: the first rank's to the terminal and to metrics.jsonl, every rank's to its log.
final class RunReport {
    private let rank: Int
    private var isFirst: Bool { rank == 0 }
    private let progress: ProgressLine?
    private let rankLog: RankLog
    let folder: RunFolder
    private var metrics: MetricsLog?
    private var events: TensorBoardLog?
    /// Whether the user was told that records wait for a disk that takes them.
    private var hasWarnedOfMetrics = false

    init(_ folder: RunFolder, group: any ProcessGroup, loggingSteps: Int) throws(TrainerError) {
        rank = group.index
        progress = rank == 0 ? .standardOutput(loggingSteps: loggingSteps) : nil
        rankLog = try folder.openLog(rank: group.index)
        self.folder = folder
    }

    /// Opens metrics.jsonl, dropping what lies after the step that the run goes on from, and writes the rest for TensorBoard anew.
    ///
    /// - Parameter settings: The configuration, which TensorBoard shows as hyperparameters.
    func openMetrics(keepingSteps step: Int, settings: [ConfigurationSetting]) throws(TrainerError) {
        guard isFirst else { return }
        metrics = try .open(path: folder.metricsPath, keepingSteps: step)
        do throws(TrainerError) {
            let kept = try Metrics.read(path: folder.metricsPath)
            events = try .open(folder: folder.tensorBoardPath, settings: settings, keeping: kept, time: Date().timeIntervalSince1970)
        } catch { warn("\(error) Training goes on without events for TensorBoard") }
    }

    /// Text for the user, from the first rank, and into every rank's log.
    func say(_ text: String) {
        progress?.say(text)
        log(text)
    }

    func warn(_ text: String) { say("warning: \(text)") }

    /// A line for the rank's own log. A log that can't be written does not end the run.
    func log(_ text: String) { try? rankLog.write(text) }

    /// Appends to metrics.jsonl and TensorBoard's events. A disk that is full is said once and does not end the run: records wait for `finish`.
    private func append(_ record: some MetricsRecord) {
        guard let metrics, !metrics.holds(record) else { return }
        var failure: TrainerError?
        do throws(TrainerError) { try metrics.append(record) } catch { failure = error }
        do throws(TrainerError) { try events?.append(record) } catch { failure = failure ?? error }
        if let failure, !hasWarnedOfMetrics { warn("\(failure) Training goes on, and what belongs there is kept") }
        hasWarnedOfMetrics = failure != nil
    }

    func step(_ record: StepRecord) {
        append(record)
        progress?.show(record)
        let loss = fixed(record.loss, 6)
        log("step \(record.step)/\(record.totalSteps) loss \(loss) norm \(fixed(record.gradientNorm, 4)) \(fixed(record.seconds, 3)) s")
    }

    func evaluation(_ measured: Measurement, step: Int) {
        let scores = measured.fields.map { ["field_match": $0.overall] } ?? [:]
        let samples = measured.samples.map { EvaluationRecord.Sample(prompt: $0.prompt, wanted: $0.wanted, generated: $0.generated) }
        append(
            EvaluationRecord(
                step: step, loss: measured.loss, trainedTokens: measured.trainedTokens, seconds: measured.seconds, scores: scores, samples: samples,
                time: Date().timeIntervalSince1970))
        let score = measured.fields.map { ", field match \(fixed(100 * $0.overall, 1)) %" } ?? ""
        say("held out after step \(step): loss \(fixed(measured.loss, 4)), perplexity \(fixed(exp(measured.loss), 2))\(score)")
    }

    /// Writes this rank's trace. A disk that refuses it does not end the run.
    func write(_ trace: Trace) {
        do throws(TrainerError) {
            try FileSystem().replace(folder.tracePath(rank: rank), with: trace.json(rank: rank))
        } catch { warn("\(error)") }
    }

    func finishProgress() { progress?.finish() }

    /// Writes what metrics.jsonl and TensorBoard's events still lack.
    ///
    /// - Throws: `file` if that is refused again.
    func finish() throws(TrainerError) {
        try metrics?.writeWaiting()
        try events?.end(isSuccess: true, time: Date().timeIntervalSince1970)
    }

    func end(_ outcome: TrainingRun.Outcome) {
        switch outcome {
        case .finished, .finishedBefore: end(.finished)
        case .interrupted(0): end(.interrupted, message: "A signal ended it before its first step; the same command begins it anew.")
        case .interrupted: end(.interrupted)
        }
    }

    /// Leaves word of how the run ended, and its page. What every rank has found the first one tells; another waits a moment for it to do so,
    /// and tells by itself what it alone has found. A disk that refuses them changes nothing about the ending.
    func end(_ kind: RunEnding.Kind, message: String? = nil) {
        if !isFirst {
            guard kind == .failed else { return }
            usleep(300_000)
            if folder.hasEnding { return }
        }
        do throws(TrainerError) {
            try folder.write(RunEnding(kind, message: message, time: Date().timeIntervalSince1970))
            try folder.writeReport()
        } catch { warn("\(error)") }
    }
}
