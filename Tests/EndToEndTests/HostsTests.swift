import Foundation
import TestSupport
import Testing

private let hostfile = ProcessInfo.processInfo.environment["TRAINER_TWO_HOSTS"]

/// What takes two hosts: `./Tests/Trials/two-hosts swift test --skip-build --disable-xctest --filter HostsTests`.
@Suite(.serialized, .enabled(if: hostfile != nil, "these run inside ./Tests/Trials/two-hosts"))
struct HostsTests {
    @Test("four ranks on two hosts have the losses of one rank to 1e-5")
    func twoHosts() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let alone = try run.train(ranks: nil, "output=\(folder)/alone")
            let result = try runScript("Launch/hosts", [try #require(hostfile), run.configuration, "output=\(folder)/hosts"])
            try #require(alone.status == 0 && result.status == 0, "\(result)")
            #expect(result.stdout.contains("4, 2 on this node") && result.stdout.contains("sums within nodes, then between them"))
            let flat = try runScript(
                "Launch/hosts", [try #require(hostfile), run.configuration, "output=\(folder)/flat", "parallel.hierarchical=false"])
            try #require(flat.status == 0 && !flat.stdout.contains("sums within nodes"), "\(flat)")
            for name in ["hosts", "flat"] {
                for (a, b) in zip(try run.losses("alone"), try run.losses(name)) { #expect(abs(a - b) <= 1e-5 * abs(a)) }
            }
        }
    }

    @Test("a host that is cut off in mid-run is noticed; the run goes on without it, to the losses of a run undisturbed")
    func cutOff() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let keys = ["training.max_steps=150", "checkpoint.every_steps=20"]
            let whole = try runTrainer(["train", run.configuration, "output=\(folder)/whole"] + keys, ranks: 2)
            try #require(whole.status == 0, "\(whole)")
            let cutter = Thread {
                while lineCount("\(folder)/cut/metrics.jsonl") < 50 { usleep(10_000) }
                _ = try? Process.run(URL(fileURLWithPath: "/usr/bin/env"), arguments: ["ip", "-n", "trainer-b", "link", "set", "eth0", "down"])
            }
            cutter.start()
            let result = try runScript(
                "Launch/resilient", ["4", run.configuration, "output=\(folder)/cut"] + keys,
                environment: ["HOSTFILE": try #require(hostfile), "PAUSE": "1"], limitSeconds: 180)
            try #require(result.status == 0, "\(result)")
            #expect(result.stdout.contains("10.77.0.2 does not answer; it is left out"))
            #expect(result.stdout.contains("resumed after step 40 of 150"))
            for (a, b) in zip(try run.losses("whole"), try run.losses("cut")) { #expect(abs(a - b) <= 1e-4 * abs(a)) }
            #expect(try run.losses("cut").count == 150)
        }
    }
}

private func lineCount(_ path: String) -> Int {
    (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n").count ?? 0
}
