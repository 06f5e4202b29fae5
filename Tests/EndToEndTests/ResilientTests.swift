import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct ResilientTests {
    @Test("a fault and a killed rank start the run again, with the same arguments, until it finishes")
    func restarts() throws {
        try withTemporaryFolder { folder in
            let fake = try FakePrograms(in: folder, plan: ["exit 75", "kill -KILL $$", "exit 0"])
            let result = try fake.run("Launch/resilient", "2", "run.yaml", "method.r=8", environment: ["PAUSE": "0"])
            #expect(result.status == 0, "\(result)")
            #expect(fake.starts == [String](repeating: "2 run.yaml method.r=8", count: 3))
            #expect(result.stdout.contains("the job ended with status 75; restart 1 of at most 20"))
            #expect(result.stdout.contains("the job ended with status 137; restart 2 of at most 20"))
        }
    }

    @Test("mistakes and requests to end pass through without a restart", arguments: [64, 76, 130])
    func passesThrough(status: Int32) throws {
        try withTemporaryFolder { folder in
            let fake = try FakePrograms(in: folder, plan: ["exit \(status)", "exit 0"])
            try fake.addMPIRun()
            let result = try fake.run("Launch/resilient", "1", "run.yaml", environment: ["PAUSE": "0"])
            #expect(result.status == status && fake.starts.count == 1, "\(result)")
        }
    }

    @Test("restarts have a limit, and the status is then the last fault's")
    func limit() throws {
        try withTemporaryFolder { folder in
            let fake = try FakePrograms(in: folder, plan: ["exit 75", "exit 75", "exit 0"])
            try fake.addMPIRun()
            let result = try fake.run("Launch/resilient", "1", "run.yaml", environment: ["PAUSE": "0", "RESTARTS": "1"])
            #expect(result.status == 75 && fake.starts.count == 2 && result.stderr.contains("given up after 1 restarts"), "\(result)")
        }
    }

    @Test("pain 22: a request to end reaches the ranks as SIGUSR1, and nothing is started again", arguments: ["USR1", "TERM", "INT"])
    func requestToEnd(signal: String) throws {
        try withTemporaryFolder { folder in
            // The parent of mpirun is the script.
            let plan = "trap 'exit 130' USR1; kill -\(signal) $(awk '{ print $4 }' /proc/$PPID/stat); while :; do sleep 0.05; done"
            let fake = try FakePrograms(in: folder, plan: [plan, "exit 0"])
            let result = try fake.run("Launch/resilient", "1", "run.yaml", environment: ["PAUSE": "0"])
            #expect(result.status == 130 && !result.isTimedOut && fake.starts.count == 1, "\(result)")
        }
    }

    @Test("a host that no longer answers is left out: fewer ranks, in whole multiples")
    func hostGone() throws {
        try withTemporaryFolder { folder in
            let fake = try FakePrograms(in: folder, plan: ["exit 75", "exit 0"])
            try "localhost slots=3\ngone slots=2 # the second host\n".write(toFile: "\(folder)/hosts", atomically: true, encoding: .utf8)
            try fake.add("agent", "exit 255")
            let result = try fake.run(
                "Launch/resilient", "5", "run.yaml",
                environment: ["PAUSE": "0", "HOSTFILE": "hosts", "MULTIPLE": "2", "OMPI_MCA_plm_rsh_agent": "agent"])
            #expect(result.status == 0 && fake.starts == ["2 run.yaml", "2 run.yaml"], "\(result)")
            #expect(result.stdout.contains("gone does not answer; it is left out"))
        }
    }

    @Test("SIGKILL of ranks at many moments: the run finishes by itself, with the adapter's bytes and the losses of a run undisturbed")
    func killed() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let kills = Int(ProcessInfo.processInfo.environment["TRAINER_TEST_KILLS"] ?? "") ?? 2
            let keys = ["training.max_steps=\(30 + 30 * kills)", "checkpoint.every_steps=1"]
            let whole = try runTrainer(["train", run.configuration, "output=\(folder)/whole"] + keys, ranks: 2)
            try #require(whole.status == 0, "\(whole)")
            let killers = RepeatedKiller(output: "\(folder)/killed", count: kills)
            let result = try runScript(
                "Launch/resilient", ["2", run.configuration, "output=\(folder)/killed"] + keys,
                environment: ["PAUSE": "0", "RESTARTS": "\(kills)"], limitSeconds: 60 + 20 * Double(kills))
            let sent = killers.stop()
            try #require(result.status == 0, "\(result)")
            #expect(sent == kills && result.stdout.contains("restart \(kills) of at most \(kills)"))
            #expect(try run.adapterBytes("killed") == run.adapterBytes("whole"))
            #expect(try run.losses("killed") == run.losses("whole"))
        }
    }
}

/// Kills a rank of a run again and again, at another moment each time, once the run has gone on after the last.
private final class RepeatedKiller: @unchecked Sendable {
    private let ended = DispatchSemaphore(value: 0)
    private let lock = NSLock()
    private var sent = 0
    private var current: RankKiller?
    private var isStopped = false

    init(output: String, count: Int) {
        Thread { [self] in
            for attempt in 0..<count where !lock.withLock({ isStopped }) {
                let killer = RankKiller(
                    output: output, rank: attempt % 2, afterLines: min(attempt, 2), andSeconds: 0.007 * Double(attempt % 5),
                    inCheckpoint: attempt % 3 == 1)
                lock.withLock { current = killer }
                if killer.wait() { lock.withLock { sent += 1 } }
                // Until the job that has lost a rank is gone.
                usleep(300_000)
            }
            ended.signal()
        }.start()
    }

    /// How many ranks were killed.
    func stop() -> Int {
        lock.withLock {
            isStopped = true
            _ = current?.stop()
        }
        ended.wait()
        return sent
    }
}
