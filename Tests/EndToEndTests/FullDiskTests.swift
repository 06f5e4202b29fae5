import Foundation
import Support
import TestSupport
import Testing

@Suite(.enabled(if: SmallDisk.isAvailable, "mounting a small tmpfs needs root"))
struct FullDiskTests {
    @Test("pain 18: a disk that fills up in mid-run: a clear warning, the earlier checkpoint whole, training goes on and loses no record")
    func wholeRun() throws {
        try withTemporaryFolder { folder in
            try SmallDisk.with { disk in
                let run = try SmallRun(in: folder)
                let output = "\(disk)/run"
                let filler = DiskFiller(disk: disk, output: output)
                let result = try run.train(ranks: 2, "output=\(output)", "checkpoint.every_steps=1", "training.max_steps=60")
                let checkpoints = try filler.stop()
                #expect(!checkpoints.isEmpty)
                #expect(result.status == 0, "\(result)")
                #expect(result.stdout.contains("no checkpoint at step"))
                #expect(result.stdout.contains("No space left on device"))
                #expect(result.stdout.contains("Training goes on"))
                let lines = try String(contentsOfFile: "\(output)/metrics.jsonl", encoding: .utf8).split(separator: "\n")
                let steps = lines.compactMap { $0.contains("gradient_norm") ? $0 : nil }
                #expect(steps.count == 60)
            }
        }
    }

    @Test(
        "a spill folder that is full ends the run with a line that names it, with the status of files, whatever is spilled",
        arguments: ["memory.offload_activations=true", "training.optimizer.paged=true"])
    func spill(key: String) throws {
        try withTemporaryFolder { folder in
            try SmallDisk.with { disk in
                let run = try SmallRun(in: folder, .wide, method: "full")
                try SmallDisk.fill(disk, true)
                let result = try run.train(ranks: 2, key, "memory.spill_folder=\(disk)", "training.max_steps=3")
                #expect(result.status == 66 && !result.isTimedOut, "\(result)")
                let lines = result.stderr.split(separator: "\n").filter { $0.hasPrefix("file: ") }
                // Each rank spills for itself, so both may find it.
                #expect((1...2).contains(lines.count) && lines.allSatisfy { $0.contains(disk) && $0.contains("No space left") }, "\(result)")
            }
        }
    }
}

/// Fills a disk once a run on it has made four steps, when the first checkpoints are complete, looks which are, and makes room again.
private final class DiskFiller: @unchecked Sendable {
    private let ended = DispatchSemaphore(value: 0)
    private var found: Result<[String], any Error> = .success([])

    init(disk: String, output: String) {
        Thread { [self] in
            found = Result {
                let limit = Date(timeIntervalSinceNow: 60)
                while lineCount(output) < 5, Date() < limit { usleep(5000) }
                try SmallDisk.fill(disk, true)
                usleep(400_000)
                defer { try? SmallDisk.fill(disk, false) }
                let names = try FileSystem().names(in: "\(output)/checkpoints").filter { !$0.hasSuffix(".partial") }
                return names.filter { FileManager.default.fileExists(atPath: "\(output)/checkpoints/\($0)/complete") }
            }
            ended.signal()
        }.start()
    }

    /// The complete checkpoints that lay on the full disk.
    func stop() throws -> [String] {
        ended.wait()
        return try found.get()
    }

    private func lineCount(_ output: String) -> Int {
        (try? String(contentsOfFile: "\(output)/metrics.jsonl", encoding: .utf8))?.split(separator: "\n").count ?? 0
    }
}
