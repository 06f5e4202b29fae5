public import Support

/// Writes `metrics.jsonl`: a line per step and per evaluation, in the system's hands as soon as it is appended.
///
/// One rank owns it. A run that resumes after a step drops what lies after that step, so no step stands in the file twice.
public final class MetricsLog {
    private let file: GrowingFile
    private var known: Set<Name>

    private struct Name: Hashable {
        let step: Int
        let label: String
    }

    /// Opens a log, making it if there is none.
    ///
    /// - Parameter step: The last step to keep; 0 begins a new file but for evaluations before the run.
    /// - Throws: `file` if it can't be opened, `format` with the line if a line of it is no record.
    public static func open(path: String, keepingSteps step: Int) throws(TrainerError) -> MetricsLog {
        // Opened first, so that there is a file to read.
        _ = try GrowingFile(path: path)
        var known: Set<Name> = []
        var keptBytes = 0
        for line in try MetricsLine.read(path: path) {
            guard line.step <= step else { break }
            known.insert(Name(step: line.step, label: line.label))
            keptBytes = line.end
        }
        return MetricsLog(file: try GrowingFile(path: path, keptBytes: keptBytes), known: known)
    }

    private init(file: GrowingFile, known: Set<Name>) {
        self.file = file
        self.known = known
    }

    /// Appends a record, behind those that wait. One that the file holds already is not written again: the evaluation of a step that was
    /// resumed after.
    ///
    /// - Throws: `file` if it can't be written, such as on a full disk; the file then ends with a whole record, and this one waits for the next
    ///   call or for `writeWaiting`.
    public func append(_ record: some MetricsRecord) throws(TrainerError) {
        guard known.insert(Name(step: record.step, label: record.label)).inserted else { return }
        try file.appendInTurn(Array(record.line.utf8) + [UInt8(ascii: "\n")])
    }

    /// Whether the file holds the record, or will.
    public func holds(_ record: some MetricsRecord) -> Bool { known.contains(Name(step: record.step, label: record.label)) }

    /// Writes the records that wait, if any.
    ///
    /// - Throws: `file` if one still can't be written.
    public func writeWaiting() throws(TrainerError) { try file.writeWaiting() }
}
