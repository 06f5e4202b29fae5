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

    /// The model's shape.
    struct Shape {
        var layers: Int
        var channels: Int
        var heads: Int
        var keyHeads: Int
        var width: Int
        var headSize: Int { channels / heads }

        /// Two blocks of 64 channels.
        static let narrow = Shape(layers: 2, channels: 64, heads: 4, keyHeads: 2, width: 128)
        /// Four blocks that 2, 3 or 6 ranks of a tensor group can share out, in NF4 too.
        static let wide = Shape(layers: 4, channels: 384, heads: 12, keyHeads: 6, width: 768)
    }

    init(in folder: String, _ shape: Shape = .narrow, method: String = "lora") throws {
        self.folder = folder
        try writeModel(shape)
        try rowLines(40).joined(separator: "\n").write(toFile: rows, atomically: true, encoding: .utf8)
        try """
        model: {path: \(model)}
        method: {\(method == "full" ? "kind: full" : "kind: \(method), r: 4, lora_alpha: 8, lora_dropout: 0.1")}
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

    /// Over the vocabulary of a small tokenizer of TokenizersTests.
    private func writeModel(_ shape: Shape) throws {
        try FileManager.default.createDirectory(atPath: model, withIntermediateDirectories: true)
        let tokenizer = "\(repositoryRoot)/Tests/TokenizersTests/Fixtures/smollm"
        for name in try FileManager.default.contentsOfDirectory(atPath: tokenizer) {
            try FileManager.default.copyItem(atPath: "\(tokenizer)/\(name)", toPath: "\(model)/\(name)")
        }
        try """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": \(shape.channels),
         "intermediate_size": \(shape.width), "num_hidden_layers": \(shape.layers),
         "num_attention_heads": \(shape.heads), "num_key_value_heads": \(shape.keyHeads), "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "max_position_embeddings": 256,
         "vocab_size": 1504, "tie_word_embeddings": true, "hidden_act": "silu", "eos_token_id": 2, "torch_dtype": "float32"}
        """.write(toFile: "\(model)/config.json", atomically: true, encoding: .utf8)
        let (channels, width, keys) = (shape.channels, shape.width, shape.keyHeads * shape.headSize)
        var tensors = [tensor("model.embed_tokens.weight", [1504, channels]), tensor("model.norm.weight", [channels])]
        for layer in 0..<shape.layers {
            for (name, shape) in [
                ("self_attn.q_proj", [channels, channels]), ("self_attn.k_proj", [keys, channels]), ("self_attn.v_proj", [keys, channels]),
                ("self_attn.o_proj", [channels, channels]), ("mlp.gate_proj", [width, channels]), ("mlp.up_proj", [width, channels]),
                ("mlp.down_proj", [channels, width]), ("input_layernorm", [channels]), ("post_attention_layernorm", [channels]),
            ] { tensors.append(tensor("model.layers.\(layer).\(name).weight", shape)) }
        }
        try SafeTensorsFolderWriter(tensors).write(to: model)
    }

    private func tensor(_ name: String, _ shape: [Int]) -> TensorToWrite {
        let random = Philox(seed: UInt64(name.utf8.reduce(0) { ($0 * 31 + Int($1)) % 1_000_003 }), purpose: .initialValues)
        let values = (0..<shape.reduce(1, *)).map { index in
            let words = random.words(UInt64(index))
            return shape.count == 1 ? 1 : 0.15 * (64 / Float(shape[1])).squareRoot() * Philox.normals(words.0, words.1).0
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

    /// The tensors that some runs have left, by name; of each the values in each run.
    func results(_ runs: String...) throws -> [(name: String, values: [[Float]])] {
        let files = try runs.map { name in
            try SafeTensorsFile(
                path: ["adapter/adapter_model", "model/model"].map { "\(folder)/\(name)/\($0).safetensors" }.first {
                    FileManager.default.fileExists(atPath: $0)
                } ?? "")
        }
        return try files[0].names.map { name in
            (name, try files.map { file in Array(try file.entry(name).bytes.bindMemory(to: Float.self)) })
        }
    }

    func adapterBytes(_ run: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(run)/adapter/adapter_model.safetensors"))
    }
}
