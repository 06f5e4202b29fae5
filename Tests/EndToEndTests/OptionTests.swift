import Foundation
import TestSupport
import Testing

/// Numbers and paths on the command line that no configuration holds.
@Suite(.serialized) struct OptionTests {
    private func expectRefusal(_ words: [String], _ part: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let result = try runTrainer(words, limitSeconds: 60)
        let lines = result.stderr.split(separator: "\n")
        #expect(result.status == 64 && lines.count == 1 && result.stderr.contains(part), "\(words): \(result)", sourceLocation: sourceLocation)
    }

    @Test("pain 24: numbers that nothing can be done with are refused by their option's name")
    func numbers() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            for (option, value) in [
                ("--sequences", "0"), ("--rows", "0"), ("--steps=-3", ""), ("--warmup=-9223372036854775808", ""), ("--length", "1"),
            ] {
                let words = [option, value].filter { !$0.isEmpty }
                try expectRefusal(["benchmark", run.model, "lora"] + words, "configuration: \(option.split(separator: "=")[0]): ")
            }
            try "{\"prompt\": \"red =\", \"completion\": \" blue\"}\n".write(toFile: "\(folder)/one.jsonl", atomically: true, encoding: .utf8)
            try expectRefusal(["benchmark", run.model, "lora", "--pairs", "\(folder)/one.jsonl"], "one.jsonl has not the 32 rows of a step")
            let configuration = run.configuration
            for words in [
                ["benchmark", run.model, "lora"], ["generate", run.model, "--prompt", "red"], ["merge", "\(folder)/none", "\(folder)/merged"],
                ["eval", configuration], ["doctor"], ["data", "show", configuration],
            ] {
                try expectRefusal(words + ["--threads", "0"], "configuration: --threads: 0 is no number of threads. Use 1 or more.")
            }
            try expectRefusal(["eval", configuration, "--max-new-tokens", "9223372036854775807"], "--max-new-tokens are from 1")
            let long = try runTrainer(["generate", run.model, "--prompt", "red", "--max-new-tokens", "9223372036854775807"], limitSeconds: 60)
            #expect(long.status == 0, "\(long)")
        }
    }

    @Test("a configuration whose path has an equals sign is a file, and what sets a key is not")
    func paths() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            try FileManager.default.createDirectory(atPath: "\(folder)/lr=1e-3", withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: run.configuration, toPath: "\(folder)/lr=1e-3/run.yaml")
            try FileManager.default.copyItem(atPath: run.configuration, toPath: "\(folder)/lr=2")
            for (path, place) in [("\(folder)/lr=1e-3/run.yaml", folder), ("lr=1e-3/run.yaml", folder), ("lr=2", folder)] {
                let result = try runTrainer(["data", "show", "data.max_rows=7", path, "--rows", "0"], folder: place, limitSeconds: 60)
                #expect(result.status == 0 && result.stdout.contains("7"), "\(result)")
                let doctor = try runTrainer(["doctor", path], folder: place, limitSeconds: 60)
                #expect(doctor.status != 64, "\(doctor)")
            }
            let evaluated = try runTrainer(["eval", "lr=1e-3/run.yaml", "data.train=\(run.rows)"], folder: folder, limitSeconds: 60)
            #expect(evaluated.status == 0 && evaluated.stdout.contains("perplexity"), "\(evaluated)")
        }
    }
}
