import Foundation
public import Support
import Tensors

extension HuggingFaceConfiguration {
    /// The configuration of a model in a GGUF file, from its metadata and from which tensors it holds.
    ///
    /// llama.cpp's `convert_hf_to_gguf.py` gives the keys; Mistral's models carry the architecture `llama` there too. What GGUF does not say
    /// has the values of Llama. Keys of another architecture are read under its own name, `qwen2.block_count`.
    ///
    /// - Throws: `format` naming file and key for one that is missing, of the wrong type or out of range, or that differs from layer to layer.
    public init(_ file: GGUFFile) throws(TrainerError) {
        let architecture = try file.requiredString("general.architecture")
        func key(_ name: String) -> String { "\(architecture).\(name)" }
        let sizes = 1...(1 << 31)
        var keys = JSONObject()
        keys["architectures"] = .strings([HuggingFaceConfiguration.className(architecture)])
        keys["model_type"] = .string(architecture)
        keys["hidden_size"] = .integer(try file.requiredInteger(key("embedding_length"), in: sizes))
        keys["intermediate_size"] = .integer(try file.requiredInteger(key("feed_forward_length"), in: sizes))
        keys["num_hidden_layers"] = .integer(try file.requiredInteger(key("block_count"), in: sizes))
        let heads = try file.requiredInteger(key("attention.head_count"), in: sizes)
        keys["num_attention_heads"] = .integer(heads)
        keys["num_key_value_heads"] = .integer(try file.integer(key("attention.head_count_kv"), in: sizes) ?? heads)
        keys["max_position_embeddings"] = .integer(try file.requiredInteger(key("context_length"), in: sizes))
        keys["rms_norm_eps"] = .double(
            try HuggingFaceConfiguration.asWritten(file.double(key("attention.layer_norm_rms_epsilon"), isPositive: true)) ?? 1e-6)
        keys["vocab_size"] = .integer(try HuggingFaceConfiguration.vocabularySize(file, key("vocab_size")))
        keys["tie_word_embeddings"] = .bool(!file.contains("output.weight"))
        keys["attention_bias"] = .bool(file.contains("blk.0.attn_q.bias"))
        keys["mlp_bias"] = .bool(file.contains("blk.0.ffn_gate.bias"))
        keys["hidden_act"] = .string("silu")
        for (name, source) in [("bos_token_id", "bos_token_id"), ("eos_token_id", "eos_token_id"), ("pad_token_id", "padding_token_id")] {
            keys[name] = try file.integer("tokenizer.ggml.\(source)", in: 0...(1 << 31)).map { .integer($0) } ?? .null
        }
        try HuggingFaceConfiguration.readOtherEnds(file, into: &keys)
        try HuggingFaceConfiguration.readRotary(file, key, heads: heads, into: &keys)
        try self.init(JSONKeys(path: file.path, object: keys))
        rotaryScaling = try HuggingFaceConfiguration.rotaryScaling(file, self)
        if rotaryScaling != .none { raw["rope_scaling"] = HuggingFaceConfiguration.json(rotaryScaling) }
    }

    /// Adds the tokens that end a turn or a message to the one that ends a text.
    private static func readOtherEnds(_ file: GGUFFile, into keys: inout JSONObject) throws(TrainerError) {
        guard case .number(let eos) = keys["eos_token_id"] else { return }
        var ends = [eos]
        for name in ["eot_token_id", "eom_token_id"] {
            guard let other = try file.integer("tokenizer.ggml.\(name)", in: 0...(1 << 31)), !ends.contains("\(other)") else { continue }
            ends.append("\(other)")
        }
        if ends.count > 1 { keys["eos_token_id"] = .array(ends.map { .number($0) }) }
    }

    /// A number that the file holds as float32, as a person wrote it: 1e-05, not 9.999999747378752e-06.
    static func asWritten(_ value: Double?) -> Double? { value.flatMap { Double("\(Float($0))") } }

    private static func className(_ architecture: String) -> String {
        architecture.prefix(1).uppercased() + architecture.dropFirst() + "ForCausalLM"
    }

    private static func vocabularySize(_ file: GGUFFile, _ key: String) throws(TrainerError) -> Int {
        if let rows = file.listing("token_embd.weight")?.shape.first { return rows }
        if let size = try file.integer(key, in: 1...(1 << 31)) { return size }
        throw file.error(key, "is missing, and so is the tensor token_embd.weight", remedy: "Convert the model again")
    }

    private static func readRotary(_ file: GGUFFile, _ key: (String) -> String, heads: Int, into keys: inout JSONObject) throws(TrainerError) {
        keys["rope_theta"] = .double(try asWritten(file.double(key("rope.freq_base"), isPositive: true)) ?? 10_000)
        let rotating = try file.integer(key("rope.dimension_count"), in: 1...(1 << 31))
        let headSize = try file.integer(key("attention.key_length"), in: 1...(1 << 31))
        if let headSize { keys["head_dim"] = .integer(headSize) }
        guard let rotating, case .number(let text) = keys["hidden_size"], let hidden = Int(text) else { return }
        let size = headSize ?? hidden / heads
        guard rotating <= size else { throw file.error(key("rope.dimension_count"), "is \(rotating), but a head has \(size) channels") }
        if headSize == nil, rotating == size { keys["head_dim"] = .integer(size) }
        if rotating != size { keys["partial_rotary_factor"] = .double(Double(rotating) / Double(size)) }
    }

    /// The scaling that metadata or the tensor `rope_freqs.weight` states; divisors that are Llama 3.1's are given back as its options.
    private static func rotaryScaling(_ file: GGUFFile, _ configuration: HuggingFaceConfiguration) throws(TrainerError) -> RotaryScaling {
        if file.contains("rope_freqs.weight") {
            let entry = try file.entry("rope_freqs.weight")
            guard entry.elementType == .float32, entry.shape == [configuration.rotarySize / 2] else {
                throw .format(file.path, tensor: entry.name, "has the shape \(entry.shape), where \([configuration.rotarySize / 2]) of F32 is wanted")
            }
            let divisors = (0..<entry.elementCount).map { entry.bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
            guard divisors.allSatisfy({ $0.isFinite && $0 > 0 }) else {
                throw .format(file.path, tensor: entry.name, "holds a divisor that is not above 0")
            }
            let original = try file.integer("\(configuration.modelType).rope.scaling.original_context_length", in: 1...(1 << 31)) ?? 8192
            return llama3(divisors, original, configuration).map { .llama3($0) } ?? .divisors(divisors)
        }
        let prefix = configuration.modelType
        let kind = try file.string("\(prefix).rope.scaling.type") ?? "none"
        switch kind {
        case "none": return .none
        case "linear":
            let key = "\(prefix).rope.scaling.factor"
            guard let factor = try file.double(key, isPositive: true) else { throw file.error(key, "is missing") }
            return .linear(factor: factor)
        default: return .other(kind: kind)
        }
    }

    /// The options that give these divisors to 1e-4, if the published models' low and high values (1 and 4) do.
    private static func llama3(_ divisors: [Float], _ original: Int, _ configuration: HuggingFaceConfiguration) -> RotaryScaling.Llama3? {
        guard let factor = divisors.max(), factor > 1 else { return nil }
        let scaling = RotaryScaling.Llama3(
            factor: Double(factor), lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositionCount: original)
        let wanted = scaling.divisors(rotarySize: configuration.rotarySize, theta: configuration.rotaryTheta)
        return zip(divisors, wanted).allSatisfy { abs(Double($0) - $1) <= 1e-4 * $1 } ? scaling : nil
    }
}
