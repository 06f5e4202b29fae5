import Foundation
import Reporting
import TestSupport
import Testing

@Suite(.serialized) struct SkippedUpdateTests {
    @Test("pain 33: steps that are not finite are left out up to a limit, counted in the metrics, and their rows are kept; then the run ends with 76")
    func nonFinite() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let result = try run.train(
                ranks: 2, "training.optimizer.learning_rate=1e30", "training.on_nonfinite=skip", "training.nonfinite_limit=3",
                "training.schedule.warmup_steps=0")
            #expect(result.status == 76, "\(result)")
            let steps = try Metrics.read(path: "\(folder)/run/metrics.jsonl").steps
            let skipped = steps.filter(\.isSkipped).map(\.step)
            #expect(skipped.count == 2 && skipped.last == steps.count, "\(steps.map(\.loss))")
            let last = steps.count + 1
            let line = result.stderr.split(separator: "\n").first { $0.hasPrefix("numerics: ") }.map(String.init) ?? ""
            #expect(line.hasPrefix("numerics: step \(last)") && line.contains(" is not finite (loss nan, gradient norm nan)."), "\(result)")
            #expect(
                line.contains("It is step 3 of such in a row.") && line.contains("Its rows are in \(folder)/run/faulty-steps/step-\(last).jsonl."))
            for step in skipped + [last] {
                let text = try String(contentsOfFile: "\(folder)/run/faulty-steps/step-\(step).jsonl", encoding: .utf8)
                let rows = try text.split(separator: "\n").map {
                    try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
                }
                #expect(rows.count == 8 && Set(rows.compactMap { $0["copy"] as? Int }) == [0, 1])
                for row in rows {
                    let (tokens, trained) = (try #require(row["tokens"] as? [Int]), try #require(row["trained"] as? [Int]))
                    #expect(!tokens.isEmpty && tokens.count == trained.count && trained.contains(1) && row["record"] is Int && row["row"] is Int)
                }
            }
            let inert = try run.train(ranks: nil, "training.nonfinite_limit=3")
            #expect(inert.status == 64 && inert.stderr.contains("training.nonfinite_limit"), "\(inert)")
        }
    }

    @Test("pain 21: updates of large gradients are left out, the same on 1 and 2 ranks, with shared states, and after a resume")
    func spikes() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let keys = ["training.spike_skip=1.02", "training.spike_window=3", "checkpoint.keep_last=20"]
            func train(_ name: String, ranks: Int?, _ more: String...) throws -> ProgramResult {
                let result = try runTrainer(["train", run.configuration, "output=\(folder)/\(name)"] + keys + more, ranks: ranks)
                try #require(result.status == 0, "\(result)")
                return result
            }
            func skipped(_ name: String) throws -> [Int] {
                try Metrics.read(path: "\(folder)/\(name)/metrics.jsonl").steps.filter(\.isSkipped).map(\.step)
            }
            let alone = try train("alone", ranks: nil)
            let wanted = try skipped("alone")
            #expect((2...15).contains(wanted.count), "\(wanted)")
            #expect(alone.stdout.contains("\(wanted.count) of 20 updates were left out; metrics.jsonl says which"), "\(alone)")
            #expect(
                alone.stdout.contains("The update is left out, as training.spike_skip wants it. Its rows are in \(folder)/alone/faulty-steps/step-"))
            _ = try train("two", ranks: 2, "parallel.zero=2")
            #expect(try skipped("two") == wanted)
            for (a, b) in zip(try run.losses("alone"), try run.losses("two")) { #expect(abs(a - b) <= 1e-5 * abs(a)) }
            // Taken up again after step 10, it decides and trains as if never stopped.
            try FileManager.default.copyItem(atPath: "\(folder)/alone", toPath: "\(folder)/again")
            for step in 11...20 { try? FileManager.default.removeItem(atPath: "\(folder)/again/checkpoints/step-000000\(step)") }
            try FileManager.default.removeItem(atPath: "\(folder)/again/result.json")
            let again = try train("again", ranks: nil)
            #expect(again.stdout.contains("resumed after step 10"))
            #expect(
                try skipped("again") == wanted && run.losses("again") == run.losses("alone") && run.adapterBytes("again") == run.adapterBytes("alone")
            )
        }
    }
}
