import Formats
import Foundation
import Models
import Support
import Tensors
import TestSupport
import Testing

@testable import Adapters

/// Models, adapters and logits of the Training suite's fixtures, made with transformers and PEFT.
@Suite struct LoRAFilesTests {
    private static func path(_ name: String) -> String { fixture(name, of: "Training") }

    private static func loaded(_ model: String, adapter: String, on device: any Device) throws -> LoadedModel {
        var options = LoadedModel.Options()
        options.adapter = adapter
        return try LoadedModel.load(path(model), options, on: device)
    }

    private static func logits(_ model: LanguageModel, _ batch: PackedBatch, on device: any Device) throws -> [Float] {
        try model.logits(Pass(batch, on: device, keepsActivations: false)).values()
    }

    private static func values<Value>(_ file: SafeTensorsFile, _ name: String, _ type: Value.Type) throws -> [Value] {
        let entry = try file.entry(name)
        return (0..<entry.elementCount).map { entry.bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Value>.size, as: type) }
    }

    private static func batch(_ path: String) throws -> PackedBatch {
        let file = try SafeTensorsFile(path: path)
        let tokens = try values(file, "tokens", Int32.self)
        let starts = try values(file, "sequence_starts", Int32.self).map(Int.init) + [tokens.count]
        return PackedBatch(
            tokens: tokens, sequenceStarts: starts, trained: tokens.map { _ in false }, globalPositions: tokens.indices.map(Int64.init))
    }

    /// A copy of an adapter folder whose settings or tensors a test changes.
    private static func changed(
        _ source: String, in folder: String, settings: (inout String) -> Void = { _ in }, tensors: (inout [TensorToWrite]) throws -> Void = { _ in }
    ) throws -> String {
        let target = "\(folder)/\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        var text = try String(contentsOfFile: path("\(source)/adapter_config.json"), encoding: .utf8)
        settings(&text)
        try text.write(toFile: "\(target)/adapter_config.json", atomically: true, encoding: .utf8)
        let file = try SafeTensorsFile(path: path("\(source)/adapter_model.safetensors"))
        var list = try file.names.map { TensorToWrite(try file.entry($0)) }
        try tensors(&list)
        try SafeTensorsWriter(list).write(to: "\(target)/adapter_model.safetensors")
        return target
    }

    @Test(
        "an adapter that PEFT wrote gives PEFT's logits to 1e-4",
        arguments: [("tied", "adapter", "lora"), ("tied", "adapter_rslora", "rslora"), ("untied", "adapter", "lora")])
    func logits(model: String, adapter: String, figures: String) throws {
        let device = try CPUDevice(threadCount: 2)
        let loaded = try Self.loaded(model, adapter: Self.path("\(model)/\(adapter)"), on: device)
        let wanted = try Self.values(SafeTensorsFile(path: Self.path("\(model)/\(figures).safetensors")), "logits", Float.self)
        let batch = try Self.batch(Self.path("\(model)/lora.safetensors"))
        expectClose(try Self.logits(loaded.model, batch, on: device), wanted, absolute: 1e-4, "\(model)/\(adapter)")
        #expect(loaded.lora?.idleModules == [])
        #expect(loaded.model.parameters.allSatisfy { $0.gradient == nil })
    }

    @Test(
        "pain 28: an adapter read and written again is PEFT's file byte for byte, with settings that read as the same",
        arguments: ["tied/adapter", "tied/adapter_rslora", "untied/adapter"])
    func roundTrip(name: String) throws {
        let device = try CPUDevice(threadCount: 1)
        let model = String(name.prefix { $0 != "/" })
        let lora = try #require(try Self.loaded(model, adapter: Self.path(name), on: device).lora)
        try withTemporaryFolder { folder in
            try lora.write(to: "\(folder)/made/adapter", baseModel: "some/model")
            let written = try AdapterFiles.open("\(folder)/made/adapter")
            let read = try AdapterFiles.open(Self.path(name))
            #expect(written.options == read.options)
            #expect(written.baseModel == "some/model" && read.baseModel == model)
            let files = ["\(folder)/made/adapter", Self.path(name)].map { URL(fileURLWithPath: "\($0)/adapter_model.safetensors") }
            #expect(try Data(contentsOf: files[0]) == Data(contentsOf: files[1]))
        }
    }

    @Test("pain 28: missing, unexpected and misshapen tensors are each fatal, and named")
    func exactSet() throws {
        let device = try CPUDevice(threadCount: 1)
        let name = "base_model.model.model.layers.1.mlp.up_proj.lora_B.weight"
        func problem(_ change: @escaping (inout [TensorToWrite]) -> Void) throws -> TrainerError? {
            try withTemporaryFolder { folder in
                let adapter = try Self.changed("tied/adapter", in: folder, tensors: change)
                return #expect(throws: TrainerError.self) { try Self.loaded("tied", adapter: adapter, on: device) }
            }
        }
        let missing = try problem { $0.removeAll { $0.name == name } }
        #expect(
            missing?.code == .format && missing?.problem.hasSuffix("lacks 1 of the 28 tensors of its settings on this model, such as \(name)") == true
        )
        let extra = "base_model.model.model.layers.2.mlp.up_proj.lora_B.weight"
        let unexpected = try problem { $0.append(TensorToWrite(extra, [1], floats: [0])) }
        #expect(unexpected?.code == .format && unexpected?.problem == "holds 1 that do not belong there, such as \(extra)")
        let misshapen = try problem { tensors in
            tensors.removeAll { $0.name == name }
            tensors.append(TensorToWrite(name, [4, 128], floats: [Float](repeating: 1, count: 512)))
        }
        #expect(misshapen?.code == .shape && misshapen?.subject.hasSuffix(name) == true)
        #expect(misshapen?.problem == "has the shape [4, 128], but this model and r of 4 want [128, 4]")
    }

    @Test("pain 28: an adapter of another model is refused, and the model it belongs to is named")
    func otherModel() throws {
        let device = try CPUDevice(threadCount: 1)
        let saved = #expect(throws: TrainerError.self) { try Self.loaded("tied", adapter: Self.path("untied/adapter"), on: device) }
        #expect(saved?.code == .shape && saved?.remedy == "The adapter belongs to another model: untied")
        let shape = #expect(throws: TrainerError.self) { try Self.loaded("untied", adapter: Self.path("tied/adapter"), on: device) }
        #expect(shape?.code == .shape && shape?.remedy == "The adapter belongs to another model: tied")
        try withTemporaryFolder { folder in
            let adapter = try Self.changed(
                "tied/adapter", in: folder, settings: { $0 = $0.replacing("\"model.layers.0.mlp.up_proj\"", with: "\"query\"") })
            let name = #expect(throws: TrainerError.self) { try Self.loaded("tied", adapter: adapter, on: device) }
            #expect(name?.subject.hasSuffix("adapter_config.json: target_modules") == true)
            #expect(name?.problem == "query matches no linear layer")
        }
    }

    @Test("variants of LoRA that would compute something else are refused by their key")
    func variants() throws {
        let changes = [
            ("\"use_dora\": false", "\"use_dora\": true", "use_dora"), ("\"peft_type\": \"LORA\"", "\"peft_type\": \"IA3\"", "peft_type"),
            ("\"rank_pattern\": {}", "\"rank_pattern\": {\"q_proj\": 2}", "rank_pattern"), ("\"bias\": \"none\"", "\"bias\": \"all\"", "bias"),
            ("\"init_lora_weights\": true", "\"init_lora_weights\": \"pissa\"", "init_lora_weights"),
            ("\"layers_to_transform\": null", "\"layers_to_transform\": [1]", "layers_to_transform"),
        ]
        try withTemporaryFolder { folder in
            for (old, new, key) in changes {
                let adapter = try Self.changed("tied/adapter", in: folder, settings: { $0 = $0.replacing(old, with: new) })
                let error = #expect(throws: TrainerError.self) { try AdapterFiles.open(adapter) }
                #expect(error?.code == .configuration && error?.subject.hasSuffix(": \(key)") == true)
            }
        }
    }

    @Test("target_modules may be all-linear, or a pattern, whose meaning the tensors tell")
    func patterns() throws {
        let device = try CPUDevice(threadCount: 1)
        let batch = try Self.batch(Self.path("tied/lora.safetensors"))
        let wanted = try Self.logits(Self.loaded("tied", adapter: Self.path("tied/adapter"), on: device).model, batch, on: device)
        try withTemporaryFolder { folder in
            for text in ["\"all-linear\"", "\".*_proj\""] {
                let adapter = try Self.changed(
                    "tied/adapter", in: folder,
                    settings: { settings in
                        guard let list = settings.firstRange(of: /"target_modules": \[[^\]]*\]/) else { return }
                        settings.replaceSubrange(list, with: "\"target_modules\": \(text)")
                    })
                #expect(try Self.logits(Self.loaded("tied", adapter: adapter, on: device).model, batch, on: device) == wanted)
            }
        }
    }

    @Test("pain 29: all-linear is written as the names of the layers it stands for")
    func names() throws {
        let device = try CPUDevice(threadCount: 1)
        try withTemporaryFolder { folder in
            let all = try Self.changed(
                "tied/adapter", in: folder,
                settings: { settings in
                    guard let list = settings.firstRange(of: /\[[^\]]*_proj"\s*\]/) else { return }
                    settings.replaceSubrange(list, with: "\"all-linear\"")
                })
            let lora = try #require(try Self.loaded("tied", adapter: all, on: device).lora)
            #expect(lora.options.targetModules == .allLinear)
            try lora.write(to: "\(folder)/written", baseModel: "tied")
            let names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
            #expect(try AdapterFiles.open("\(folder)/written").options.targetModules == .names(names))
        }
    }

    @Test("a folder without an adapter, or with a pickled one, is told what is wanted")
    func missing() throws {
        try withTemporaryFolder { folder in
            let nothing = #expect(throws: TrainerError.self) { try AdapterFiles.open(folder) }
            #expect(nothing?.code == .file && nothing?.problem == "holds no adapter_config.json")
            let adapter = try Self.changed("tied/adapter", in: folder)
            try FileManager.default.moveItem(atPath: "\(adapter)/adapter_model.safetensors", toPath: "\(adapter)/adapter_model.bin")
            let pickled = #expect(throws: TrainerError.self) { try AdapterFiles.open(adapter) }
            #expect(pickled?.code == .file && pickled?.problem.hasPrefix("holds adapter_model.bin") == true)
        }
    }

    @Test("pain 17: an adapter of zeros or with a number that is not finite is not written")
    func notTrained() throws {
        let device = try CPUDevice(threadCount: 1)
        let loaded = try Self.loaded("tied", adapter: Self.path("tied/adapter"), on: device)
        let lora = try #require(loaded.lora)
        try withTemporaryFolder { folder in
            let a = lora.modules[3].a
            let values = a.weight.values.values()
            for wrong in [Float.nan, 0] {
                a.write([Float](repeating: wrong, count: a.count))
                let error = #expect(throws: TrainerError.self) { try lora.write(to: "\(folder)/adapter", baseModel: "tied") }
                #expect(error?.code == .numerics && error?.subject == "base_model.model.\(a.name)")
            }
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/adapter"))
            #expect(lora.idleModules == [lora.modules[3].path])
            a.write(values)
            // Before the first step B is zero, and that is a checkpoint like any other.
            for unit in loaded.model.units { lora.initialise(unit, seed: 1) }
            try lora.write(to: "\(folder)/adapter", baseModel: "tied")
            #expect(lora.idleModules.count == 14)
        }
    }

    @Test("pain 28: the norm of what a module adds is that of scale · B·A", arguments: ["tied/adapter", "tied/adapter_rslora"])
    func norms(name: String) throws {
        let device = try CPUDevice(threadCount: 1)
        let lora = try #require(try Self.loaded("tied", adapter: Self.path(name), on: device).lora)
        let norms = lora.changeNorms
        #expect(norms.map(\.path) == lora.modules.map(\.path))
        for (module, found) in zip(lora.modules, norms) {
            let (a, b) = (module.a.weight.values.values().map(Double.init), module.b.weight.values.values().map(Double.init))
            var sum = 0.0
            for row in 0..<module.b.rows {
                for column in 0..<module.a.columns {
                    let change = (0..<4).reduce(0) { $0 + b[row * 4 + $1] * a[$1 * module.a.columns + column] }
                    sum += change * change
                }
            }
            #expect(abs(found.norm - (name.hasSuffix("rslora") ? 4 : 2) * sum.squareRoot()) < 1e-9)
        }
    }
}
