import Adapters
import Data
import Foundation
import Optimizers
import Support
import TestSupport
import Testing

@testable import Planning

let smallest = "model: {path: m}\ndata: {train: t.jsonl}\noutput: runs/a\n"

/// The lines of the error that a configuration is refused with; empty if it loads.
func refusal(_ yaml: String, _ overrides: [String] = [], rankCount: Int? = nil) -> [String] {
    do {
        _ = try RunConfiguration.load(yaml: yaml, file: "run.yaml", overrides: overrides, rankCount: rankCount)
        return []
    } catch {
        return error.description.split(separator: "\n").map(String.init)
    }
}

private let configs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../Configs").standardized.path

private func configFiles() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: configs).filter { $0.hasSuffix(".yaml") }.sorted()
}

@Suite struct RunConfigurationTests {
    @Test("keys: every stored property has a row of its name in snake_case, in every section")
    func everyPropertyHasAKey() {
        func snakeCase(_ name: String) -> String { name.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : "\($1)" } }
        func paths(_ value: any ConfigurationOptions, _ prefix: String) -> [String] {
            Mirror(reflecting: value).children.flatMap { child -> [String] in
                let name = snakeCase(child.label ?? "")
                guard let section = child.value as? any ConfigurationOptions else { return [prefix + name] }
                return paths(section, section is LoRAOptions ? prefix : "\(prefix)\(name).")
            }
        }
        #expect(RunConfiguration.explanations.map(\.path) == paths(RunConfiguration(), ""))
    }

    @Test("explanations: each key says what it holds and what it means in one sentence")
    func explained() {
        for explanation in RunConfiguration.explanations {
            #expect(!explanation.wanted.isEmpty)
            #expect(explanation.meaning.count > 10 && !explanation.meaning.hasSuffix("."), "\(explanation.path)")
        }
        #expect(RunConfiguration.explanations.first { $0.path == "method.lora_alpha" }?.defaultText == "32")
        #expect(
            RunConfiguration.explanation.contains("method.lora_alpha: 32\n    A number above 0; counts only where method.kind is lora or qlora.\n"))
    }

    @Test("counts and times have an upper limit, so that nothing computed from them overflows")
    func limits() {
        let keys = [
            "parallel.tensor", "parallel.pipeline", "parallel.context", "parallel.data", "parallel.threads", "parallel.zero_ranks",
            "evaluation.max_new_tokens", "training.epochs", "training.max_steps", "training.global_batch_tokens", "training.global_batch_rows",
            "training.microbatch_tokens", "training.eval_steps", "training.schedule.warmup_steps", "data.sequence_length", "data.max_rows",
            "method.r",
            "checkpoint.keep_last", "checkpoint.every_steps",
        ]
        for key in keys {
            #expect(refusal(smallest, ["\(key)=4611686018427387904"]).contains { $0.contains("\(key): found 4611686018427387904, wants ") }, "\(key)")
        }
        #expect(refusal(smallest, ["parallel.pipeline=2", "parallel.pipeline_chunks=4611686018427387904"]).count == 1)
        for key in ["checkpoint.every_minutes", "checkpoint.grace_seconds", "parallel.timeout_seconds"] {
            #expect(refusal(smallest, ["\(key)=1e20"]).first?.contains("\(key): found 1e20, wants a number ") == true, "\(key)")
        }
    }

    @Test("defaults: the smallest file needs a model, data and an output, and says so otherwise")
    func defaults() throws {
        let loaded = try RunConfiguration.load(yaml: smallest, file: "run.yaml")
        var wanted = RunConfiguration()
        (wanted.model.path, wanted.data.train, wanted.output) = ("m", "t.jsonl", "runs/a")
        #expect(loaded.configuration == wanted)
        #expect(
            loaded.origins == [
                "model.path": .file("run.yaml", line: 1), "data.train": .file("run.yaml", line: 2), "output": .file("run.yaml", line: 3),
            ])
        let missing = refusal("training: {seed: 1}\n").map { $0.prefix { $0 != "." } }
        #expect(missing == ["configuration: model", "configuration: data", "configuration: output: is missing"])
    }

    @Test("every file in Configs loads, opens with what it is for, and resolves to a file that loads to the same configuration")
    func everyConfig() throws {
        let files = try configFiles()
        #expect(files.contains("quickstart.yaml") && files.contains("lora.yaml") && files.contains("full.yaml"))
        for file in files {
            #expect(try String(contentsOfFile: "\(configs)/\(file)", encoding: .utf8).hasPrefix("# "))
            let loaded = try RunConfiguration.load(path: "\(configs)/\(file)")
            let again = try RunConfiguration.load(yaml: loaded.resolvedYAML(), file: "resolved.yaml")
            #expect(again.configuration == loaded.configuration, "\(file)")
            #expect(again.configuration.yaml() == loaded.configuration.yaml())
        }
    }

    @Test(
        "resolved: combinations that leave keys without effect load again too",
        arguments: [
            ["method.kind=full"], ["training.schedule.kind=constant"], ["training.schedule.warmup_steps=10"], ["training.global_batch_rows=16"],
            ["training.max_steps=100", "checkpoint.every_minutes=null", "checkpoint.every_steps=10"],
            ["data.validation=0.05", "training.eval_steps=5"], ["training.loss_scale=65536"],
            ["memory.gradient_dtype=float16", "training.initial_scale_power=10"],
            ["data.validation=\"0.05\"", "evaluation.samples=0"],
            ["method.target_modules=[q_proj, \"no\"]", "output=runs/a b # c", "checkpoint.resume=\"1\""],
        ])
    func resolvedLoadsAgain(overrides: [String]) throws {
        let loaded = try RunConfiguration.load(yaml: smallest, file: "run.yaml", overrides: overrides)
        let again = try RunConfiguration.load(yaml: loaded.resolvedYAML(), file: "resolved.yaml")
        #expect(again.configuration == loaded.configuration)
    }

    @Test("pain 36: the resolved file gives every value with its origin")
    func origins() throws {
        let loaded = try RunConfiguration.load(yaml: smallest, file: "run.yaml", overrides: ["method.r=8"])
        let lines = loaded.resolvedYAML(notes: ["parallel.data": "2 ranks"]).split(separator: "\n")
        func line(_ key: String) -> String? { lines.first { $0.contains("\(key):") }.map { $0.split(separator: " ").joined(separator: " ") } }
        #expect(line("path") == "path: m # run.yaml:1")
        #expect(line("r") == "r: 8 # command line")
        #expect(line("learning_rate") == "learning_rate: 0.0002 # default")
        #expect(line("data: auto") == nil && lines.contains { $0.hasPrefix("  data: auto") && $0.hasSuffix("# default; 2 ranks") })
    }

    @Test("names of PEFT and transformers lead to the keys they stand for")
    func foreignNames() {
        func nearest(_ key: String) -> String? { refusal(smallest, ["\(key)=1"]).first { $0.contains("no known key") } }
        #expect(
            nearest("training.num_train_epochs") == "configuration: command line: training.num_train_epochs: is no known key. Did you mean epochs?")
        let elsewhere = nearest("training.learning_rate")
        #expect(elsewhere == "configuration: command line: training.learning_rate: is no known key. Did you mean training.optimizer.learning_rate?")
        #expect(nearest("method.lora_alpa") == "configuration: command line: method.lora_alpa: is no known key. Did you mean lora_alpha?")
        #expect(nearest("metod") == "configuration: command line: metod: is no known key. Did you mean method?")
    }
}
