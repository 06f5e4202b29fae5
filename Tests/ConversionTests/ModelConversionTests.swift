import Data
import Formats
import Foundation
import Models
import Support
import Tensors
import TestSupport
import Testing
import Tokenizers

@testable import Conversion

@Suite struct ModelConversionTests {
    /// Every parameter's values, in the model's order of rows.
    private func weights(_ path: String) throws -> [String: [Float]] {
        let files = try ModelFiles.open(path)
        let architecture = try Architectures.named(files.configuration.modelType, subject: path)
        let model = LanguageModel.build(try architecture.options(from: files.configuration), architecture)
        for parameter in model.parameters { parameter.setTrainable(false) }
        let loader = WeightLoader(files)
        try loader.prepare(model, .float32, quantisesLinears: false)
        try model.allocate(on: try CPUDevice(threadCount: 1), gradients: false, longestSequence: 8)
        try loader.load(model)
        return Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, $0.weight.values.values()) })
    }

    @Test(
        "a folder goes to GGUF and back with the same weights, options, tokens and template",
        arguments: ["tied", "untied", "bf16", "sharded", "llama3"])
    func thereAndBack(_ name: String) throws {
        try withTemporaryFolder { folder in
            let source = try ModelFolder(name, in: folder)
            let there = try convert(source.path, "\(folder)/there.gguf")
            let back = try convert(there.path, "\(folder)/back", shardBytes: 20_000)
            let wanted = try weights(source.path)
            #expect(try weights(there.path) == wanted && weights(back.path) == wanted)
            let (files, result) = (try ModelFiles.open(source.path), try ModelFiles.open(back.path))
            let read = [files, result].map(\.configuration)
            #expect(try Llama.options(from: read[0]) == Llama.options(from: read[1]))
            // Matrices keep their bytes; vectors are float32 in GGUF.
            for name in result.tensors.names {
                let (old, new) = (try files.tensors.entry(name), try result.tensors.entry(name))
                #expect(new.elementType == (new.shape.count == 1 ? .float32 : old.elementType))
                if new.shape.count == 2 { #expect(old.bytes.elementsEqual(new.bytes)) }
            }
            let tokenizer = try Tokenizer.load(result)
            #expect(tokenizer.chatTemplate == ModelFolder.chatTemplate)
            #expect([tokenizer.beginToken, tokenizer.endToken, tokenizer.paddingToken] == [1, 2, 0])
            #expect(result.generation.endTokenIDs == [2] && there.losses.isEmpty && back.losses.isEmpty)
            let sampling = result.generation
            #expect(sampling.isSampled && sampling.temperature == 0.7 && sampling.topK == 40 && sampling.topP == nil)
            #expect(try FileManager.default.contentsOfDirectory(atPath: back.path).contains("model.safetensors.index.json"))
        }
    }

    @Test("pain 32: template, stop tokens, begin flag and token types are in the GGUF file as the source has them")
    func metadata() throws {
        try withTemporaryFolder { folder in
            let source = try ModelFolder("tied", in: folder, addsBeginToken: true)
            try #"{"eos_token_id": [2, 0, 3]}"#.write(toFile: "\(source.path)/generation_config.json", atomically: true, encoding: .utf8)
            let file = try GGUFFile(path: try convert(source.path, "\(folder)/a.gguf").path)
            #expect(try file.string("tokenizer.chat_template") == ModelFolder.chatTemplate)
            let ids = try ["bos", "eos", "eot", "eom", "padding"].map { try file.integer("tokenizer.ggml.\($0)_token_id") }
            #expect(ids == [1, 2, 0, 3, 0])
            #expect(try file.bool("tokenizer.ggml.add_bos_token") == true && file.bool("tokenizer.ggml.add_eos_token") == false)
            #expect(try file.string("tokenizer.ggml.model") == "gpt2" && file.string("tokenizer.ggml.pre") == "smollm")
            let (tokens, types) = (try file.strings("tokenizer.ggml.tokens") ?? [], try file.integers("tokenizer.ggml.token_type") ?? [])
            #expect(tokens.count == 256 && types.count == 256)
            #expect(tokens[2] == "<|im_end|>" && tokens[102] == "<tool>" && tokens[103] == "[PAD103]")
            let some = [2, 4, 102, 103].map { types[$0] }
            #expect(some == [3, 1, 4, 5])
            #expect(try file.strings("tokenizer.ggml.merges") == ["l l", "h e"])
            #expect(try ModelFiles.open(file.path).generation.endTokenIDs == [2, 0, 3])
        }
    }

    @Test("query and key rows are interleaved in GGUF as llama.cpp's rotary embedding wants them")
    func rowOrder() throws {
        try withTemporaryFolder { folder in
            let source = try ModelFolder("tied", in: folder)
            let file = try GGUFFile(path: try convert(source.path, "\(folder)/a.gguf").path)
            let tensors = try ModelFiles.open(source.path).tensors
            for (name, other) in [("blk.1.attn_q.weight", "q_proj"), ("blk.1.attn_k.weight", "k_proj")] {
                let (new, old) = (try file.entry(name), try tensors.entry("model.layers.1.self_attn.\(other).weight"))
                // Heads of 16 rows: 0, 8, 1, 9, ...
                for row in 0..<new.shape[0] {
                    let from = row / 16 * 16 + row % 16 / 2 + (row % 2 == 0 ? 0 : 8)
                    #expect(new.bytes[row * 256..<(row + 1) * 256].elementsEqual(old.bytes[from * 256..<(from + 1) * 256]))
                }
            }
        }
    }

    @Test("each type is written as asked, vectors of GGUF excepted, and config.json names it")
    func types() throws {
        try withTemporaryFolder { folder in
            let source = try ModelFolder("tied", in: folder)
            for (type, stored, number) in [(ElementType.float32, "F32", 0), (.float16, "F16", 1), (.bfloat16, "BF16", 32), (.q8_0, "Q8_0", 7)] {
                let file = try GGUFFile(path: try convert(source.path, "\(folder)/\(stored).gguf", type).path)
                #expect(file.listings.allSatisfy { $0.storedType == ($0.shape.count == 1 ? "F32" : stored) })
                #expect(try file.integer("general.file_type") == number)
            }
            for (type, name) in [(ElementType.float32, "float32"), (.float16, "float16"), (.bfloat16, "bfloat16")] {
                let path = try convert("\(folder)/F32.gguf", "\(folder)/\(name)", type).path
                #expect(try ModelFiles.open(path).configuration.storedType == name)
                #expect(try SafeTensorsFolder(path: path).listings.allSatisfy { $0.elementType == type })
            }
            // What is quantised becomes float32, the value that it has.
            let decoded = try convert("\(folder)/Q8_0.gguf", "\(folder)/decoded").path
            #expect(try weights(decoded) == weights("\(folder)/Q8_0.gguf"))
            #expect(try ModelFiles.open(decoded).configuration.storedType == "float32")
            #expect(throws: TrainerError.self) { try convert("\(folder)/F32.gguf", "\(folder)/none", .q8_0) }
        }
    }

    @Test("weights that a type can't hold, tensors of another family and cut files leave nothing behind")
    func badSources() throws {
        try withTemporaryFolder { folder in
            let source = try ModelFolder("tied", in: folder)
            let tensors = try SafeTensorsFolder(path: source.path)
            func rewrite(_ more: [TensorToWrite], without name: String = "") throws {
                let kept = try tensors.names.filter { $0 != name }.map { TensorToWrite(try tensors.entry($0)) }
                try SafeTensorsFolderWriter(kept + more).write(to: source.path)
            }
            let name = "model.layers.0.mlp.up_proj.weight"
            try rewrite([TensorToWrite(name, [128, 64], floats: Array(repeating: 1e6, count: 8192))], without: name)
            try expectRefusal(.numerics, "ffn_up", "bfloat16", in: folder, leaving: ["model"]) {
                _ = try convert(source.path, "\(folder)/a.gguf", .float16)
            }
            try rewrite([TensorToWrite(name, [128, 64], floats: Array(repeating: 0, count: 8192))], without: name)
            try expectRefusal(.numerics, name, "nothing but zeros", in: folder, leaving: ["model"]) {
                _ = try convert(source.path, "\(folder)/a.gguf")
            }
            try rewrite([TensorToWrite("model.layers.0.self_attn.q_proj.bias", [64], floats: Array(repeating: 1, count: 64))])
            try expectRefusal(.configuration, "q_proj.bias", in: folder, leaving: ["model"]) { _ = try convert(source.path, "\(folder)/a.gguf") }
            try rewrite([], without: name)
            try expectRefusal(.format, name, in: folder, leaving: ["model"]) { _ = try convert(source.path, "\(folder)/a.gguf") }
        }
    }

    @Test("SentencePiece's vocabularies go along: model, scores, types, spaces and table are in the file", arguments: ["llama", "t5"])
    func scoredVocabularies(_ kind: String) throws {
        try withTemporaryFolder { folder in
            let source = try ModelFolder("tied", in: folder)
            try source.widen(to: 300)
            let bytes = kind == "llama" ? (0..<256).map { "<0x\(String(format: "%02X", $0))>" } : []
            let tokens = ["<unk>", "<s>", "</s>"] + bytes + ["\u{2581}", "a", "b", "ab", "\u{2581}ab", "<tool>"]
            let types = [2, 3, 3] + bytes.map { _ in Int32(6) } + [1, 1, 1, 1, 1, 4]
            let scores = [0, 0, 0] + bytes.map { _ in 0.0 } + [-4, -4, -4, 0, -1, 0]
            var vocabulary = GGUFVocabulary(
                model: kind, tokens: tokens, tokenTypes: types, scores: scores, beginToken: 1, endToken: 2, unknownToken: 0)
            vocabulary.removesExtraSpaces = kind == "t5"
            try Tokenizer.load(gguf: vocabulary).save(to: source.path)
            let file = try GGUFFile(path: try convert(source.path, "\(folder)/a.gguf").path)
            #expect(try file.string("tokenizer.ggml.model") == kind && file.string("tokenizer.ggml.pre") == "default")
            #expect(try file.strings("tokenizer.ggml.merges") == nil && file.doubles("tokenizer.ggml.scores")?.count == 300)
            #expect(try file.integers("tokenizer.ggml.token_type")?.prefix(types.count).map { Int32($0) } == types)
            #expect(try file.bool("tokenizer.ggml.add_space_prefix") == true)
            #expect(try file.bool("tokenizer.ggml.remove_extra_whitespaces") == (kind == "t5"))
            #expect(try file.bool("tokenizer.ggml.add_bos_token") == (kind == "llama"))
            let tokenizer = try Tokenizer.load(ModelFiles.open(convert(file.path, "\(folder)/back").path))
            let original = try Tokenizer.load(gguf: vocabulary)
            #expect(try tokenizer.encode("ab é", addingSpecialTokens: true) == original.encode("ab é", addingSpecialTokens: true))
        }
    }
}
