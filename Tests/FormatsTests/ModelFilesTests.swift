import Formats
import Support
import TestSupport
import Testing

@Suite struct ModelFilesTests {
    @Test("a Hugging Face folder opens with its tensors, configuration and end tokens")
    func folder() throws {
        try withTemporaryFolder { folder in
            try SafeTensorsFolderWriter([TensorToWrite("model.norm.weight", [4], floats: [1, 2, 3, 4])]).write(to: folder)
            expectError(.file, "config.json") { _ = try ModelFiles.open(folder) }
            let text = """
                {"model_type": "llama", "hidden_size": 4, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 9,
                 "eos_token_id": 5}
                """
            try write(text, to: "\(folder)/config.json")
            #expect(try ModelFiles.open(folder).generation.endTokenIDs == [5])
            try write("{\"eos_token_id\": [6, 7]}", to: "\(folder)/generation_config.json")
            let model = try ModelFiles.open(folder)
            #expect(model.naming == .huggingFace && model.gguf == nil && model.tensors.names == ["model.norm.weight"])
            #expect(model.generation.endTokenIDs == [6, 7] && model.configuration.endTokenIDs == [5])
            let entry = try model.tensors.entry("model.norm.weight")
            #expect(entry.bytes.loadUnaligned(fromByteOffset: 12, as: Float.self) == 4)
        }
    }

    @Test("a path with no model says what was looked for")
    func nothing() throws {
        try withTemporaryFolder { folder in
            expectError(.file, "holds neither model.safetensors") { _ = try ModelFiles.open(folder) }
            expectError(.file, "none.gguf") { _ = try ModelFiles.open("\(folder)/none.gguf") }
            try write("nothing", to: "\(folder)/a.gguf")
            expectError(.format, "does not begin with GGUF") { _ = try ModelFiles.open("\(folder)/a.gguf") }
        }
    }
}
