import Glibc
public import Support

/// The folder of a run: `resolved.yaml`, `metrics.jsonl` and `logs/rank-N.log`; checkpoints and the result lie beside them.
public struct RunFolder: Equatable, Sendable {
    public let path: String

    /// The folder at `path`, without a look at it: for the ranks that did not prepare it.
    public init(path: String) { self.path = path }

    public var resolvedPath: String { "\(path)/resolved.yaml" }
    public var metricsPath: String { "\(path)/metrics.jsonl" }
    public var tensorBoardPath: String { "\(path)/tensorboard" }
    public func tracePath(rank: Int) -> String { "\(path)/trace-rank-\(rank).json" }
    /// Where a rank keeps record of where it stands.
    public func flightPath(rank: Int) -> String { "\(path)/logs/rank-\(rank).flight.json" }
    public func logPath(rank: Int) -> String { "\(path)/logs/rank-\(rank).log" }

    /// What a run leaves that ended before it began.
    private static let leftovers: Set = [
        "logs", "run.lock", "resolved.yaml.new", "ended.json", "ended.json.partial", "report.html", "report.html.partial",
    ]

    /// Makes the folder, or takes one that is empty or holds a run that may go on. One rank does this, before the others open their logs.
    ///
    /// A run is known by its `resolved.yaml`, which the run writes once it is sure to start.
    ///
    /// - Throws: `file` if the folder holds something else, holds a run and `mayResume` is false, is no folder, or can't be made or written.
    public static func prepare(path: String, mayResume: Bool) throws(TrainerError) -> RunFolder {
        let folder = RunFolder(path: path)
        try makeFolders(path)
        let names = try FileSystem().names(in: path)
        let isRun = names.contains("resolved.yaml")
        if isRun, !mayResume {
            throw TrainerError(
                .file, path, "holds a run already", remedy: "Choose another output, remove the folder, or let checkpoint.resume be auto")
        }
        if !isRun, let name = names.first(where: { !leftovers.contains($0) }) {
            throw TrainerError(.file, path, "exists and holds no run but \(name)", remedy: "Choose another output or empty the folder")
        }
        guard access(path, W_OK | X_OK) == 0 else { throw .system(path, "can't be written", remedy: "Choose another output") }
        try makeFolders("\(path)/logs")
        return folder
    }

    /// Whether a run has begun here.
    public var holdsRun: Bool { FileSystem().size(of: resolvedPath) != nil }

    /// Writes `resolved.yaml` whole: a reader never sees a part of it.
    public func writeResolved(_ yaml: String) throws(TrainerError) {
        let temporary = resolvedPath + ".new"
        unlink(temporary)
        let file = try GrowingFile(path: temporary)
        try file.append(yaml.hasSuffix("\n") ? String(yaml.dropLast()) : yaml)
        guard rename(temporary, resolvedPath) == 0 else { throw .system(resolvedPath, "can't be written") }
    }

    /// Keeps the rows of a step that went wrong.
    ///
    /// - Returns: The file's path.
    public func writeFaultyStep(_ step: Int, _ lines: [UInt8]) throws(TrainerError) -> String {
        let folder = "\(path)/faulty-steps"
        let file = "\(folder)/step-\(step).jsonl"
        try FileSystem().createFolders(folder)
        try FileSystem().replace(file, with: lines)
        return file
    }

    /// Opens the log of a rank to append to, making its folder on a node that doesn't share the first one's disk.
    public func openLog(rank: Int) throws(TrainerError) -> RankLog {
        try Self.makeFolders("\(path)/logs")
        return RankLog(file: try GrowingFile(path: logPath(rank: rank)))
    }

    private static func makeFolders(_ path: String) throws(TrainerError) {
        do throws(TrainerError) { try FileSystem().createFolders(path) } catch {
            throw TrainerError(error.code, error.subject, error.problem, remedy: "Choose another output")
        }
    }
}

/// A rank's own log: a line per event, with the time of day.
public final class RankLog {
    private let file: GrowingFile

    init(file: GrowingFile) { self.file = file }

    public func write(_ line: String) throws(TrainerError) {
        var now = time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M:%S", &parts)
        let stamp = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try file.append("\(stamp)  \(line.split(separator: "\n").joined(separator: "\n                     "))")
    }
}
