import Evaluation
import Foundation
import Reporting
import Support
import Tensors

/// Where a run's news go: the first rank's to the terminal and to metrics.jsonl, every rank's to its log.
final class RunReport {
    private let isFirst: Bool
    private let progress: ProgressLine?
    private let rankLog: RankLog
    private var metrics: MetricsLog?
    private let metricsPath: String
    /// Whether the user was told that records wait for a disk that takes them.
    private var hasWarnedOfMetrics = false

    init(_ folder: RunFolder, group: any ProcessGroup, loggingSteps: Int) throws(TrainerError) {
        isFirst = group.index == 0
        progress = isFirst ? .standardOutput(loggingSteps: loggingSteps) : nil
        rankLog = try folder.openLog(rank: group.index)
        metricsPath = folder.metricsPath
    }

    /// Opens metrics.jsonl, dropping what lies after the step that the run goes on from.
    func openMetrics(keepingSteps step: Int) throws(TrainerError) {
        if isFirst { metrics = try .open(path: metricsPath, keepingSteps: step) }
    }

    /// Text for the user, from the first rank, and into every rank's log.
    func say(_ text: String) {
        progress?.say(text)
        log(text)
    }

    func warn(_ text: String) { say("warning: \(text)") }

    /// A line for the rank's own log. A log that can't be written does not end the run.
    func log(_ text: String) { try? rankLog.write(text) }

    /// Appends to metrics.jsonl. A disk that is full is said once and does not end the run: records wait for `finish`.
    private func append(_ record: some MetricsRecord) {
        do {
            try metrics?.append(record)
            hasWarnedOfMetrics = false
        } catch {
            if !hasWarnedOfMetrics { warn("\(error) Training goes on, and what belongs there is kept") }
            hasWarnedOfMetrics = true
        }
    }

    func step(_ record: StepRecord) {
        append(record)
        progress?.show(record)
        let loss = fixed(record.loss, 6)
        log("step \(record.step)/\(record.totalSteps) loss \(loss) norm \(fixed(record.gradientNorm, 4)) \(fixed(record.seconds, 3)) s")
    }

    func evaluation(_ measured: Measurement, step: Int) {
        let scores = measured.fields.map { ["field_match": $0.overall] } ?? [:]
        append(
            EvaluationRecord(step: step, loss: measured.loss, trainedTokens: measured.trainedTokens, seconds: measured.seconds, scores: scores))
        let score = measured.fields.map { ", field match \(fixed(100 * $0.overall, 1)) %" } ?? ""
        say("held out after step \(step): loss \(fixed(measured.loss, 4)), perplexity \(fixed(exp(measured.loss), 2))\(score)")
    }

    func finishProgress() { progress?.finish() }

    /// Writes what metrics.jsonl still lacks.
    ///
    /// - Throws: `file` if that is refused again.
    func finish() throws(TrainerError) { try metrics?.writeWaiting() }
}
