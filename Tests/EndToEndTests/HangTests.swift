import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct HangTests {
    @Test("pain 13: a rank that is stopped in the middle of training is named with its step and phase; every process ends, with status 75")
    func stopped() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let killer = RankKiller(output: "\(folder)/run", rank: 1, signal: SIGSTOP, afterLines: 3)
            let result = try run.train(ranks: 3, "training.max_steps=100000", "parallel.timeout_seconds=2", limitSeconds: 60)
            #expect(killer.stop() && !result.isTimedOut && result.status == 75, "\(result)")
            let lines = result.stderr.split(separator: "\n").filter { $0.hasPrefix("communication: ") }
            #expect(lines.count == 1)
            let line = String(lines.first ?? "")
            let pattern = #/communication: step \d+, rank [02] of 3: has waited 2 s in [a-z ]+ \(.+\), phase \w+: rank 1 has (come|not come).+/#
            #expect(line.firstMatch(of: pattern) != nil, "\(result)")
            let ending = try String(contentsOfFile: "\(folder)/run/ended.json", encoding: .utf8)
            #expect(ending.contains("has waited 2 s in"))
            // The records stay; a run that goes on from there takes them over, and they are gone in its end.
            #expect(FileManager.default.fileExists(atPath: "\(folder)/run/logs/rank-1.flight.json"))
            let rest = try run.train(ranks: 3, "training.max_steps=100000", "parallel.timeout_seconds=soon")
            #expect(rest.status == 64 && rest.stderr.contains("timeout_seconds"), "\(rest)")
        }
    }
}
