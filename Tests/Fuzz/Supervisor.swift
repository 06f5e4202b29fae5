import Foundation
import FuzzReaders

/// Has workers read inputs, and goes on after each that dies.
struct Supervisor {
    let reader: FuzzReader
    let seed: UInt64
    let count: Int
    let findings: Findings

    struct Result {
        var accepted = 0
        var refused = 0
        var findings = 0
        var seconds = 0.0

        var inputs: Int { accepted + refused + findings }
    }

    func run() throws -> Result {
        let there = FileManager.default
        let memory = there.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
        let folder = "\(memory)/trainer-fuzz-\(UUID().uuidString)"
        try there.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? there.removeItem(atPath: folder) }
        let progress = try Progress(path: "\(folder)/progress")
        var result = Result()
        let start = ContinuousClock.now
        while progress.number < count, result.findings < Findings.most {
            if let death = try work(from: progress.number, folder) {
                result.findings += 1
                let what = "\(reader.name), input \(progress.number): \(death)"
                say(what)
                try findings.keep(reader, progress.number, seed, what)
                progress.number += 1
            }
        }
        let duration = ContinuousClock.now - start
        result.seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
        result.findings += progress.unfit
        (result.accepted, result.refused) = (progress.accepted, progress.refused)
        return result
    }

    /// Starts a worker.
    ///
    /// - Returns: How it died; nil if it lived.
    private func work(from first: Int, _ folder: String) throws -> String? {
        let worker = Process()
        worker.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        worker.arguments = ["--worker", reader.name, "\(first)", "\(count)", "\(seed)", folder, findings.folder]
        let log = "\(folder)/log"
        guard FileManager.default.createFile(atPath: log, contents: nil) else { throw POSIXError(.EIO) }
        worker.standardError = FileHandle(forWritingAtPath: log)
        try worker.run()
        worker.waitUntilExit()
        if worker.terminationReason == .exit, worker.terminationStatus == 0 { return nil }
        let lines = ((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").split(separator: "\n")
        let words = lines.first { $0.contains("Fatal error") || $0.contains("rror:") } ?? lines.first ?? ""
        guard worker.terminationReason == .uncaughtSignal else { return "ended with status \(worker.terminationStatus): \(words)" }
        switch worker.terminationStatus {
        case SIGPROF: return "took more than \(Worker.secondsLimit) s of processor time"
        case SIGALRM: return "waited for \(30 * Worker.secondsLimit) s"
        case SIGILL, SIGTRAP: return "trapped: \(words)"
        default: return "died of signal \(worker.terminationStatus): \(words)"
        }
    }
}

/// Prints a line at once, also where the output is no terminal.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
