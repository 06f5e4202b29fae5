public import Support

/// What `config.json` says about a model of the Llama family, and the raw object for whoever needs more.
///
/// Keys that a file leaves out have the defaults of transformers' `LlamaConfig` (5.23). Both spellings of rotary options are read:
/// `rope_theta` with `rope_scaling`, and transformers 5's `rope_parameters`.
public struct HuggingFaceConfiguration: Equatable, Sendable {
    /// The file that was read, for errors.
    public var path: String
    /// The whole object as it was read; for a GGUF file, the object that transformers would want.
    public var raw: JSONObject

    /// `model_type`: `llama`, `mistral`, `qwen2`.
    public var modelType: String
    public var architectures: [String]
    public var vocabularySize: Int
    public var hiddenSize: Int
    public var intermediateSize: Int
    public var layerCount: Int
    public var attentionHeadCount: Int
    public var keyValueHeadCount: Int
    public var headSize: Int
    /// The first channels of each head that rotate; less than `headSize` with a `partial_rotary_factor`.
    public var rotarySize: Int
    public var normEpsilon: Double
    public var rotaryTheta: Double
    public var rotaryScaling: RotaryScaling
    public var maximumPositionCount: Int
    /// The head shares the embedding's weight.
    public var isHeadTied: Bool
    public var hasAttentionBias: Bool
    public var hasFeedForwardBias: Bool
    /// `hidden_act`: `silu`, `gelu`.
    public var activation: String
    public var beginTokenID: Int?
    public var endTokenIDs: [Int]
    public var paddingTokenID: Int?
    /// The type of the stored weights as the file spells it: `bfloat16`.
    public var storedType: String?

    /// What a file may say. Far above any model, and small enough that the model's structure is built in a moment and its bytes can be counted.
    enum Limits {
        static let layers = 1...4096
        static let channels = 1...(1 << 22)
        static let vocabulary = 1...(1 << 28)
        static let positions = 1...(1 << 31)
    }

    /// Reads `config.json` of a model folder.
    ///
    /// - Throws: `file` if it can't be read; `format` naming file and key for one that is missing, of the wrong type or out of range.
    public static func read(folder: String) throws(TrainerError) -> HuggingFaceConfiguration {
        try HuggingFaceConfiguration(JSONKeys(path: "\(folder)/config.json"))
    }

    /// - Throws: `format` as `read` does.
    public init(_ keys: JSONKeys) throws(TrainerError) {
        path = keys.path
        raw = keys.object
        modelType = try keys.requiredString("model_type")
        architectures = try keys.strings("architectures") ?? []
        vocabularySize = try keys.requiredInteger("vocab_size", in: Limits.vocabulary)
        hiddenSize = try keys.requiredInteger("hidden_size", in: Limits.channels)
        intermediateSize = try keys.requiredInteger("intermediate_size", in: Limits.channels)
        layerCount = try keys.requiredInteger("num_hidden_layers", in: Limits.layers)
        attentionHeadCount = try keys.requiredInteger("num_attention_heads", in: Limits.channels)
        keyValueHeadCount = try keys.integer("num_key_value_heads", in: Limits.channels) ?? attentionHeadCount
        headSize = try keys.integer("head_dim", in: Limits.channels) ?? hiddenSize / attentionHeadCount
        normEpsilon = try keys.double("rms_norm_eps", isPositive: true) ?? 1e-6
        maximumPositionCount = try keys.integer("max_position_embeddings", in: Limits.positions) ?? 2048
        isHeadTied = try keys.bool("tie_word_embeddings") ?? false
        hasAttentionBias = try keys.bool("attention_bias") ?? false
        hasFeedForwardBias = try keys.bool("mlp_bias") ?? false
        activation = try keys.string("hidden_act") ?? "silu"
        beginTokenID = try keys.tokenIDs("bos_token_id").first
        endTokenIDs = try keys.tokenIDs("eos_token_id")
        paddingTokenID = try keys.tokenIDs("pad_token_id").first
        let newSpelling = try keys.string("dtype")
        let oldSpelling = try keys.string("torch_dtype")
        storedType = newSpelling ?? oldSpelling
        let rotary = try Rotary(keys, maximumPositionCount: maximumPositionCount)
        rotaryTheta = rotary.theta
        rotaryScaling = rotary.scaling
        rotarySize = Int(Double(headSize) * rotary.partialFactor)
        try checkHeads(keys)
    }

    private func checkHeads(_ keys: JSONKeys) throws(TrainerError) {
        guard Limits.channels.contains(attentionHeadCount * headSize) else {
            throw keys.error("head_dim", "gives \(attentionHeadCount) heads of \(headSize) channels, more than \(Limits.channels.upperBound) in all")
        }
        guard attentionHeadCount % keyValueHeadCount == 0 else {
            throw keys.error("num_key_value_heads", "is \(keyValueHeadCount), which does not divide the \(attentionHeadCount) attention heads")
        }
        guard keys.value("head_dim") != nil || hiddenSize % attentionHeadCount == 0 else {
            throw keys.error("num_attention_heads", "is \(attentionHeadCount), which does not divide the hidden size \(hiddenSize)")
        }
        guard rotarySize > 0, rotarySize % 2 == 0 else {
            let key = keys.value("head_dim") == nil ? "num_attention_heads" : "head_dim"
            throw keys.error(key, "gives \(rotarySize) rotating channels a head, where an even number above 0 is wanted")
        }
    }

    /// The rotary options, in either spelling.
    private struct Rotary {
        var theta: Double
        var partialFactor: Double
        var scaling: RotaryScaling

        init(_ keys: JSONKeys, maximumPositionCount: Int) throws(TrainerError) {
            let parameters = try keys.keys("rope_parameters")
            let oldParameters = try keys.keys("rope_scaling")
            let inner = try parameters?.double("rope_theta", isPositive: true)
            let outer = try keys.double("rope_theta", isPositive: true)
            theta = inner ?? outer ?? 10_000
            let innerFactor = try parameters?.double("partial_rotary_factor", isPositive: true)
            let outerFactor = try keys.double("partial_rotary_factor", isPositive: true)
            partialFactor = innerFactor ?? outerFactor ?? 1
            guard partialFactor <= 1 else { throw keys.error("partial_rotary_factor", "is \(partialFactor), where at most 1 is allowed") }
            scaling = .none
            if let source = parameters ?? oldParameters { scaling = try Rotary.scaling(source, maximumPositionCount) }
        }

        private static func scaling(_ keys: JSONKeys, _ maximumPositionCount: Int) throws(TrainerError) -> RotaryScaling {
            for key in keys.object.keys {
                if case .object = keys.value(key) { return .other(kind: "one for each kind of layer") }
            }
            let newSpelling = try keys.string("rope_type")
            let oldSpelling = try keys.string("type")
            let kind = newSpelling ?? oldSpelling ?? "default"
            switch kind {
            case "default": return .none
            case "linear": return .linear(factor: try factor(keys, "factor"))
            case "llama3":
                let low = try factor(keys, "low_freq_factor")
                let high = try factor(keys, "high_freq_factor")
                guard high > low else { throw keys.error("high_freq_factor", "is \(high), where more than low_freq_factor, \(low), is wanted") }
                let original = try keys.integer("original_max_position_embeddings", in: 1...Int.max) ?? maximumPositionCount
                return .llama3(
                    RotaryScaling.Llama3(
                        factor: try factor(keys, "factor"), lowFrequencyFactor: low, highFrequencyFactor: high, originalPositionCount: original))
            default: return .other(kind: kind)
            }
        }

        private static func factor(_ keys: JSONKeys, _ key: String) throws(TrainerError) -> Double {
            guard let factor = try keys.double(key, isPositive: true) else { throw keys.error(key, "is missing") }
            return factor
        }
    }
}
