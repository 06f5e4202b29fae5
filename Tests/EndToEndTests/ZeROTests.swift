import Foundation
import Support
import TestSupport
import Testing

@Suite(.serialized) struct ZeROTests {
    /// Everything that a run leaves that must not depend on the layout.
    private func expectSame(_ run: SmallRun, _ found: String, as wanted: String) throws {
        let (a, b) = (try run.losses(wanted), try run.losses(found))
        #expect(a.count == b.count)
        for (a, b) in zip(a, b) { #expect(abs(a - b) <= 1e-5 * abs(a), "\(found)") }
        for (name, values) in try run.results(wanted, found) {
            let apart = zip(values[0], values[1]).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
            #expect(apart <= 1e-5, "\(found): \(name)")
        }
    }

    private func peaks(_ run: SmallRun, _ name: String) throws -> (predicted: [String: Int], measured: [String: Int]) {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(run.folder)/\(name)/result.json"))
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        return (try #require(object["predictedPeak"] as? [String: Int]), try #require(object["measuredPeak"] as? [String: Int]))
    }

    @Test("pain 24: full, LoRA and QLoRA, each stage on 2 or 3 ranks: losses and results of one rank to 1e-5", arguments: ["full", "lora", "qlora"])
    func stages(kind: String) throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            if kind == "full" {
                let text = try String(contentsOfFile: run.configuration, encoding: .utf8)
                try text.replacing("{kind: lora, r: 4, lora_alpha: 8, lora_dropout: 0.1}", with: "{kind: full}")
                    .write(toFile: run.configuration, atomically: true, encoding: .utf8)
            }
            let keys =
                ["training.max_steps=6", "training.microbatch_tokens=64", "training.eval_steps=3"]
                + (kind == "full" ? [] : ["method.kind=\(kind)"])
            func train(_ ranks: Int, _ stage: Int, _ name: String) throws {
                let result = try runTrainer(
                    ["train", run.configuration, "output=\(folder)/\(name)", "parallel.zero=\(stage)", "evaluation.samples=1"] + keys, ranks: ranks)
                try #require(result.status == 0, "\(result)")
            }
            try train(1, 0, "alone")
            for (ranks, stage) in [(2, 1), (3, 2), (3, 3)] {
                let name = "ranks-\(ranks)-stage-\(stage)"
                try train(ranks, stage, name)
                try expectSame(run, name, as: "alone")
                let (predicted, measured) = try peaks(run, name)
                let sums = [predicted, measured].map { Double($0.values.reduce(0, +)) }
                #expect(abs(sums[0] / sums[1] - 1) < 0.1, "\(name): predicted \(sums[0]), measured \(sums[1])")
                // Pain 25: what a stage shares out is shared out, to what fills the last parts up.
                let alone = try peaks(run, "alone").measured
                if stage >= 1 { #expect(measured["optimizer"] ?? 0 <= (alone["optimizer"] ?? 0) / ranks + 4 * 8192) }
            }
        }
    }

    @Test("pain 20: a checkpoint of 3 ranks in stage 2 goes on on 1 rank and on 2 ranks in stage 3 as if nothing had happened")
    func resumes() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let keys = ["training.max_steps=12", "checkpoint.every_steps=6", "checkpoint.keep_last=3"]
            func train(_ ranks: Int, _ stage: Int, _ name: String, _ more: String...) throws {
                let result = try runTrainer(
                    ["train", run.configuration, "output=\(folder)/\(name)", "parallel.zero=\(stage)"] + keys + more, ranks: ranks)
                try #require(result.status == 0, "\(result)")
            }
            try train(3, 2, "whole")
            for (ranks, stage) in [(1, 0), (2, 3), (3, 2)] {
                let name = "ranks-\(ranks)-stage-\(stage)"
                try train(ranks, stage, name, "checkpoint.resume=\(folder)/whole/checkpoints/step-00000006")
                let (all, rest) = (try run.losses("whole"), try run.losses(name))
                #expect(all.count == 12 && rest.count == 6)
                for (a, b) in zip(all.suffix(6), rest) { #expect(abs(a - b) <= 1e-5 * abs(a), "\(name)") }
                if ranks == 3 { #expect(try run.adapterBytes(name) == run.adapterBytes("whole") && Array(all.suffix(6)) == rest) }
            }
        }
    }

    @Test("weights in bfloat16 with float32 masters: losses near float32's on any layout, masters paged or not, and a resume with the same bits")
    func masters() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder, method: "full")
            func train(_ ranks: Int, _ name: String, _ more: String...) throws { try trainAll(run, ranks, name, more) }
            let rounded = "model.dtype=bfloat16"
            try train(1, "float32")
            try train(1, "alone", rounded)
            let exact = try run.losses("float32")
            for (name, ranks, keys) in [
                ("alone", 0, []), ("paged", 2, ["parallel.zero=3", "training.optimizer.paged=true"]), ("stage-1", 2, ["parallel.zero=1"]),
                ("tensor", 2, ["parallel.tensor=2", "memory.checkpointing=full"]), ("pipeline", 2, ["parallel.pipeline=2"]),
            ] as [(String, Int, [String])] {
                if ranks > 0 { try trainAll(run, ranks, name, [rounded] + keys) }
                for (a, b) in zip(exact, try run.losses(name)) { #expect(abs(a - b) <= 5e-3 * abs(a), "\(name)") }
            }
            // The state of a run in float32 goes on in bfloat16 and the other way round: masters are what values are.
            try train(1, "again", rounded, "checkpoint.resume=\(folder)/alone/checkpoints/step-00000004")
            #expect(try run.losses("again") == Array(run.losses("alone").suffix(4)))
            try train(
                2, "paged-again", rounded, "parallel.zero=3", "training.optimizer.paged=true",
                "checkpoint.resume=\(folder)/paged/checkpoints/step-00000004")
            #expect(try run.losses("paged-again") == Array(run.losses("paged").suffix(4)))
            try train(1, "from-float32", rounded, "checkpoint.resume=\(folder)/float32/checkpoints/step-00000004")
            for (a, b) in zip(exact.suffix(4), try run.losses("from-float32")) { #expect(abs(a - b) <= 5e-3 * abs(a)) }
            let (predicted, measured) = try peaks(run, "paged")
            let sums = [predicted, measured].map { Double($0.values.reduce(0, +)) }
            #expect(abs(sums[0] / sums[1] - 1) < 0.1, "predicted \(sums[0]), measured \(sums[1])")
        }
    }

    @Test(
        "where two of four ranks share, a unit is summed with the others before the last unit's own sum begins; losses of one rank", arguments: 1...3)
    func mirrors(stage: Int) throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder, method: "full")
            let keys = ["training.max_steps=3", "training.optimizer.learning_rate=1.0e-3", "training.profile=true", "checkpoint.every_steps=100"]
            func train(_ ranks: Int, _ name: String, _ more: [String]) throws {
                let result = try runTrainer(["train", run.configuration, "output=\(folder)/\(name)"] + keys + more, ranks: ranks)
                try #require(result.status == 0, "\(result)")
            }
            try train(1, "alone", [])
            try train(4, "shared", ["parallel.zero=\(stage)", "parallel.zero_ranks=2"])
            try expectSame(run, "shared", as: "alone")
            // What is begun, in the order of time: a scattered sum among those who share (s), a sum with those who keep the same (m).
            let letters = try events(run, "shared").filter { $0.detail.contains("gradients of ") }.compactMap {
                ["start scattered sum": "s", "start sum": "m"][$0.name]
            }
            let order = letters.joined()
            let counts = ["s", "m"].map { letter in order.count { String($0) == letter } }
            #expect(counts[0] == counts[1] && counts[0] >= 9, "\(order)")
            // Three steps with all of one kind after the other would turn back twice.
            #expect(zip(order, order.dropFirst()).count { $0 == "m" && $1 == "s" } >= 6, "\(order)")
        }
    }

    @Test("a unit's gradients are summed while the next unit's are computed", arguments: [2, 3])
    func overlap(stage: Int) throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder, method: "full")
            let result = try runTrainer(
                [
                    "train", run.configuration, "output=\(folder)/run", "parallel.zero=\(stage)", "training.max_steps=1", "training.profile=true",
                    "checkpoint.every_steps=100",
                ], ranks: 2)
            try #require(result.status == 0, "\(result)")
            let events = try events(run, "run").filter { $0.name == "add" && $0.detail.hasPrefix("[1, ") || $0.name == "start scattered sum" }
            // A sum ends with two additions of the size of a block's part: of what has come to it, and to what earlier microbatches have left.
            let sizes = Dictionary(grouping: events.filter { $0.name == "add" }, by: \.detail)
            let size = try #require(sizes.max { $0.value.count < $1.value.count }).key
            let sums = events.enumerated().filter { $0.element.detail.hasPrefix("gradients of block ") }.map(\.offset)
            try #require(sums.count >= 2)
            let between = events[sums[0]..<sums[1]].count { $0.detail == size }
            #expect(between <= 1, "\(events.map { "\($0.name) \($0.detail)" })")
        }
    }

    /// The events of rank 0's trace in the order of time.
    private func events(_ run: SmallRun, _ name: String) throws -> [(name: String, detail: String)] {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(run.folder)/\(name)/trace-rank-0.json"))
        let trace = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let events = try #require(trace["traceEvents"] as? [[String: Any]])
        let timed = events.compactMap { event -> (time: Double, name: String, detail: String)? in
            guard let time = event["ts"] as? Double, let name = event["name"] as? String else { return nil }
            return (time, name, (event["args"] as? [String: Any])?["detail"] as? String ?? "")
        }
        return timed.sorted { $0.time < $1.time }.map { ($0.name, $0.detail) }
    }

    private func trainAll(_ run: SmallRun, _ ranks: Int, _ name: String, _ keys: [String]) throws {
        let all = ["training.max_steps=8", "checkpoint.every_steps=4", "checkpoint.keep_last=3", "training.optimizer.learning_rate=1.0e-3"] + keys
        let result = try runTrainer(["train", run.configuration, "output=\(run.folder)/\(name)"] + all, ranks: ranks)
        try #require(result.status == 0, "\(name): \(result)")
    }
}
