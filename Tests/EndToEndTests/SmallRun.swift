import Formats
import Foundation
import Support
import TestSupport
import Tensors

/// A tiny random model with a real tokenizer, some rows, and a configuration that trains on them in a second or two.
struct SmallRun {
    let folder: String
    var model: String { "\(folder)/model" }
    var rows: String { "\(folder)/rows.jsonl" }
    var configuration: String { "\(folder)/run.yaml" }

    init(in folder: String) throws {
        self.folder = folder
        try writeModel()
        try rowLines(40).joined(separator: "\n").write(toFile: rows, atomically: true, encoding: .utf8)
        try """
        model: {path: \(model)}
        method: {kind: lora, r: 4, lora_alpha: 8, lora_dropout: 0.1}
        data: {train: \(rows), validation: 0.2, sequence_length: 64, cache: \(folder)/cache}
        training: {max_steps: 20, global_batch_rows: 8, microbatch_tokens: 128, optimizer: {learning_rate: 5.0e-3}}
        checkpoint: {every_steps: 2}
        evaluation: {samples: 0}
        output: \(folder)/run

        """.write(toFile: configuration, atomically: true, encoding: .utf8)
    }

    private func rowLines(_ count: Int) -> [String] {
        let words = ["red", "green", "blue", "small", "large", "round", "flat", "old", "new", "warm"]
        let random = Philox(seed: 1, purpose: .sampling)
        return (0..<count).map { row in
            let length = 2 + Int(random.words(UInt64(row)).0 % 9)
            let picked = (0..<length).map { words[Int(random.words(UInt64(row), UInt64($0 + 1)).0 % 10)] }
            return #"{"prompt": "\#(picked.joined(separator: " ")) =", "completion": " \#(picked.reversed().joined(separator: " "))"}"#
        }
    }

    /// Two blocks of 64 channels over the vocabulary of a small tokenizer of TokenizersTests.
    private func writeModel() throws {
        try FileManager.default.createDirectory(atPath: model, withIntermediateDirectories: true)
        let tokenizer = "\(repositoryRoot)/Tests/TokenizersTests/Fixtures/smollm"
        for name in try FileManager.default.contentsOfDirectory(atPath: tokenizer) {
            try FileManager.default.copyItem(atPath: "\(tokenizer)/\(name)", toPath: "\(model)/\(name)")
        }
        try """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "max_position_embeddings": 256,
         "vocab_size": 1504, "tie_word_embeddings": true, "hidden_act": "silu", "eos_token_id": 2, "torch_dtype": "float32"}
        """.write(toFile: "\(model)/config.json", atomically: true, encoding: .utf8)
        var tensors = [tensor("model.embed_tokens.weight", [1504, 64]), tensor("model.norm.weight", [64])]
        for layer in 0..<2 {
            for (name, shape) in [
                ("self_attn.q_proj", [64, 64]), ("self_attn.k_proj", [32, 64]), ("self_attn.v_proj", [32, 64]), ("self_attn.o_proj", [64, 64]),
                ("mlp.gate_proj", [128, 64]), ("mlp.up_proj", [128, 64]), ("mlp.down_proj", [64, 128]), ("input_layernorm", [64]),
                ("post_attention_layernorm", [64]),
            ] { tensors.append(tensor("model.layers.\(layer).\(name).weight", shape)) }
        }
        try SafeTensorsFolderWriter(tensors).write(to: model)
    }

    private func tensor(_ name: String, _ shape: [Int]) -> TensorToWrite {
        let random = Philox(seed: UInt64(name.utf8.reduce(0) { ($0 * 31 + Int($1)) % 1_000_003 }), purpose: .initialValues)
        let values = (0..<shape.reduce(1, *)).map { index in
            let words = random.words(UInt64(index))
            return shape.count == 1 ? 1 : 0.15 * Philox.normals(words.0, words.1).0
        }
        return TensorToWrite(name, shape, floats: values)
    }

    /// Runs it on some ranks; every further argument sets a key.
    func train(ranks: Int?, _ overrides: String..., limitSeconds: Double = 120) throws -> ProgramResult {
        try runTrainer(["train", configuration] + overrides, ranks: ranks, limitSeconds: limitSeconds)
    }

    /// The losses of every step, as metrics.jsonl has them.
    func losses(_ run: String) throws -> [Double] {
        let text = try String(contentsOfFile: "\(folder)/\(run)/metrics.jsonl", encoding: .utf8)
        return try text.split(separator: "\n").compactMap { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return object?["total_steps"] == nil ? nil : object?["loss"] as? Double
        }
    }

    func adapterBytes(_ run: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(run)/adapter/adapter_model.safetensors"))
    }
}
