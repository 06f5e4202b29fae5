import Formats
import Foundation
import Support
import Tensors
import TestSupport
import Testing

@Suite struct PEFTAdapterFolderTests {
    private let layers = (0..<2).map { "model.layers.\($0)" }

    @Test("an adapter that PEFT wrote reads with its modules, ranks, scales and values")
    func reference() throws {
        let adapter = try PEFTAdapterFolder(path: formatsFixture("adapter"))
        let read = adapter.configuration
        #expect(read.adapterRank == 4 && read.alpha == 8 && read.dropout == 0.1 && !read.isRankStabilised)
        #expect(read.targets == .names(["q_proj", "down_proj"]) || read.targets == .names(["down_proj", "q_proj"]))
        #expect(read.savedModules == ["lm_head"])
        #expect(adapter.modules.map(\.path) == layers.flatMap { ["\($0).mlp.down_proj", "\($0).self_attn.q_proj"] })
        #expect(adapter.modules.map(\.rank) == [4, 4, 2, 4])
        #expect(adapter.modules.map(\.scale) == [2, 1.5, 4, 1.5])
        #expect(adapter.modules.map(\.a.shape) == [[4, 24], [4, 16], [2, 24], [4, 16]])
        #expect(adapter.modules.map(\.b.shape) == [[16, 4], [16, 4], [16, 2], [16, 4]])
        #expect(adapter.modules.allSatisfy { $0.b.bytes.loadUnaligned(as: Float.self) == 0.5 })
        #expect(adapter.savedTensors.keys.sorted() == ["lm_head.weight"])
        #expect(adapter.savedTensors["lm_head.weight"]?.shape == [24, 16])
    }

    private func tensors(_ adapter: PEFTAdapterFolder) -> [TensorToWrite] {
        adapter.modules.flatMap { module in
            [("A", module.a), ("B", module.b)].map { TensorToWrite($1, name: "\(module.path).lora_\($0).weight") }
        } + adapter.savedTensors.map { TensorToWrite($1, name: $0) }
    }

    @Test("what is written here has PEFT's tensor bytes and reads the same")
    func written() throws {
        let adapter = try PEFTAdapterFolder(path: formatsFixture("adapter"))
        try withTemporaryFolder { folder in
            let writer = try PEFTAdapterWriter(adapter.configuration, tensors: tensors(adapter))
            try writer.write(to: folder)
            let (old, new) = (try bytes(formatsFixture("adapter/adapter_model.safetensors")), try bytes("\(folder)/adapter_model.safetensors"))
            #expect(old == new)
            #expect(try writer.byteCount == new.count + bytes("\(folder)/adapter_config.json").count)
            let again = try PEFTAdapterFolder(path: folder)
            #expect(again.configuration == adapter.configuration && again.modules.map(\.scale) == adapter.modules.map(\.scale))
            // Every key that PEFT wrote and that is written here has PEFT's value.
            let (theirs, ours) = (
                try JSONKeys(path: formatsFixture("adapter/adapter_config.json")).object, try JSONKeys(path: "\(folder)/adapter_config.json").object
            )
            for key in ours.keys where key != "target_modules" { #expect(ours[key] == theirs[key], "\(key)") }
        }
    }

    /// Opens a copy of the fixture whose configuration has these keys set.
    private func open(_ changes: [(String, JSONValue?)], also: (String) throws -> Void = { _ in }) throws {
        try withTemporaryFolder { folder in
            let copy = "\(folder)/adapter"
            try FileManager.default.copyItem(atPath: formatsFixture("adapter"), toPath: copy)
            var object = try JSONKeys(path: "\(copy)/adapter_config.json").object
            for (key, value) in changes { object[key] = value }
            try write(JSONValue.object(object).text(), to: "\(copy)/adapter_config.json")
            try also(copy)
            _ = try PEFTAdapterFolder(path: copy)
        }
    }

    @Test("keys that make it more than a plain LoRA are refused by name; those that only say how it began are not")
    func configuration() throws {
        let refused: [(String, JSONValue?, String)] = [
            ("peft_type", .string("IA3"), "\"LORA\""), ("peft_type", nil, "missing"), ("use_dora", .bool(true), "not supported"),
            ("bias", .string("all"), "\"none\""), ("fan_in_fan_out", .bool(true), "not supported"), ("lora_bias", .bool(true), "not supported"),
            ("init_lora_weights", .string("pissa"), "pissa"), ("task_type", .string("SEQ_CLS"), "CAUSAL_LM"), ("r", .integer(0), "is 0"),
            ("r", nil, "missing"), ("lora_alpha", .string("8"), "the string"), ("lora_dropout", .integer(1), "less than 1"),
            ("target_modules", .null, "missing"), ("trainable_token_indices", .integers([3]), "not supported"),
            ("something_new", .double(0.5), "not supported"), ("rank_pattern", .object(JSONObject([("(", .integer(2))])), "regular expression"),
        ]
        for (key, value, part) in refused {
            expectError(.format, "adapter_config.json: \(key)", part) { try open([(key, value)]) }
        }
        try open([
            ("init_lora_weights", .string("gaussian")), ("revision", .string("main")), ("something_new", .bool(false)),
            ("layers_to_transform", .null),
        ])
        try open([("target_modules", .string(".*\\.(q_proj|down_proj)"))])
    }

    @Test("pain 28: a tensor that is missing, unexpected or of another shape is fatal, never passed over")
    func exactSet() throws {
        expectError(.format, "do not fit the rank 8") { try open([("r", .integer(8))]) }
        expectError(.format, "layers.0.mlp.down_proj", "not among the target_modules") { try open([("target_modules", .strings(["q_proj"]))]) }
        expectError(.format, "no adapter for the target module v_proj") {
            try open([("target_modules", .strings(["q_proj", "down_proj", "v_proj"]))])
        }
        expectError(.format, "no tensor of embed_tokens") { try open([("modules_to_save", .strings(["lm_head", "embed_tokens"]))]) }
        expectError(.file, "holds no adapter_model.safetensors") {
            try open([]) { try FileManager.default.removeItem(atPath: "\($0)/adapter_model.safetensors") }
        }
        let adapter = try PEFTAdapterFolder(path: formatsFixture("adapter"))
        let all = tensors(adapter)
        expectError(.format, "layers.0.mlp.down_proj.lora_B.weight", "is missing") {
            _ = try PEFTAdapterWriter(adapter.configuration, tensors: all.filter { $0.name != "model.layers.0.mlp.down_proj.lora_B.weight" })
        }
        let more = TensorToWrite("model.layers.0.self_attn.q_proj.lora_magnitude_vector", [16], floats: Array(repeating: 0, count: 16))
        expectError(.format, "lora_magnitude_vector", "not expected") { _ = try PEFTAdapterWriter(adapter.configuration, tensors: all + [more]) }
        expectError(.format, "no pair") { _ = try PEFTAdapterWriter(adapter.configuration, tensors: []) }
        expectError(.format, "tensor a.lora_A.weight", "base_model.model.") {
            try open([]) {
                try SafeTensorsWriter([TensorToWrite("a.lora_A.weight", [4, 1], floats: [0, 0, 0, 0])]).write(to: "\($0)/adapter_model.safetensors")
            }
        }
    }

    @Test("a rank-stabilised adapter divides alpha by the root of the rank")
    func rankStabilised() throws {
        let configuration = PEFTConfiguration(adapterRank: 16, alpha: 32, targets: ["q_proj"], isRankStabilised: true, baseModel: "base")
        #expect(configuration.scale(of: "model.layers.0.self_attn.q_proj") == 8)
        #expect(try PEFTConfiguration(JSONKeys(path: "a", object: configuration.json)) == configuration)
    }
}
