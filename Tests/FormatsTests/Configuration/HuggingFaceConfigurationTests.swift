import Formats
import Foundation
import Support
import TestSupport
import Testing

@Suite struct HuggingFaceConfigurationTests {
    /// SmolLM2-135M-Instruct's file, in transformers 4's spelling.
    private let old = """
        {"architectures": ["LlamaForCausalLM"], "attention_bias": false, "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
         "hidden_size": 576, "initializer_range": 0.041666666666666664, "intermediate_size": 1536, "max_position_embeddings": 8192, "mlp_bias": false,
         "model_type": "llama", "num_attention_heads": 9, "num_hidden_layers": 30, "num_key_value_heads": 3, "pad_token_id": 2,
         "rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 100000, "tie_word_embeddings": true, "torch_dtype": "bfloat16", "vocab_size": 49152}
        """

    private func configuration(_ text: String) throws -> HuggingFaceConfiguration {
        guard case .object(let object) = try JSONValue.parse(Array(text.utf8), path: "m/config.json") else { throw CancellationError() }
        return try HuggingFaceConfiguration(JSONKeys(path: "m/config.json", object: object))
    }

    private func replacing(_ part: String, _ with: String) throws -> HuggingFaceConfiguration {
        #expect(old.contains(part))
        return try configuration(old.replacingOccurrences(of: part, with: with))
    }

    @Test("the keys of the Llama family are read, in transformers 4's spelling")
    func oldSpelling() throws {
        let read = try configuration(old)
        #expect(read.modelType == "llama" && read.architectures == ["LlamaForCausalLM"])
        let sizes1 = [read.vocabularySize, read.hiddenSize, read.intermediateSize, read.layerCount]
        #expect(sizes1 == [49152, 576, 1536, 30])
        let sizes2 = [read.attentionHeadCount, read.keyValueHeadCount, read.headSize, read.rotarySize]
        #expect(sizes2 == [9, 3, 64, 64])
        #expect([read.normEpsilon, read.rotaryTheta] == [1e-5, 100_000])
        #expect(read.rotaryScaling == .none && read.maximumPositionCount == 8192)
        #expect(read.isHeadTied && !read.hasAttentionBias && !read.hasFeedForwardBias && read.activation == "silu")
        #expect([read.beginTokenID, read.endTokenIDs.first, read.paddingTokenID] == [1, 2, 2])
        #expect(read.storedType == "bfloat16")
        #expect(read.raw["initializer_range"] == .number("0.041666666666666664"))
    }

    @Test("rotary options are read in both spellings, Llama 3's scaling among them")
    func rotary() throws {
        let scaling = RotaryScaling.llama3(
            RotaryScaling.Llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositionCount: 8192))
        let options = "\"factor\": 8.0, \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 8192"
        let none = "\"rope_scaling\": null, \"rope_theta\": 100000"
        let first = try replacing(none, "\"rope_theta\": 500000.0, \"rope_scaling\": {\"rope_type\": \"llama3\", \(options)}")
        #expect(first.rotaryScaling == scaling && first.rotaryTheta == 500_000)
        let second = try replacing(none, "\"rope_scaling\": {\"type\": \"llama3\", \(options)}")
        #expect(second.rotaryScaling == scaling && second.rotaryTheta == 10_000)
        let third = try replacing(none, "\"rope_parameters\": {\"rope_type\": \"llama3\", \"rope_theta\": 500000.0, \(options)}")
        #expect(third.rotaryScaling == scaling && third.rotaryTheta == 500_000)
        let fourth = try replacing(none, "\"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 3.5}")
        #expect(fourth.rotaryScaling == .none && fourth.rotaryTheta == 3.5)
        #expect(
            try replacing("\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2}").rotaryScaling == .linear(factor: 2))
        #expect(
            try replacing("\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 2}").rotaryScaling == .other(kind: "yarn"))
        expectError(.format, "m/config.json: rope_scaling.factor", "missing") {
            _ = try replacing("\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"linear\"}")
        }
        expectError(.format, "rope_scaling.high_freq_factor", "more than") {
            _ = try replacing(
                "\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"llama3\", \(options.replacingOccurrences(of: "4.0", with: "0.5"))}")
        }
    }

    @Test("Llama 3's divisors: high frequencies keep, low ones divide, those between blend")
    func divisors() {
        let scaling = RotaryScaling.Llama3(factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositionCount: 8192)
        let divisors = scaling.divisors(rotarySize: 64, theta: 500_000)
        #expect(divisors.count == 32 && divisors[0] == 1 && divisors[31] == 32)
        #expect(zip(divisors, divisors.dropFirst()).allSatisfy { $0 <= $1 })
        // transformers 5.23: 500000^(-2 i / 64) over inv_freq[i] of LlamaConfig with these options, i = 14 to 18.
        expectClose(divisors[14...18].map { Float($0) }, [1, 1.6513291, 3.2922628, 9.6667305, 32], relative: 1e-6)
    }

    @Test("several end tokens, tokens that are absent or -1, and sizes left to their defaults")
    func defaults() throws {
        #expect(try replacing("\"eos_token_id\": 2", "\"eos_token_id\": [128001, 128009]").endTokenIDs == [128001, 128009])
        #expect(try replacing("\"eos_token_id\": 2", "\"eos_token_id\": null").endTokenIDs.isEmpty)
        #expect(try replacing("\"pad_token_id\": 2", "\"pad_token_id\": -1").paddingTokenID == nil)
        #expect(try replacing("\"num_key_value_heads\": 3,", "").keyValueHeadCount == 9)
        #expect(try replacing("\"num_key_value_heads\": 3,", "\"head_dim\": 80,").headSize == 80)
        #expect(try replacing("\"tie_word_embeddings\": true,", "").isHeadTied == false)
        #expect(try replacing("\"torch_dtype\"", "\"dtype\"").storedType == "bfloat16")
        #expect(try replacing("\"mlp_bias\": false", "\"partial_rotary_factor\": 0.5").rotarySize == 32)
    }

    @Test("sizes that no model has are refused before anything is built or multiplied, and so are tokens that are no 32-bit number")
    func hostileSizes() {
        let cases = [
            ("\"num_hidden_layers\": 30", "\"num_hidden_layers\": 2147483648", "num_hidden_layers"),
            ("\"hidden_size\": 576", "\"hidden_size\": 2147483648", "hidden_size"),
            ("\"vocab_size\": 49152", "\"vocab_size\": 2147483648", "vocab_size"),
            ("\"num_key_value_heads\": 3,", "\"head_dim\": 4194304,", "head_dim"),
            ("\"eos_token_id\": 2", "\"eos_token_id\": [2, 2147483648]", "eos_token_id"),
            ("\"bos_token_id\": 1", "\"bos_token_id\": 9223372036854775807", "bos_token_id"),
        ]
        for (part, with, key) in cases {
            expectError(.format, "m/config.json: \(key)") { _ = try replacing(part, with) }
        }
    }

    @Test("a key that is missing, of the wrong type or out of range is named with its file")
    func refused() {
        let cases = [
            ("\"hidden_size\": 576,", "", "hidden_size", "missing"), ("\"hidden_size\": 576", "\"hidden_size\": \"576\"", "hidden_size", "576"),
            ("\"hidden_size\": 576", "\"hidden_size\": 576.5", "hidden_size", "576.5"),
            ("\"hidden_size\": 576", "\"hidden_size\": 0", "hidden_size", "0"),
            ("\"model_type\": \"llama\",", "", "model_type", "missing"),
            ("\"num_key_value_heads\": 3", "\"num_key_value_heads\": 2", "num_key_value_heads", "2"),
            ("\"num_attention_heads\": 9", "\"num_attention_heads\": 11", "num_key_value_heads", "3"),
            ("\"hidden_size\": 576", "\"hidden_size\": 577", "num_attention_heads", "577"), ("1e-05", "-1", "rms_norm_eps", "-1"),
            ("1e-05", "NaN", "rms_norm_eps", "NaN"), ("\"rope_theta\": 100000", "\"rope_theta\": 0", "rope_theta", "0"),
            ("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": 1", "tie_word_embeddings", "1"),
            ("\"eos_token_id\": 2", "\"eos_token_id\": -5", "eos_token_id", "-5"),
            ("\"eos_token_id\": 2", "\"eos_token_id\": [\"a\"]", "eos_token_id", "a"),
            ("\"num_attention_heads\": 9", "\"head_dim\": 3, \"num_attention_heads\": 9", "head_dim", "3"),
        ]
        for (part, with, key, found) in cases {
            expectError(.format, "m/config.json: \(key)", found) { _ = try replacing(part, with) }
        }
    }

    @Test("pain 36: writing keeps every key that was read, in its spelling, but for the type and the changes")
    func written() throws {
        try withTemporaryFolder { folder in
            let read = try configuration(old)
            try read.write(folder: folder, storedType: "float32", changes: [("vocab_size", .integer(49160))])
            let again = try HuggingFaceConfiguration.read(folder: folder)
            #expect(again.vocabularySize == 49160 && again.storedType == "float32")
            var raw = read.raw
            raw["torch_dtype"] = .string("float32")
            raw["vocab_size"] = .integer(49160)
            #expect(again.raw == raw.sorted)
            expectError(.file, "config.json") { _ = try HuggingFaceConfiguration.read(folder: "\(folder)/none") }
            try write("[]", to: "\(folder)/config.json")
            expectError(.format, "config.json", "a list of 0") { _ = try HuggingFaceConfiguration.read(folder: folder) }
        }
    }

    @Test("generation_config.json: its end tokens are read; without it, the model's count")
    func generation() throws {
        try withTemporaryFolder { folder in
            #expect(try GenerationConfiguration.read(folder: folder) == nil)
            try write("{\"eos_token_id\": [1, 2], \"temperature\": 0.6, \"top_p\": 0.9, \"do_sample\": true}", to: "\(folder)/generation_config.json")
            let read = try GenerationConfiguration.read(folder: folder)
            #expect(read?.endTokenIDs == [1, 2])
            #expect(read?.temperature == 0.6 && read?.topP == 0.9)
            #expect(read?.isSampled == true)
            let made = GenerationConfiguration(try configuration(old))
            try made.write(folder: folder)
            #expect(try GenerationConfiguration.read(folder: folder) == made)
            #expect(made.endTokenIDs == [2] && made.paddingTokenID == 2)
            try write("{\"eos_token_id\": {}}", to: "\(folder)/generation_config.json")
            expectError(.format, "generation_config.json: eos_token_id") { _ = try GenerationConfiguration.read(folder: folder) }
        }
    }
}
