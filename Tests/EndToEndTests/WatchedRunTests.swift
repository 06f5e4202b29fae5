import Foundation
import Reporting
import Support
import TestSupport
import Testing

private func object(_ path: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any])
}

@Suite struct WatchedRunTests {
    @Test("a run on two ranks leaves its description, its page, events, and a trace of each rank with phases, operations and collectives")
    func leaves() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let output = "\(folder)/run"
            let result = try run.train(
                ranks: 2, "training.profile=true", "training.eval_steps=5", "evaluation.samples=2", "evaluation.max_new_tokens=4")
            try #require(result.status == 0, "\(result)")
            let metrics = try Metrics.read(path: "\(output)/metrics.jsonl")
            #expect(metrics.steps.allSatisfy { $0.rankSeconds.count == 2 && $0.rankSeconds.allSatisfy { $0 > 0 } && $0.time > 1.7e9 })
            #expect(metrics.steps.allSatisfy { $0.peakBytesByKind["weights"] ?? 0 > 100_000 })
            #expect(metrics.evaluations.map(\.samples.count) == [2, 0, 0, 0, 2])
            #expect(try object("\(output)/ended.json")["kind"] as? String == "finished")
            let description = try object("\(output)/run.json")
            #expect((description["audit"] as? [Any])?.count ?? 0 > 5 && (description["predicted_peak"] as? [String: Int])?["weights"] ?? 0 > 0)
            // Pain 37: what was predicted, held-out losses between the steps included, is what was allocated.
            let ending = try object("\(output)/result.json")
            let bytes = try ["predictedPeak", "measuredPeak"].map { key in try #require(ending[key] as? [String: Int]).values.reduce(0, +) }
            #expect(abs(Double(bytes[0]) / Double(bytes[1]) - 1) < 0.02, "\(bytes)")
            #expect(try FileSystem().names(in: "\(output)/tensorboard").count == 1)
            #expect(try String(contentsOfFile: "\(output)/report.html", encoding: .utf8).contains("gradient_norm"))
            for rank in 0..<2 {
                let events = try #require(try object("\(output)/trace-rank-\(rank).json")["traceEvents"] as? [[String: Any]])
                let names = Set(events.compactMap { $0["name"] as? String })
                let phases = ["data", "forward", "backward", "reduce", "optimizer", "checkpoint", "evaluation"]
                #expect(names.isSuperset(of: phases + ["linear", "attention", "attention, backward", "AdamW", "start sum", "gather", "maximum"]))
                #expect(events.filter { $0["name"] as? String == "optimizer" }.count == 20)
                #expect(events.filter { $0["name"] as? String == "embed" }.count < events.filter { $0["name"] as? String == "forward" }.count)
            }
        }
    }

    @Test("a run that fails leaves word of its error and its page; the same command begins again")
    func fails() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let failed = try run.train(ranks: 2, "training.optimizer.learning_rate=1e30", "checkpoint.every_steps=1000")
            try #require(failed.status == TrainerError.Code.numerics.exitStatus, "\(failed)")
            let ending = try object("\(folder)/run/ended.json")
            #expect(ending["kind"] as? String == "failed" && (ending["message"] as? String)?.hasPrefix("numerics: step") == true)
            #expect(try String(contentsOfFile: "\(folder)/run/report.html", encoding: .utf8).contains("is not finite"))
            let again = try run.train(ranks: nil)
            #expect(again.status == 0, "\(again)")
            #expect(try object("\(folder)/run/ended.json")["kind"] as? String == "finished")
        }
    }
}
