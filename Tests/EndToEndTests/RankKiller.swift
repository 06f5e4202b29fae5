import Foundation

/// Sends a signal to one rank of a job while it runs, found by the job's output folder among its arguments.
final class RankKiller: @unchecked Sendable {
    private let thread: Thread
    private let state = NSLock()
    private var isStopped = false
    private var hasSent = false
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - afterLines: Wait until the run's metrics have grown by so many lines.
    ///   - afterFile: Then wait until the output folder has this file.
    ///   - andSeconds: Then wait this long.
    ///   - inCheckpoint: Then wait until a checkpoint is being written.
    init(
        output: String, rank: Int, signal: Int32 = SIGKILL, afterLines: Int = 0, afterFile: String = "", andSeconds: Double = 0,
        inCheckpoint: Bool = false
    ) {
        let box = Box()
        thread = Thread { box.body?() }
        box.body = { [self] in
            let metrics = "\(output)/metrics.jsonl"
            let start = Self.lineCount(metrics)
            while !stopped, Self.ranks(output).isEmpty { usleep(5000) }
            while !stopped, Self.lineCount(metrics) < start + afterLines { usleep(2000) }
            while !stopped, !FileManager.default.fileExists(atPath: "\(output)/\(afterFile)") { usleep(2000) }
            usleep(UInt32(andSeconds * 1e6))
            while !stopped, inCheckpoint, !Self.holdsHalfACheckpoint(output) { usleep(200) }
            let found = Self.ranks(output)
            if !stopped, !found.isEmpty, kill(found[min(rank, found.count - 1)], signal) == 0 { state.withLock { hasSent = true } }
            ended.signal()
        }
        thread.start()
    }

    private final class Box: @unchecked Sendable { var body: (() -> Void)? }
    private var stopped: Bool { state.withLock { isStopped } }

    /// Ends the watch; whether the signal was sent.
    func stop() -> Bool {
        state.withLock { isStopped = true }
        return wait()
    }

    /// Waits until the signal is sent, or the watch is stopped; whether it was sent.
    func wait() -> Bool {
        ended.wait()
        ended.signal()
        return state.withLock { hasSent }
    }

    /// Whether a checkpoint under its temporary name lies in a run's folder.
    static func holdsHalfACheckpoint(_ output: String) -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(output)/checkpoints")) ?? []
        return names.contains { $0.hasSuffix(".partial") }
    }

    private static func lineCount(_ path: String) -> Int {
        (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n").count ?? 0
    }

    /// The processes of trainer itself, not of mpirun, that write to the folder.
    private static func ranks(_ output: String) -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap(Int32.init).sorted().filter { process in
            guard let data = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else { return false }
            let words = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            guard words.first?.split(separator: "/").last == "trainer" else { return false }
            let environment = FileManager.default.contents(atPath: "/proc/\(process)/environ").map { String(decoding: $0, as: UTF8.self) } ?? ""
            let folder = output.split(separator: "/").dropLast().joined(separator: "/")
            return environment.contains("OMPI_COMM_WORLD_RANK") && words.contains { $0.contains(folder) }
        }
    }
}
