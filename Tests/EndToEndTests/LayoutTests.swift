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

    private static let layouts = [
        Layout(3, "parallel.tensor=3"),
        Layout(2, "parallel.pipeline=2", "parallel.pipeline_schedule=gpipe"),
        Layout(4, "parallel.pipeline=4", "parallel.pipeline_schedule=1f1b", "memory.checkpointing=full"),
        Layout(2, "parallel.pipeline=2", "parallel.pipeline_schedule=interleaved", "parallel.pipeline_chunks=2"),
        Layout(3, "parallel.pipeline=3", "parallel.pipeline_schedule=zero_bubble", "memory.offload_activations=true"),
        Layout(6, "parallel.tensor=3", "parallel.pipeline=2"),
        Layout(4, "parallel.tensor=2", "parallel.zero=2"),
        Layout(6, "parallel.tensor=3", "parallel.zero=3"),
        Layout(4, "parallel.pipeline=2", "parallel.zero=3", "memory.checkpointing=selective"),
        Layout(8, "parallel.tensor=2", "parallel.pipeline=2", "parallel.zero=1"),
        Layout(8, "parallel.tensor=2", "parallel.pipeline=2", "parallel.pipeline_schedule=zero_bubble", "parallel.zero=2"),
        Layout(6, "parallel.tensor=6"),
    ]

    @Test("pain 24: losses and results of one rank to 1e-5", arguments: ["full", "lora", "qlora"])
    func layouts(kind: String) throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder, .wide, method: kind)
            try run.train(Layout(1, "training.microbatch_tokens=96"), "alone")
            for (number, layout) in Self.layouts.enumerated() {
                try run.train(layout, "\(number)")
                try run.expectSame("\(number)", as: "alone", "\(kind) on \(layout.testDescription)")
            }
        }
    }
}

extension SmallRun {
    fileprivate func train(_ layout: LayoutTests.Layout, _ name: String, _ more: String...) throws {
        let keys =
            ["training.max_steps=10", "training.microbatch_tokens=96", "training.optimizer.learning_rate=5.0e-4", "output=\(folder)/\(name)"]
            + layout.keys + more
        let result = try runTrainer(["train", configuration] + keys, ranks: layout.ranks, limitSeconds: 240)
        try #require(result.status == 0, "\(layout): \(result)")
    }

    /// Compares losses and results of two runs, to 1e-5: relative of losses, absolute of weights.
    func expectSame(_ found: String, as wanted: String, _ comment: String) throws {
        let (a, b) = (try losses(wanted), try losses(found))
        #expect(a.count == b.count)
        for (step, (a, b)) in zip(a, b).enumerated() { #expect(abs(a - b) <= 1e-5 * abs(a), "\(comment): step \(step + 1)") }
        let files = try [wanted, found].map { name in
            try SafeTensorsFile(
                path: ["adapter/adapter_model", "model/model"].map { "\(folder)/\(name)/\($0).safetensors" }.first {
                    FileManager.default.fileExists(atPath: $0)
                } ?? "")
        }
        for name in files[0].names {
            let values = try files.map { file in Array(try file.entry(name).bytes.bindMemory(to: Float.self)) }
            // By norm: AdamW takes an element whose gradient is nothing but rounding as far as any other.
            let apart = zip(values[0], values[1]).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
            let norm = values[0].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            #expect(apart <= 1e-5 * norm, "\(comment): \(name), \(apart / norm)")
        }
    }
}
