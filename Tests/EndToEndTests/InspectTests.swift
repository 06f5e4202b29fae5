import Foundation
import TestSupport
import Testing

@Suite struct InspectTests {
    /// What `trainer inspect` prints.
    private func inspect(_ arguments: String...) throws -> String {
        let result = try runTrainer(["inspect"] + arguments)
        #expect(result.status == 0, "\(result)")
        return result.stdout
    }

    /// The one line of an inspection that fails, with its exit status.
    private func refusal(_ path: String) throws -> (line: String, status: Int32) {
        let result = try runTrainer(["inspect", path])
        #expect(result.stdout.isEmpty && result.stderr.split(separator: "\n").count == 1)
        return (result.stderr, result.status)
    }

    @Test("a GGUF file shows its format, metadata on one line each, types and tensors")
    func gguf() throws {
        let text = try inspect(fixture("reference.gguf", of: "Formats"))
        for part in ["GGUF 3", "llama", "test.string", "naïve Ġ", "one, , 三", "IQ2_XXS", "4 x 64", "plain"] {
            #expect(text.contains(part), "\(part)")
        }
        #expect(try inspect(fixture("split/model-00001-of-00003.gguf", of: "Formats")).contains("GGUF 3 in 3 parts"))
    }

    @Test("a model's folder shows the layers' tensors together, or each with --tensors, or all as JSON")
    func folder() throws {
        let path = fixture("sharded", of: "Training")
        let text = try inspect(path)
        #expect(text.contains("Hugging Face folder, 3 files of weights") && text.contains("LlamaForCausalLM") && text.contains("num_hidden_layers"))
        #expect(text.contains("model.layers.0-1.mlp.up_proj.weight") && !text.contains("model.layers.1.mlp.up_proj.weight"))
        #expect(try inspect(path, "--tensors").contains("model.layers.1.mlp.up_proj.weight"))
        let object = try JSONSerialization.jsonObject(with: Data(inspect(path, "--json").utf8)) as? [String: Any]
        let tensors = object?["tensors"] as? [[String: Any]]
        #expect(tensors?.count == object?["tensor_count"] as? Int && tensors?.isEmpty == false)
        #expect(tensors?.contains { $0["name"] as? String == "model.norm.weight" && $0["shape"] as? [Int] == [64] } == true)
        let bytes = tensors?.compactMap { $0["bytes"] as? Int }.reduce(0, +)
        #expect(bytes == object?["byte_count"] as? Int)
    }

    @Test("a safetensors file and an adapter are told apart and shown")
    func others() throws {
        #expect(try inspect(fixture("mixed.safetensors", of: "Formats")).contains("F8_E4M3"))
        let adapter = try inspect(fixture("tied/adapter", of: "Training"))
        #expect(adapter.contains("PEFT adapter") && adapter.contains("lora_alpha") && adapter.contains("layers.0-1.self_attn.q_proj.lora_A.weight"))
    }

    @Test("a checkpoint of a run shows its step, files and tensors; one with a changed byte is refused")
    func checkpoint() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            #expect(try run.train(ranks: nil, "training.max_steps=2").status == 0)
            #expect(try refusal("\(folder)/run").line.contains("is a run's folder"))
            let path = "\(folder)/run/checkpoints/step-00000002"
            let text = try inspect(path, "--tensors")
            for part in ["checkpoint of trainer", "step", "SHA-256", "value/model.layers.0.self_attn.q_proj.lora_A.weight/0"] {
                #expect(text.contains(part), "\(part)")
            }
            #expect(try inspect("\(folder)/run/adapter").contains("PEFT adapter"))
            var bytes = try Data(contentsOf: URL(fileURLWithPath: "\(path)/state-00001-of-00001.safetensors"))
            bytes[bytes.count - 1] ^= 1
            try bytes.write(to: URL(fileURLWithPath: "\(path)/state-00001-of-00001.safetensors"))
            let changed = try refusal(path)
            #expect(changed.status == 65 && changed.line.contains("state-00001-of-00001.safetensors"))
        }
    }

    @Test("bad files give their reader's error, and folders without weights say what to name")
    func bad() throws {
        try withTemporaryFolder { folder in
            #expect(try refusal("\(folder)/none").line.contains("does not exist"))
            try Data("GGUF".utf8).write(to: URL(fileURLWithPath: "\(folder)/cut.gguf"))
            let cut = try refusal("\(folder)/cut.gguf")
            #expect(cut.status == 65 && cut.line.contains("byte 4"))
            try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(folder)/cut.safetensors"))
            #expect(try refusal("\(folder)/cut.safetensors").line.contains("cut.safetensors: byte 0"))
            try Data("PK, a zip of pickles".utf8).write(to: URL(fileURLWithPath: "\(folder)/pytorch_model.bin"))
            #expect(try refusal("\(folder)/pytorch_model.bin").line.contains("neither as a GGUF nor as a safetensors"))
            try Data().write(to: URL(fileURLWithPath: "\(folder)/resolved.yaml"))
            #expect(try refusal(folder).line.contains("is a run's folder"))
        }
    }
}
