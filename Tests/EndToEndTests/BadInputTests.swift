import Foundation
import TestSupport
import Testing

/// What people get wrong: one line that says what, where and what to do, and a stable exit status.
@Suite struct BadInputTests {
    private func failure(_ prepare: (SmallRun) throws -> [String]) throws -> (status: Int32, lines: [String]) {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let keys = try prepare(run)
            let result = try runTrainer(["train", run.configuration] + keys, limitSeconds: 60)
            #expect(!result.isTimedOut)
            return (result.status, result.stderr.split(separator: "\n").map(String.init))
        }
    }

    @Test("keys: unknown ones get the nearest name, wrong types and ranges the key, all at once; exit status 64")
    func keys() throws {
        let found = try failure { _ in ["method.lora_alpa=3", "method.r=many", "training.optimizer.learning_rate=-1"] }
        #expect(found.status == 64)
        #expect(found.lines.count == 3)
        #expect(found.lines.contains { $0.contains("lora_alpa:") && $0.contains("Did you mean lora_alpha?") })
        #expect(found.lines.contains { $0.contains("method.r") && $0.contains("many") })
        #expect(found.lines.contains { $0.contains("learning_rate") && $0.contains("-1") })
    }

    @Test("targets that match nothing are refused with those that exist (pain 29)")
    func targets() throws {
        let found = try failure { _ in ["method.target_modules=[q_proj, w_proj]"] }
        #expect(found.status == 64 && found.lines.first?.contains("w_proj matches no linear layer") == true, "\(found)")
    }

    @Test("a model that is missing, cut short, of another family or with another tokenizer")
    func models() throws {
        let missing = try failure { _ in ["model.path=/nowhere"] }
        #expect(missing.status == 66 && missing.lines.count == 1, "\(missing)")
        let cut = try failure { run in
            let path = "\(run.model)/model.safetensors"
            let bytes = try #require(FileManager.default.contents(atPath: path))
            try bytes.prefix(bytes.count - 100).write(to: URL(fileURLWithPath: path))
            return []
        }
        #expect(cut.status == 65 && cut.lines.first?.contains("model.safetensors") == true, "\(cut)")
        func edited(_ old: String, _ new: String) throws -> (status: Int32, lines: [String]) {
            try failure { run in
                let path = "\(run.model)/config.json"
                let text = try String(contentsOfFile: path, encoding: .utf8)
                try text.replacing(old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
                return []
            }
        }
        let family = try edited("\"model_type\": \"llama\"", "\"model_type\": \"mamba\"")
        #expect(family.status == 64 && family.lines.first?.contains("mamba") == true, "\(family)")
        let vocabulary = try edited("\"vocab_size\": 1504", "\"vocab_size\": 100")
        #expect(vocabulary.status == 65 && vocabulary.lines.first?.contains("tokenizer") == true, "\(vocabulary)")
        let shape = try edited("\"intermediate_size\": 128", "\"intermediate_size\": 96")
        #expect(shape.status == 70 && shape.lines.first?.contains("gate_proj") == true, "\(shape)")
    }

    @Test("rows: malformed, none, all masked, too long; each names the file and the line (pains 3 and 9)")
    func rows() throws {
        func with(_ text: String, _ keys: [String] = []) throws -> (status: Int32, lines: [String]) {
            try failure { run in
                try text.write(toFile: run.rows, atomically: true, encoding: .utf8)
                return keys
            }
        }
        let good = #"{"prompt": "a", "completion": " b"}"#
        let malformed = try with("\(good)\n{\"prompt\": \"a\", \n")
        #expect(malformed.status == 65 && malformed.lines.first?.contains("rows.jsonl:2") == true, "\(malformed)")
        let none = try with("")
        #expect(none.status != 0 && none.lines.count == 1 && none.lines[0].contains("rows.jsonl"), "\(none)")
        let long = try with("\(good)\n" + #"{"prompt": "\#(String(repeating: "word ", count: 200))", "completion": " b"}"#)
        #expect(long.status == 65 && long.lines.first?.contains("rows.jsonl: has rows of more than the 64 tokens") == true, "\(long)")
        #expect(long.lines.first?.contains("1 (line 2)") == true)
        let masked = try with(
            "\(good)\n" + #"{"prompt": "\#(String(repeating: "word ", count: 200))", "completion": " b"}"#, ["data.overlength=truncate"])
        #expect(masked.status == 65 && masked.lines.first?.contains("no token to train on") == true, "\(masked)")
    }

    @Test("an output folder that holds something else, and one that can't be made")
    func outputs() throws {
        let other = try failure { run in
            try FileManager.default.createDirectory(atPath: "\(run.folder)/run", withIntermediateDirectories: true)
            try "x".write(toFile: "\(run.folder)/run/thesis.txt", atomically: true, encoding: .utf8)
            return []
        }
        #expect(other.status == 66 && other.lines.first?.contains("thesis.txt") == true, "\(other)")
        let impossible = try failure { _ in ["output=/proc/none"] }
        #expect(impossible.status == 66 && impossible.lines.count == 1, "\(impossible)")
    }
}
