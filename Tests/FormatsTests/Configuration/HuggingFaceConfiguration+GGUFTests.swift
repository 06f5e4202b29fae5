import Formats
import Foundation
import Support
import Tensors
import TestSupport
import Testing

@Suite struct HuggingFaceConfigurationGGUFTests {
    private let metadata: [(key: String, value: GGUFValue)] = [
        ("general.architecture", .string("llama")), ("llama.block_count", .uint32(2)), ("llama.context_length", .uint32(131_072)),
        ("llama.embedding_length", .uint32(64)), ("llama.feed_forward_length", .uint32(96)), ("llama.attention.head_count", .uint32(4)),
        ("llama.attention.head_count_kv", .uint32(2)), ("llama.attention.layer_norm_rms_epsilon", .float32(1e-5)),
        ("llama.rope.freq_base", .float32(500_000)), ("llama.rope.dimension_count", .uint32(16)), ("llama.vocab_size", .uint32(10)),
        ("tokenizer.ggml.bos_token_id", .uint32(1)), ("tokenizer.ggml.eos_token_id", .uint32(2)), ("tokenizer.ggml.eot_token_id", .uint32(3)),
    ]

    private func open(
        _ changes: [(key: String, value: GGUFValue?)] = [], tensors: [TensorToWrite] = [], _ body: (ModelFiles) throws -> Void
    ) throws {
        var pairs = metadata
        for (key, value) in changes {
            pairs.removeAll { $0.key == key }
            if let value { pairs.append((key, value)) }
        }
        let embedding = TensorToWrite("token_embd.weight", [12, 64], floats: Array(repeating: 0, count: 768))
        try withTemporaryFolder { folder in
            try GGUFWriter(metadata: pairs, tensors: [embedding] + tensors).write(to: "\(folder)/a.gguf")
            try body(try ModelFiles.open("\(folder)/a.gguf"))
            try body(try ModelFiles.open(folder))
        }
    }

    @Test("metadata and tensors of a GGUF file give the configuration that config.json would")
    func read() throws {
        try open { model in
            let read = model.configuration
            #expect(model.naming == .gguf && model.gguf != nil && model.tensors.contains("token_embd.weight"))
            #expect(read.modelType == "llama" && read.architectures == ["LlamaForCausalLM"] && read.vocabularySize == 12)
            let sizes1 = [read.hiddenSize, read.intermediateSize, read.layerCount, read.attentionHeadCount]
            #expect(sizes1 == [64, 96, 2, 4])
            let sizes2 = [read.keyValueHeadCount, read.headSize, read.rotarySize, read.maximumPositionCount]
            #expect(sizes2 == [2, 16, 16, 131_072])
            #expect([read.normEpsilon, read.rotaryTheta] == [1e-5, 500_000])
            #expect(read.rotaryScaling == .none)
            #expect(read.isHeadTied && !read.hasAttentionBias)
            #expect([read.beginTokenID, read.paddingTokenID] == [1, nil])
            #expect(read.endTokenIDs == [2, 3])
            #expect(model.generation.endTokenIDs == [2, 3])
            try withTemporaryFolder { folder in
                try read.write(folder: folder, storedType: "float32")
                let again = try HuggingFaceConfiguration.read(folder: folder)
                #expect([again.normEpsilon, again.rotaryTheta] == [1e-5, 500_000])
                #expect(again.headSize == 16 && again.endTokenIDs == [2, 3])
            }
        }
    }

    @Test("an untied head, biases and Llama 3's rotary divisors are known by their tensors")
    func tensors() throws {
        let scaling = RotaryScaling.Llama3(factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositionCount: 8192)
        let divisors = scaling.divisors(rotarySize: 16, theta: 500_000).map { Float($0) }
        let zeros = Array(repeating: Float(0), count: 768)
        let extra = [
            TensorToWrite("output.weight", [12, 64], floats: zeros), TensorToWrite("blk.0.attn_q.bias", [64], floats: Array(zeros[..<64])),
            TensorToWrite("rope_freqs.weight", [8], floats: divisors),
        ]
        try open(tensors: extra) { model in
            #expect(!model.configuration.isHeadTied && model.configuration.hasAttentionBias)
            #expect(model.configuration.rotaryScaling == .llama3(scaling))
            try withTemporaryFolder { folder in
                try model.configuration.write(folder: folder, storedType: "bfloat16")
                let again = try HuggingFaceConfiguration.read(folder: folder)
                #expect(again.rotaryScaling == .llama3(scaling) && again.storedType == "bfloat16")
            }
        }
        let other = TensorToWrite("rope_freqs.weight", [8], floats: [1, 2, 3, 4, 5, 6, 7, 8])
        try open(tensors: [other]) { model in
            #expect(model.configuration.rotaryScaling == .divisors([1, 2, 3, 4, 5, 6, 7, 8]))
            try withTemporaryFolder { folder in
                expectError(.format, "rope_freqs.weight") { try model.configuration.write(folder: folder, storedType: "float32") }
            }
        }
        expectError(.format, "tensor rope_freqs.weight", "[3]") {
            try open(tensors: [TensorToWrite("rope_freqs.weight", [3], floats: [1, 2, 3])]) { _ in }
        }
        try open([("llama.rope.scaling.type", .string("linear")), ("llama.rope.scaling.factor", .float32(4))]) { model in
            #expect(model.configuration.rotaryScaling == .linear(factor: 4))
        }
    }

    @Test("a key that is missing, of the wrong type or out of range is named with its file")
    func refused() {
        let cases: [(String, GGUFValue?, String)] = [
            ("general.architecture", nil, "general.architecture"), ("llama.block_count", nil, "llama.block_count"),
            ("llama.embedding_length", .string("64"), "llama.embedding_length"), ("llama.embedding_length", .uint32(0), "llama.embedding_length"),
            ("llama.attention.head_count", .array(.uint32, [.uint32(4), .uint32(4)]), "llama.attention.head_count"),
            ("llama.attention.head_count_kv", .uint32(3), "num_key_value_heads"),
            ("llama.rope.dimension_count", .uint32(32), "llama.rope.dimension_count"),
            ("llama.rope.freq_base", .float32(-1), "llama.rope.freq_base"), ("llama.attention.layer_norm_rms_epsilon", .float32(.nan), "epsilon"),
        ]
        for (key, value, part) in cases {
            expectError(.format, "a.gguf: ", part) { try open([(key, value)]) { _ in } }
        }
    }
}
