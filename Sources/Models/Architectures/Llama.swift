public import Formats
public import Support
import Tensors

/// Llama 1 to 3.2, SmolLM, SmolLM2, TinyLlama (Touvron et al. 2023, arXiv:2302.13971; Dubey et al. 2024, arXiv:2407.21783).
public enum Llama: Architecture {
    public static let modelTypes = ["llama"]

    public static let table: [ParameterRow] = [
        .init(.embedding, "model.embed_tokens.weight", gguf: "token_embd.weight"),
        .init(.attentionNorm, "model.layers.{layer}.input_layernorm.weight", gguf: "blk.{layer}.attn_norm.weight"),
        .init(.query, "model.layers.{layer}.self_attn.q_proj.weight", gguf: "blk.{layer}.attn_q.weight", .interleavedQuery),
        .init(.key, "model.layers.{layer}.self_attn.k_proj.weight", gguf: "blk.{layer}.attn_k.weight", .interleavedKey),
        .init(.value, "model.layers.{layer}.self_attn.v_proj.weight", gguf: "blk.{layer}.attn_v.weight"),
        .init(.attentionOutput, "model.layers.{layer}.self_attn.o_proj.weight", gguf: "blk.{layer}.attn_output.weight"),
        .init(.feedForwardNorm, "model.layers.{layer}.post_attention_layernorm.weight", gguf: "blk.{layer}.ffn_norm.weight"),
        .init(.gate, "model.layers.{layer}.mlp.gate_proj.weight", gguf: "blk.{layer}.ffn_gate.weight"),
        .init(.up, "model.layers.{layer}.mlp.up_proj.weight", gguf: "blk.{layer}.ffn_up.weight"),
        .init(.down, "model.layers.{layer}.mlp.down_proj.weight", gguf: "blk.{layer}.ffn_down.weight"),
        .init(.finalNorm, "model.norm.weight", gguf: "output_norm.weight"),
        .init(.head, "lm_head.weight", gguf: "output.weight"),
    ]

    public static func options(from configuration: HuggingFaceConfiguration) throws(TrainerError) -> DecoderOptions {
        func unsupported(_ key: String, _ value: String) -> TrainerError {
            TrainerError(.configuration, "\(configuration.path): \(key)", "\(value) is not supported for Llama models")
        }
        if configuration.hasAttentionBias { throw unsupported("attention_bias", "true") }
        if configuration.hasFeedForwardBias { throw unsupported("mlp_bias", "true") }
        if configuration.activation != "silu" { throw unsupported("hidden_act", configuration.activation) }
        if case .other(let kind) = configuration.rotaryScaling { throw unsupported("rope_scaling", kind) }
        if configuration.rotarySize != configuration.headSize {
            throw unsupported("partial_rotary_factor", "rotating \(configuration.rotarySize) of \(configuration.headSize) channels")
        }
        return DecoderOptions(
            channels: configuration.hiddenSize, layerCount: configuration.layerCount,
            heads: AttentionHeads(
                queryHeads: configuration.attentionHeadCount, keyHeads: configuration.keyValueHeadCount, headSize: configuration.headSize,
                scale: 1 / Float(configuration.headSize).squareRoot()),
            feedForwardWidth: configuration.intermediateSize, vocabulary: configuration.vocabularySize, normEpsilon: Float(configuration.normEpsilon),
            rotary: RotaryOptions(base: Float(configuration.rotaryTheta), scaling: configuration.rotaryScaling), isTied: configuration.isHeadTied,
            maximumPositions: configuration.maximumPositionCount, endTokens: configuration.endTokenIDs.map(Int32.init))
    }
}
