import Formats
import Foundation
import Support
import TestSupport
import Testing

/// What a run leaves beside its weights, and what is made of it: merged models, refusals.
@Suite struct ProvenanceTests {
    private func record(_ folder: String) throws -> Provenance { try #require(try Provenance.read(folder: folder)) }

    @Test("pain 6: an adapter says what it was trained on and how, the same from any number of ranks, and names no folder of the machine")
    func records() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let alone = try run.train(ranks: nil, "training.max_steps=4", "output=\(folder)/alone")
            try #require(alone.status == 0, "\(alone)")
            let together = try run.train(ranks: 2, "training.max_steps=4", "output=\(folder)/together", "method.kind=qlora")
            try #require(together.status == 0, "\(together)")
            let (one, two) = (try record("\(folder)/alone/adapter"), try record("\(folder)/together/adapter"))
            #expect(one.kind == .adapter && one.base.modelType == "llama" && one.base.quantization == nil && two.base.quantization == "nf4")
            #expect(one.base.tensors.map(\.fingerprint) == two.base.tensors.map(\.fingerprint) && one.base.tensors.count == 20)
            #expect(one.base.files == two.base.files && one.base.files.allSatisfy { $0.sha256?.count == 64 })
            let linear = try #require(two.base.tensors.first { $0.name.hasSuffix("0.mlp.up_proj.weight") })
            #expect(linear.trainedAs == "nf4" && linear.trainedFingerprint != nil && linear.trainedFingerprint != linear.fingerprint)
            #expect(one.base.tensors.allSatisfy { $0.trainedFingerprint == nil })
            let training = try #require(one.training)
            #expect(training.steps == 4 && training.rowsSeen == 32 && training.rowsHeldOut == 8 && training.seed == 42 && training.ranks == 1)
            #expect(training.tokensSeen == two.training?.tokensSeen && training.trainedTokensSeen < training.tokensSeen)
            #expect(training.lossBefore != nil && training.lossAfter != nil && training.templateHash == nil)
            #expect(training.trainingFiles.count == 1 && training.trainingFiles[0].sha256?.count == 64)
            for name in [Provenance.fileName, "README.md", "adapter_config.json"] {
                let text = try String(contentsOfFile: "\(folder)/alone/adapter/\(name)", encoding: .utf8)
                #expect(!text.contains("\"/") && !text.contains(" /"), "\(name) names an absolute path")
            }
        }
    }

    @Test("pain 26: trainer merge compares on the run's held-out rows; NF4 is said and can be merged onto; the merged model generates and trains on")
    func merge() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let trained = try run.train(ranks: nil, "method.kind=qlora")
            try #require(trained.status == 0, "\(trained)")
            let adapter = "\(folder)/run/adapter"
            let original = try runTrainer(["merge", adapter, "\(folder)/original"])
            try #require(original.status == 0, "\(original)")
            #expect(original.stdout.contains("note: the adapter was trained on weights in NF4") && original.stdout.contains("to NF4"))
            #expect(original.stdout.contains("held-out rows of the adapter's run"))
            let decoded = try runTrainer(["merge", adapter, "\(folder)/decoded", "--onto", "nf4", "--dtype", "float32"])
            try #require(decoded.status == 0, "\(decoded)")
            #expect(!decoded.stdout.contains("note:"))
            let (merged, own) = (try record("\(folder)/decoded"), try record(adapter))
            #expect(merged.kind == .merged && merged.merge?.onto == "nf4" && merged.training == own.training)
            for name in ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "README.md"] {
                #expect(FileManager.default.fileExists(atPath: "\(folder)/decoded/\(name)"), "\(name) is missing")
            }
            func written(_ arguments: [String]) throws -> String {
                let result = try runTrainer(["generate", "--prompt", "red green =", "--max-new-tokens", "12"] + arguments)
                try #require(result.status == 0, "\(result)")
                return result.stdout
            }
            #expect(try written(["\(folder)/decoded"]) == written([run.model, "--adapter", adapter, "--nf4"]))
            let next = try run.train(ranks: nil, "model.path=\(folder)/decoded", "output=\(folder)/next", "training.max_steps=1")
            #expect(next.status == 0, "\(next)")
            let again = try runTrainer(["merge", adapter, "\(folder)/decoded"])
            #expect(again.status == 66 && again.stderr.contains("exists already"), "\(again)")
        }
    }

    @Test("pain 28: another base than the adapter's is refused by merge, generate and eval, which name the first tensor that differs, unless forced")
    func anotherBase() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let trained = try run.train(ranks: nil, "training.max_steps=2")
            try #require(trained.status == 0, "\(trained)")
            let path = "\(run.model)/model.safetensors"
            let (name, file) = ("model.layers.1.mlp.down_proj.weight", try SafeTensorsFile(path: path))
            let entry = try file.entry(name)
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            bytes[entry.offset + entry.byteCount - 4] ^= 1
            try bytes.write(to: URL(fileURLWithPath: path))
            let adapter = "\(folder)/run/adapter"
            let commands = [
                ["merge", adapter, "\(folder)/merged"], ["generate", run.model, "--adapter", adapter, "--prompt", "red =", "--max-new-tokens", "2"],
                ["eval", run.configuration, "--adapter", adapter],
            ]
            for command in commands {
                let refused = try runTrainer(command)
                #expect(
                    refused.status == 64 && refused.stderr.contains(": \(name) of ") && refused.stderr.contains("model has other values"),
                    "\(refused)")
                #expect(refused.stderr.split(separator: "\n").count == 1)
                let forced = try runTrainer(command + ["--any-base"])
                #expect(forced.status == 0 && (forced.stdout + forced.stderr).contains("note: forced: "), "\(forced)")
            }
        }
    }

    @Test("eval and generate tell of rows or a prompt rendered by another chat template than the adapter's, and are silent where by the same")
    func anotherTemplate() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            for (name, mark) in [("one", "#"), ("two", "%%")] {
                let turns = "{% for m in messages %}\(mark) {{ m['role'] }}: {{ m['content'] }}<|im_end|>{% endfor %}"
                let template = "\(turns){% if add_generation_prompt %}\(mark) assistant: {% endif %}"
                try template.write(toFile: "\(folder)/\(name).jinja", atomically: true, encoding: .utf8)
            }
            func keys(_ name: String) -> [String] {
                ["data.prompts_as_chat=true", "data.sequence_length=96", "data.chat_template=\(folder)/\(name).jinja"]
            }
            let trained = try runTrainer([run.configuration, "training.max_steps=2"] + keys("one"))
            try #require(trained.status == 0, "\(trained)")
            func evaluated(_ keys: [String]) throws -> String {
                let result = try runTrainer(["eval", run.configuration, "--adapter", "\(folder)/run/adapter"] + keys)
                try #require(result.status == 0, "\(result)")
                return result.stdout
            }
            #expect(try !evaluated(keys("one")).contains("note:"))
            #expect(try evaluated(keys("two")).contains("note: these rows' chat template, SHA-256 "))
            #expect(try evaluated([]).contains("note: these rows are no chats"))
            func generated(_ words: String...) throws -> String {
                let fixed = ["generate", run.model, "--adapter", "\(folder)/run/adapter", "--prompt", "red", "--max-new-tokens", "2"]
                let result = try runTrainer(fixed + words)
                try #require(result.status == 0, "\(result)")
                return result.stderr
            }
            #expect(try !generated("--chat").contains("that was trained with"))
            #expect(try generated("--chat", "--chat-template", "\(folder)/two.jinja").contains("note: the prompt's chat template, SHA-256 "))
            #expect(try generated().contains("note: the prompt is no chat, but the adapter was trained on chats"))
        }
    }
}
