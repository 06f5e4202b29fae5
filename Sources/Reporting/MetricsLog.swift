public import Support

/// Writes `metrics.jsonl`: a line per step and per evaluation, in the system's hands as soon as it is appended.
///
/// One rank owns it. A run that resumes after a step drops what lies after that step, so no step stands in the file twice.
public final class MetricsLog {
    private let file: LineFile
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
        _ = try LineFile(path: path)
        var known: Set<Name> = []
        var keptBytes = 0
        for line in try MetricsLine.read(path: path) {
            guard line.step <= step else { break }
            known.insert(Name(step: line.step, label: line.label))
            keptBytes = line.end
        }
        return MetricsLog(file: try LineFile(path: path, keptBytes: keptBytes), known: known)
    }

    private init(file: LineFile, known: Set<Name>) {
        self.file = file
        self.known = known
    }

    /// Appends a record. One that the file holds already is not written again: the evaluation of a step that was resumed after.
    ///
    /// - Throws: `file` if it can't be written; the file then ends with the record before.
    public func append(_ record: some MetricsRecord) throws(TrainerError) {
        let name = Name(step: record.step, label: record.label)
        guard !known.contains(name) else { return }
        try file.append(record.line)
        known.insert(name)
    }
}
