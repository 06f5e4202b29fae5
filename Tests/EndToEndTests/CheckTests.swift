import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct CheckTests {
    @Test("pain 34: layouts of 2 and 4 ranks are compared with one rank, dropout on, and agree; the run's folder is not made", arguments: [2, 4])
    func agrees(ranks: Int) throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let keys = ranks == 2 ? ["parallel.zero=3"] : ["parallel.tensor=2", "parallel.zero=1"]
            let result = try runTrainer(["check", run.configuration, "--steps", "3"] + keys, ranks: ranks)
            #expect(result.status == 0, "\(result)")
            let lines = result.stdout.split(separator: "\n").map(String.init)
            let layout = ranks == 2 ? "data 2 × pipeline 1 × context 1 × tensor 1, ZeRO 3" : "data 2 × pipeline 1 × context 1 × tensor 2, ZeRO 1"
            #expect(lines.first?.hasPrefix("\(layout), and the same steps on one rank; allowed: 1.0e-05 for a loss") == true, "\(result)")
            #expect(lines.count == 1 + 2 + 3 + 1 && lines.last == "They agree: on this layout the run gives what it gives on one rank.")
            let steps = result.stderr.split(separator: "\n").filter { $0.hasPrefix("step ") }.map { $0.split(separator: ":")[0] }
            #expect(steps == (1...3).map { "step \($0) of 3 on \(ranks) ranks" } + (1...3).map { "step \($0) of 3 on one rank" })
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/run"))
        }
    }

    @Test("where the numbers part the first is named and the exit status is 76; one rank alone and senseless options are refused with 64")
    func parts() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let parted = try runTrainer(["check", run.configuration, "--tolerance", "0"], ranks: 3)
            #expect(parted.status == 76, "\(parted)")
            let line = parted.stderr.split(separator: "\n").first { $0.hasPrefix("numerics: ") } ?? ""
            #expect(
                line.contains(#/numerics: step \d: the (loss|gradient norm) is \S+ on data 3 × .+, but \S+ on one rank: \S+ apart, allowed is 0\./#),
                "\(parted)")
            #expect(parted.stdout.contains("gradient norm"))
            let alone = try runTrainer(["check", run.configuration])
            #expect(alone.status == 64)
            #expect(
                alone.stderr
                    == "configuration: ranks: one rank has no layout to compare. Start several: mpirun -n 2 trainer check run.yaml.\n", "\(alone)")
            let steps = try runTrainer(["check", run.configuration, "--steps", "0"])
            #expect(steps.status == 64 && steps.stderr == "configuration: --steps: 0 steps can't be compared. Use 1 to 1000.\n", "\(steps)")
        }
    }
}
