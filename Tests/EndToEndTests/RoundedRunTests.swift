import Foundation
import Reporting
import Support
import TestSupport
import Testing

/// Runs whose weights, activations, gradients or messages have 16 bits.
@Suite(.serialized) struct RoundedRunTests {
    /// Relative, of a loss in each of ten steps: about one unit in the last place of a bfloat16, and two of a float16.
    private static let tolerances = ["bfloat16": 5e-3, "float16": 2e-3]

    private func train(_ run: SmallRun, _ ranks: Int?, _ name: String, _ keys: [String], steps: Int = 10) throws -> ProgramResult {
        let all = ["training.max_steps=\(steps)", "training.optimizer.learning_rate=1.0e-3", "training.microbatch_tokens=64"]
        let result = try runTrainer(["train", run.configuration, "output=\(run.folder)/\(name)"] + all + keys, ranks: ranks)
        try #require(result.status == 0, "\(name): \(result)")
        return result
    }

    private func steps(_ run: SmallRun, _ name: String) throws -> [StepRecord] {
        try Metrics.read(path: "\(run.folder)/\(name)/metrics.jsonl").steps
    }

    /// What is rounded, and on how many ranks.
    private static let roundings: [(ranks: Int, keys: @Sendable (String) -> [String])] = [
        (2, { ["parallel.zero=0", "parallel.gradient_dtype=\($0)"] }),
        (4, { ["parallel.zero=1", "parallel.gradient_dtype=\($0)"] }),
        (2, { ["parallel.zero=2", "parallel.gradient_dtype=\($0)", "memory.gradient_dtype=\($0)"] }),
        (4, { ["parallel.zero=3", "parallel.zero_ranks=2", "parallel.gradient_dtype=\($0)", "memory.gradient_dtype=\($0)", "model.dtype=\($0)"] }),
        (2, { ["parallel.pipeline=2", "parallel.activation_dtype=\($0)", "parallel.gradient_dtype=\($0)"] }),
        (4, { ["parallel.tensor=2", "parallel.pipeline=2", "parallel.activation_dtype=\($0)"] }),
        (2, { ["parallel.tensor=2", "parallel.activation_dtype=\($0)", "memory.activation_dtype=\($0)"] }),
        (4, { ["parallel.context=2", "parallel.zero=2", "parallel.activation_dtype=\($0)", "parallel.gradient_dtype=\($0)"] }),
    ]

    @Test("rounded on any layout, losses are those of float32 to 5e-3 in bfloat16 and 2e-3 in float16", arguments: ["bfloat16", "float16"])
    func layouts(type: String) throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder, method: "full")
            _ = try train(run, nil, "float32", [])
            let exact = try steps(run, "float32")
            #expect(exact.allSatisfy { $0.lossScale == nil })
            for (index, (ranks, keys)) in Self.roundings.enumerated() {
                let keys = keys(type) + (type == "float16" ? ["training.initial_scale_power=8"] : [])
                _ = try train(run, ranks, "\(index)", keys)
                let found = try steps(run, "\(index)")
                #expect(found.count == 10 && found.allSatisfy { $0.lossScale == (type == "float16" ? 256 : nil) && !$0.isSkipped }, "\(keys)")
                #expect(found.map(\.loss) != exact.map(\.loss), "\(keys)")
                for (a, b) in zip(exact, found) {
                    #expect(abs(a.loss - b.loss) <= (Self.tolerances[type] ?? 0) * a.loss, "\(keys): step \(a.step), \(a.loss), \(b.loss)")
                }
            }
        }
    }

    @Test("adapters too: LoRA and QLoRA with rounded messages and gradients, to the same tolerances", arguments: ["lora", "qlora"])
    func adapters(kind: String) throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder, method: kind)
            _ = try train(run, nil, "float32", [])
            let exact = try steps(run, "float32")
            for (name, keys) in [
                ("bfloat16", ["parallel.zero=3", "parallel.gradient_dtype=bfloat16", "memory.gradient_dtype=bfloat16"]),
                ("float16", ["parallel.pipeline=2", "parallel.activation_dtype=float16", "memory.activation_dtype=float16"]),
            ] {
                _ = try train(run, 2, name, keys)
                for (a, b) in zip(exact, try steps(run, name)) { #expect(abs(a.loss - b.loss) <= (Self.tolerances[name] ?? 0) * a.loss, "\(keys)") }
            }
        }
    }

    @Test("a loss scale that is too high for float16 is halved step by step, alike on all ranks; then it trains, and a resume has the same bits")
    func overflow() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let keys = [
                "parallel.zero=2", "parallel.gradient_dtype=float16", "memory.gradient_dtype=float16", "training.initial_scale_power=24",
                "checkpoint.every_steps=1", "checkpoint.keep_last=20", "training.nonfinite_limit=2",
                "training.on_nonfinite=skip",
            ]
            let result = try train(run, 2, "whole", keys, steps: 16)
            let all = try steps(run, "whole")
            // More in a row than steps that are not finite by themselves may be.
            let first = all.prefix(while: \.isSkipped).count
            #expect((3...12).contains(first) && all.filter(\.isSkipped).count <= first + 2, "\(all.map(\.isSkipped))")
            var scale = 1 << 24
            for step in all {
                #expect(step.lossScale == Double(scale) && step.loss.isFinite)
                if step.isSkipped { scale /= 2 }
            }
            let skipped = all.filter(\.isSkipped).count
            #expect(
                result.stdout.contains(
                    "numerics: step 1: the gradient of the loss, scaled by 16777216, is not finite. The update is left out, and the scale is 8388608 from now on"
                ), "\(result)")
            #expect(
                result.stdout.contains(
                    "\(skipped) of 16 updates were left out; metrics.jsonl says which. \(skipped) of them lowered the loss scale, which was \(scale) in the end"
                ), "\(result)")
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/whole/faulty-steps"))
            // From among the steps that were left out, and from those that were not.
            for step in [2, first + 2] {
                let name = "from-\(step)"
                let checkpoint = "\(folder)/whole/checkpoints/step-\(String(100_000_000 + step).dropFirst())"
                _ = try train(run, 2, name, keys + ["checkpoint.resume=\(checkpoint)"], steps: 16)
                let rest = try steps(run, name)
                #expect(rest.map(\.loss) == all.suffix(16 - step).map(\.loss) && rest.map(\.lossScale) == all.suffix(16 - step).map(\.lossScale))
                #expect(try run.adapterBytes(name) == run.adapterBytes("whole"))
            }
        }
    }

    @Test("gradients that wait in 16 bits take half of their part, and the peak is as predicted to the byte")
    func memory() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder, .wide, method: "full")
            func peaks(_ name: String, _ keys: [String]) throws -> (predicted: [String: Int], measured: [String: Int]) {
                _ = try train(run, 2, name, ["parallel.zero=2", "checkpoint.background=false"] + keys, steps: 2)
                let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)/result.json"))
                let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
                return (try #require(object["predictedPeak"] as? [String: Int]), try #require(object["measuredPeak"] as? [String: Int]))
            }
            let wide = try peaks("wide", [])
            let narrow = try peaks("narrow", ["memory.gradient_dtype=bfloat16", "parallel.gradient_dtype=bfloat16"])
            for (predicted, measured) in [wide, narrow] { #expect(predicted == measured) }
            let (all, saved) = (wide.measured["gradients"] ?? 0, (wide.measured["gradients"] ?? 0) - (narrow.measured["gradients"] ?? 0))
            // The part of every unit; the gradients of the unit that is computed stay float32.
            let parameters = (wide.measured["weights"] ?? 0) / 4
            #expect(abs(saved - parameters) <= parameters / 100 && saved < all, "\(wide.measured), \(narrow.measured)")
            let refused = try runTrainer(["train", run.configuration, "parallel.zero=1", "memory.gradient_dtype=bfloat16"], ranks: 2)
            #expect(refused.status == 64, "\(refused)")
            #expect(
                refused.stderr.contains(
                    "memory.gradient_dtype: bfloat16 is for gradients that ranks share out, and parallel.zero is 1. Use parallel.zero=2, 3 or auto, or memory.gradient_dtype=float32."
                ), "\(refused)")
        }
    }
}
