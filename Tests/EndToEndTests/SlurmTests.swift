import Foundation
import TestSupport
import Testing

/// What takes a scheduler: `./Tests/Trials/slurm swift test --skip-build --disable-xctest --filter SlurmTests`.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["SLURM_CONF"] != nil, "these run inside ./Tests/Trials/slurm"))
struct SlurmTests {
    @Test(
        "the SIGUSR1 that comes before a time limit makes a job save and go back into the queue; it goes on to the bytes of a run undisturbed",
        arguments: ["srun", "mpirun"])
    func timeLimit(launcher: String) throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            try runWhole(run)
            let job = try SlurmJob(run, keys, launcher: launcher)
            try job.wait { job.lineCount > 200 }
            try slurm("scancel", "--signal=USR1", "--batch", job.number)
            #expect(try job.waitForEnd() == "COMPLETED", "\(job.output)")
            #expect(
                job.output.contains("interrupted after step") && job.output.contains("Start 2 of job") && job.output.contains("resumed after step"))
            #expect(try run.adapterBytes("job") == run.adapterBytes("whole"))
        }
    }

    @Test("a job that another takes the node from saves, and goes on by itself when the node is free")
    func preempted() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            try runWhole(run)
            let job = try SlurmJob(run, keys, launcher: "srun")
            try job.wait { job.lineCount > 200 }
            try slurm("sbatch", "--partition=high", "--exclusive", "--output=/dev/null", "--wrap=sleep 3")
            #expect(try job.waitForEnd() == "COMPLETED", "\(job.output)")
            #expect(job.output.contains("Start 2 of job") && job.output.contains("resumed after step"), "\(job.output)")
            #expect(try run.adapterBytes("job") == run.adapterBytes("whole"))
        }
    }

    @Test("a job whose rank is killed goes back into the queue; one that is cancelled does not", arguments: ["srun", "mpirun"])
    func killedAndCancelled(launcher: String) throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let job = try SlurmJob(run, ["training.max_steps=100000", "checkpoint.every_steps=20"], launcher: launcher)
            try job.wait { job.lineCount > 50 }
            #expect(try slurm("pkill", "-KILL", "--newest", "-f", "trainer.*\(folder)/job") == "")
            try job.wait { job.output.contains("Start 2 of job") && job.output.contains("resumed after step") }
            try slurm("scancel", job.number)
            #expect(try job.waitForEnd() == "CANCELLED")
            sleep(3)
            #expect(try job.waitForEnd() == "CANCELLED" && !job.output.contains("Start 3 of job"), "\(job.output)")
        }
    }

    private let keys = ["training.max_steps=1500", "checkpoint.every_steps=100000"]

    private func runWhole(_ run: SmallRun) throws {
        let whole = try runTrainer(["train", run.configuration, "output=\(run.folder)/whole"] + keys, ranks: 2, limitSeconds: 240)
        try #require(whole.status == 0, "\(whole)")
    }
}

/// A run under `Launch/slurm.sbatch`.
private struct SlurmJob {
    let number: String
    let folder: String
    var output: String { (try? String(contentsOfFile: "\(folder)/job.out", encoding: .utf8)) ?? "" }
    /// Lines of the run's metrics.
    var lineCount: Int { (try? String(contentsOfFile: "\(folder)/job/metrics.jsonl", encoding: .utf8))?.split(separator: "\n").count ?? 0 }

    init(_ run: SmallRun, _ keys: [String], launcher: String, _ options: String...) throws {
        folder = run.folder
        let script = ["Launch/slurm.sbatch", run.configuration, "output=\(folder)/job"] + keys
        number = try slurm(["sbatch", "--parsable", "--export=ALL,LAUNCHER=\(launcher)", "--output=\(folder)/job.out"] + options + script)
    }

    /// The state that the job ends in.
    func waitForEnd() throws -> String {
        var state = ""
        try wait {
            state = try slurm("squeue", "--noheader", "--states=all", "--format=%T", "--jobs=\(number)")
            return !["PENDING", "RUNNING", "COMPLETING", "REQUEUED", "CONFIGURING"].contains(state)
        }
        return state
    }

    func wait(until isDone: () throws -> Bool) throws {
        let limit = Date(timeIntervalSinceNow: 300)
        while Date() < limit {
            if try isDone() { return }
            usleep(200_000)
        }
        Issue.record("job \(number) takes too long: \(output)")
    }
}

/// What a command prints, run in the repository with the built trainer on its path.
@discardableResult private func slurm(_ command: String...) throws -> String { try slurm(command) }

private func slurm(_ command: [String]) throws -> String {
    let result = try runScript("/usr/bin/env", command)
    #expect(result.status == 0, "\(result)")
    return result.stdout.trimmingCharacters(in: .whitespacesAndNewlines)
}
