import Formats
import Foundation
import Support
import TestSupport
import Testing

/// One result, any layout: what a run leaves does not depend on how its ranks share the work.
@Suite(.serialized) struct LayoutTests {
    /// Ranks, and how they are laid out.
    struct Layout: CustomTestStringConvertible {
        let ranks: Int
        let keys: [String]
        var testDescription: String { "\(ranks): \(keys.joined(separator: " "))" }

        init(_ ranks: Int, _ keys: String...) {
            self.ranks = ranks
            self.keys = keys
        }
    }

    /// All that `Launch/layouts` tries: each kind of division alone and with others, every stage, every schedule, what saves memory on and off.
    private static let all = [
        Layout(2, "parallel.zero=1"),
        Layout(2, "parallel.tensor=2"),
        Layout(3, "parallel.context=3"),
        Layout(2, "parallel.pipeline=2", "parallel.pipeline_schedule=gpipe"),
        Layout(3, "parallel.tensor=3", "memory.checkpointing=full"),
        Layout(3, "parallel.zero=3", "memory.offload_activations=true"),
        Layout(2, "parallel.pipeline=2", "parallel.pipeline_schedule=interleaved", "parallel.pipeline_chunks=2"),
        Layout(4, "parallel.pipeline=4", "parallel.pipeline_schedule=1f1b", "memory.checkpointing=full"),
        Layout(6, "parallel.tensor=3", "parallel.pipeline=2"),
        Layout(3, "parallel.pipeline=3", "parallel.pipeline_schedule=zero_bubble", "memory.offload_activations=true"),
        Layout(4, "parallel.tensor=2", "parallel.zero=2"),
        Layout(4, "parallel.zero=3", "parallel.zero_ranks=2"),
        Layout(6, "parallel.tensor=3", "parallel.zero=3"),
        Layout(4, "parallel.context=2", "parallel.zero=3", "memory.checkpointing=full"),
        Layout(8, "parallel.context=2", "parallel.tensor=2", "parallel.pipeline=2", "parallel.pipeline_schedule=zero_bubble"),
        Layout(4, "parallel.pipeline=2", "parallel.pipeline_schedule=zero_bubble", "parallel.zero=3", "memory.checkpointing=selective"),
        Layout(8, "parallel.tensor=2", "parallel.pipeline=2", "parallel.zero=1"),
        Layout(8, "parallel.tensor=2", "parallel.pipeline=2", "parallel.pipeline_schedule=zero_bubble", "parallel.zero=2"),
        Layout(6, "parallel.tensor=6", "memory.offload_activations=true"),
        Layout(4, "parallel.context=4", "memory.offload_activations=true"),
        Layout(6, "parallel.context=3", "parallel.tensor=2", "memory.checkpointing=selective"),
        Layout(6, "parallel.context=2", "parallel.pipeline=3", "parallel.zero=2"),
        Layout(8, "parallel.context=2", "parallel.tensor=2", "parallel.zero=3"),
        Layout(4, "parallel.zero=1", "parallel.zero_ranks=2"),
        Layout(8, "parallel.zero=2", "memory.checkpointing=every_2"),
        Layout(6, "parallel.pipeline=3", "parallel.zero=2", "parallel.pipeline_schedule=gpipe", "memory.checkpointing=full"),
        Layout(
            8, "parallel.tensor=2", "parallel.pipeline=2", "parallel.pipeline_schedule=interleaved", "parallel.pipeline_chunks=2", "parallel.zero=3"),
    ]

    /// Each layout with one of the methods, or with all of them where `TRAINER_TEST_LAYOUTS` says `all`.
    private static func layouts(_ method: Int) -> [Layout] {
        if ProcessInfo.processInfo.environment["TRAINER_TEST_LAYOUTS"] == "all" { return all }
        return all.prefix(16).enumerated().filter { $0.offset % 3 == method }.map(\.element)
    }

    @Test("pain 24: losses of one rank to 1e-5 in each of ten steps, and its results", arguments: zip(["full", "lora", "qlora"], 0..<3))
    func layouts(kind: String, number: Int) throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder, .wide, method: kind)
            try run.train(Layout(1), "alone")
            for (index, layout) in Self.layouts(number).enumerated() {
                try run.train(layout, "\(index)")
                try run.expectSame("\(index)", as: "alone", "\(kind) on \(layout.testDescription)")
            }
        }
    }

    @Test("key heads that are fewer than the ranks are shared by some of them", arguments: ["full", "lora"])
    func sharedHeads(kind: String) throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder, method: kind)
            try run.train(Layout(1), "alone")
            // Stages of a pipeline come to their backwards at different times.
            let layouts = [
                Layout(4, "parallel.tensor=4"), Layout(8, "parallel.tensor=4", "parallel.zero=3"),
                Layout(8, "parallel.tensor=4", "parallel.pipeline=2"),
            ]
            for (index, layout) in layouts.enumerated() {
                try run.train(layout, "\(index)")
                try run.expectSame("\(index)", as: "alone", "\(kind) on \(layout.testDescription)")
            }
        }
    }

    @Test(
        "pain 20: saved on tensor 2 × data 2 in stage 2, a run goes on on a pipeline, on one rank, and on 3 ranks in stage 3 as if nothing had been")
    func resumes() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder, .wide)
            let saves = ["checkpoint.every_steps=5", "checkpoint.keep_last=3"]
            try run.train(Layout(4, "parallel.tensor=2", "parallel.zero=2"), "whole", saves)
            let goesOn = ["checkpoint.resume=\(folder)/whole/checkpoints/step-00000005"]
            let layouts = [
                Layout(4, "parallel.tensor=2", "parallel.zero=2"), Layout(4, "parallel.zero=2", "parallel.zero_ranks=2"),
                Layout(2, "parallel.pipeline=2"), Layout(1), Layout(3, "parallel.zero=3"),
                Layout(6, "parallel.tensor=3", "parallel.pipeline=2"),
            ]
            let all = try run.losses("whole")
            for (index, layout) in layouts.enumerated() {
                try run.train(layout, "\(index)", goesOn)
                let rest = try run.losses("\(index)")
                #expect(all.count == 10 && rest.count == 5)
                for (a, b) in zip(all.suffix(5), rest) { #expect(abs(a - b) <= 1e-5 * abs(a), "\(layout.testDescription)") }
                // The same layout: the same bits.
                if index == 0 { #expect(try run.adapterBytes("0") == run.adapterBytes("whole") && Array(all.suffix(5)) == rest) }
            }
        }
    }

    @Test("a rank sends in a step what the formulas say, and no byte more; in 16 bits half of it")
    func volume() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder, method: "full")
            let (layers, channels) = (SmallRun.Shape.narrow.layers, SmallRun.Shape.narrow.channels)
            /// What was sent in the second step, and the step's tokens and microbatches of the first copy.
            func sent(_ name: String, _ layout: Layout) throws -> (bytes: [String: Int], tokens: Int) {
                // Each rank's microbatches are one: all rows of a step fit.
                try run.train(layout, name, ["training.max_steps=2", "training.microbatch_tokens=1024", "checkpoint.background=false"])
                let lines = try String(contentsOfFile: "\(folder)/\(name)/metrics.jsonl", encoding: .utf8).split(separator: "\n")
                for line in lines.reversed() {
                    let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                    if let bytes = object?["sent_bytes"] as? [String: Int], let tokens = object?["tokens"] as? Int { return (bytes, tokens) }
                }
                Issue.record("no step of \(name)")
                return ([:], 0)
            }
            try run.train(Layout(1), "alone", ["training.max_steps=2"])
            let model = try SafeTensorsFile(path: "\(folder)/alone/model/model.safetensors")
            let parameters = try model.names.reduce(0) { $0 + (try model.entry($1).shape.reduce(1, *)) }

            let copies = try sent("copies", Layout(2, "parallel.zero=0"))
            #expect(copies.bytes == ["gradients": 4 * parameters])
            let shared = try sent("shared", Layout(2, "parallel.zero=1"))
            // What fills each unit's parts up to whole blocks of 256 travels along.
            let units = layers + 2
            for purpose in ["gradients", "parameters"] {
                let found = shared.bytes[purpose] ?? 0
                #expect(found >= 2 * parameters && found < 2 * parameters + 4 * 256 * units, "\(purpose): \(found)")
            }
            #expect(shared.bytes.count == 2)

            let stages = try sent("stages", Layout(2, "parallel.pipeline=2"))
            let embedding = try model.entry("model.embed_tokens.weight").shape.reduce(1, *)
            #expect(stages.bytes == ["activations between stages": 4 * stages.tokens * channels, "gradients": 4 * embedding])

            let cut = try sent("cut", Layout(2, "parallel.tensor=2"))
            // In each block four gathers and sums in forward, six in backward; two for the embedding, two for the head. Half of each is sent, and a
            // rank may have a row more than half.
            let transfers = 10 * layers + 4
            let half = 2 * cut.tokens * channels * transfers
            let found = cut.bytes["activations in tensor groups"] ?? 0
            #expect(abs(found - half) <= 4 * channels * transfers / 2, "\(found), \(half)")
            #expect(cut.bytes["gradients of copies"] == 4 * channels * (2 * layers + 1))

            // In two bytes an element half of it, but what a tensor group sums of its copies.
            let (gradients, activations) = ("parallel.gradient_dtype=bfloat16", "parallel.activation_dtype=float16")
            #expect(try sent("copies-16", Layout(2, "parallel.zero=0", gradients)).bytes == ["gradients": 2 * parameters])
            let shared16 = try sent("shared-16", Layout(2, "parallel.zero=1", gradients)).bytes
            #expect(shared16 == ["gradients": (shared.bytes["gradients"] ?? 0) / 2, "parameters": shared.bytes["parameters"] ?? 0])
            #expect(try sent("stages-16", Layout(2, "parallel.pipeline=2", gradients, activations)).bytes == stages.bytes.mapValues { $0 / 2 })
            let cut16 = try sent("cut-16", Layout(2, "parallel.tensor=2", activations)).bytes
            #expect(cut16["activations in tensor groups"] == found / 2 && cut16["gradients of copies"] == cut.bytes["gradients of copies"])
        }
    }

    @Test("what a model can't be divided into is refused before anything is loaded, with what would work")
    func refused() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            func refusal(_ ranks: Int, _ keys: String...) throws -> String {
                let result = try runTrainer(["train", run.configuration] + keys, ranks: ranks)
                #expect(result.status == 64, "\(result)")
                return result.stderr
            }
            #expect(
                try refusal(3, "parallel.tensor=3").contains(
                    "parallel.tensor: 3 ranks can't share out 4 query and 2 key heads evenly. Use 1, 2 or 4."))
            #expect(
                try refusal(3, "parallel.pipeline=3").contains("parallel.pipeline: 3 stages are more than the 2 blocks of the model. Use 1 to 2."))
            #expect(
                try refusal(2, "parallel.tensor=2", "method.kind=qlora").contains("within a block of 64 of nf4. Use another parallel.tensor"))
            #expect(
                try refusal(2, "parallel.hierarchical=true").contains(
                    "parallel.hierarchical: is true, which takes two nodes or more that hold as many of the ranks with the same parameters each, at least 2; there are 2 ranks on 1 node"
                ))
            #expect(try refusal(3, "parallel.tensor=2").contains("take 2 ranks each, and the job has 3. Start 2 or 4 ranks"))
        }
    }
}

extension SmallRun {
    /// With AdamW's epsilon well above what rounding leaves of a gradient that is nothing, so that rounding alone takes no element anywhere.
    fileprivate func train(_ layout: LayoutTests.Layout, _ name: String, _ more: [String] = []) throws {
        let keys =
            [
                "training.max_steps=10", "training.microbatch_tokens=96", "training.optimizer.learning_rate=5.0e-4",
                "training.optimizer.epsilon=1.0e-6", "output=\(folder)/\(name)",
            ] + layout.keys + more
        let result = try runTrainer(["train", configuration] + keys, ranks: layout.ranks, limitSeconds: 240)
        try #require(result.status == 0, "\(layout): \(result)")
    }

    /// Compares losses and results of two runs, to 1e-5: relative of losses, and of weights by norm.
    func expectSame(_ found: String, as wanted: String, _ comment: String) throws {
        let (a, b) = (try losses(wanted), try losses(found))
        #expect(a.count == b.count)
        for (step, (a, b)) in zip(a, b).enumerated() { #expect(abs(a - b) <= 1e-5 * abs(a), "\(comment): step \(step + 1)") }
        for (name, values) in try results(wanted, found) {
            // By norm: AdamW takes an element whose gradient is small as far as any other.
            let apart = zip(values[0], values[1]).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
            let norm = values[0].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            #expect(apart <= 1e-5 * norm, "\(comment): \(name), \(apart / norm)")
        }
    }
}
