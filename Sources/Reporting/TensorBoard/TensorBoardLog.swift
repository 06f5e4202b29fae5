import Foundation
internal import SwiftProtobuf
public import Support

/// Writes what `metrics.jsonl` holds for TensorBoard as well: a file of events in the run's folder.
///
/// One rank owns it. A run that resumes writes a new file from the metrics that are kept and removes the one before, so no step is shown
/// twice; a TensorBoard that is watching forgets what it read of that one.
public final class TensorBoardLog {
    private let file: GrowingFile

    /// Writes a new file with what is known, in place of those in the folder.
    ///
    /// - Parameters:
    ///   - settings: The run's configuration, shown as hyperparameters.
    ///   - metrics: What the run goes on from.
    ///   - time: Now, in Unix seconds.
    /// - Throws: `file` if the folder or the file can't be made. A full disk is no error: what could not be written waits.
    public static func open(
        folder: String, settings: [ConfigurationSetting], keeping metrics: Metrics, time: Double
    ) throws(TrainerError) -> TensorBoardLog {
        let files = FileSystem()
        try files.createFolders(folder)
        let old = try files.names(in: folder).filter { $0.hasPrefix(namePrefix) }
        let name = newName(time: time, among: old)
        let log = TensorBoardLog(file: try GrowingFile(path: "\(folder)/\(name)", keptBytes: 0))
        var events = [TensorBoardEvent.version(time: time), .start(time: time), try start(settings, time: time)]
        events += (metrics.steps.map { ($0.step, 0, TensorBoardEvent($0)) } + metrics.evaluations.map { ($0.step, 1, TensorBoardEvent($0)) })
            .sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
        for event in events { try? log.append(event) }
        for name in old where "\(folder)/\(name)" != log.file.path { try files.remove("\(folder)/\(name)") }
        return log
    }

    private init(file: GrowingFile) { self.file = file }

    /// Appends a record, behind those that wait.
    ///
    /// - Throws: `file` if it can't be written, such as on a full disk; the file then ends with a whole record, and this one waits.
    public func append(_ record: some MetricsRecord) throws(TrainerError) { try append(TensorBoardEvent(record)) }

    /// Says how the run ended, for the table of hyperparameters.
    public func end(isSuccess: Bool, time: Double) throws(TrainerError) {
        var content = TensorBoardHyperparameters()
        content.end.status = isSuccess ? .success : .failure
        content.end.endTime = time
        try append(TensorBoardEvent(step: 0, time: time, [.hyperparameters("_hparams_/session_end_info", content)]))
    }

    /// Writes the records that wait, if any.
    ///
    /// - Throws: `file` if one still can't be written.
    public func writeWaiting() throws(TrainerError) { try file.writeWaiting() }

    private func append(_ event: TensorBoardEvent) throws(TrainerError) { try file.appendInTurn(EventRecord.bytes(event)) }

    // MARK: - Names and hyperparameters

    private static let namePrefix = "events.out.tfevents."

    /// Readers take files in the order of their names, and know them by the second part; the number tells files of one second apart.
    private static func newName(time: Double, among old: [String]) -> String {
        let names = (0...).lazy.map { "\(namePrefix)\(Int(time)).\(ProcessInfo.processInfo.hostName).\(getpid()).\($0)" }
        return names.first { !old.contains($0) } ?? namePrefix
    }

    private static func start(_ settings: [ConfigurationSetting], time: Double) throws(TrainerError) -> TensorBoardEvent {
        var content = TensorBoardHyperparameters()
        content.start.startTime = time
        for setting in settings { content.start.values[setting.path] = setting.protobufValue }
        return TensorBoardEvent(step: 0, time: time, [try .hyperparameters("_hparams_/session_start_info", content)])
    }
}

extension ConfigurationSetting {
    /// A number, a truth or a text, as the table can sort it.
    fileprivate var protobufValue: Google_Protobuf_Value {
        if let number = value.number { return Google_Protobuf_Value(numberValue: number) }
        if value.plainText == "true" || value.plainText == "false" { return Google_Protobuf_Value(boolValue: value.plainText == "true") }
        return Google_Protobuf_Value(stringValue: value.anyText ?? value.flowText)
    }
}
