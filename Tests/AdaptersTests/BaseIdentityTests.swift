import Formats
import Foundation
import Models
import Support
import Tensors
import TestSupport
import Testing

@testable import Adapters

@Suite struct BaseIdentityTests {
    private let device: CPUDevice

    init() throws { device = try CPUDevice(threadCount: 2) }

    private func fingerprints(_ path: String, on device: any Device) throws -> [String: String] {
        let base = try AdaptedModel.build(path, adapter: nil)
        let stored = try WeightLoader(base.files).stored(base.model)
        let found = try BaseIdentity.fingerprints(stored, on: device)
        return Dictionary(uniqueKeysWithValues: zip(stored.map(\.parameter.name), found.map { hexadecimal($0) }))
    }

    /// A fixture's model as another program would save it: float32 in one file.
    private func copy(_ name: String, in folder: String, change: (String, inout [Float]) -> Void = { _, _ in }) throws -> String {
        let source = try SafeTensorsFolder(path: fixture(name, of: "Training"))
        let base = try AdaptedModel.build(fixture(name, of: "Training"), adapter: nil)
        let stored = try WeightLoader(base.files).stored(base.model)
        let tensors = try stored.map { tensor in
            var values = try tensor.values(0..<tensor.parameter.rows, on: device).values()
            change(tensor.parameter.name, &values)
            return TensorToWrite(tensor.parameter.name, tensor.parameter.shape, floats: values)
        }
        try SafeTensorsWriter(tensors).write(to: "\(folder)/model.safetensors")
        try FileManager.default.copyItem(atPath: "\(source.path)/config.json", toPath: "\(folder)/config.json")
        return folder
    }

    private func record(_ fingerprints: [String: String]) -> Provenance {
        let tensors = fingerprints.map {
            Provenance.Tensor(name: $0.key, shape: [], fileType: "float32", trainedAs: "float32", fingerprint: $0.value)
        }
        let base = Provenance.Base(path: "tied", modelType: "llama", quantization: nil, files: [], tensors: tensors)
        return Provenance(madeBy: "trainer", kind: .adapter, base: base)
    }

    @Test("the same numbers have the same fingerprints in another type and in other files, whatever the threads", arguments: ["bf16", "sharded"])
    func sameNumbers(name: String) throws {
        try withTemporaryFolder { folder in
            let own = try fingerprints(fixture(name, of: "Training"), on: device)
            #expect(try fingerprints(copy(name, in: folder), on: CPUDevice(threadCount: 1)) == own)
            #expect(Set(own.values).count == own.count)
        }
    }

    @Test("pain 28: a base of which one number differs is refused, the tensor named; forced, it is noted; without a record that is said")
    func otherBase() throws {
        try withTemporaryFolder { folder in
            let adapter = "\(folder)/adapter"
            try FileManager.default.copyItem(atPath: fixture("tied/adapter", of: "Training"), toPath: adapter)
            var options = LoadedModel.Options()
            options.adapter = adapter
            let tied = fixture("tied", of: "Training")
            #expect(try LoadedModel.load(tied, options, on: device).notes.first?.hasPrefix("the adapter has no \(Provenance.fileName)") == true)
            try record(fingerprints(tied, on: device)).write(folder: adapter)
            #expect(try LoadedModel.load(tied, options, on: device).notes.isEmpty)
            let name = "model.layers.1.post_attention_layernorm.weight"
            let other = try copy("tied", in: folder) { if $0 == name { $1[63] = $1[63].nextUp } }
            let error = #expect(throws: TrainerError.self) { try LoadedModel.load(other, options, on: device) }
            #expect(error?.code == .configuration && error?.problem.hasPrefix("\(name) of \(other) has other values") == true)
            #expect(error?.remedy == "Use the base it was trained on, tied, or force it with --any-base")
            options.allowsAnyBase = true
            #expect(
                try LoadedModel.load(other, options, on: device).notes == [
                    "forced: \(name) of \(other) has other values than the one it was trained on"
                ])
        }
    }

    @Test("an adapter trained on NF4 and used on other weights is noted, and the reverse")
    func quantisation() throws {
        try withTemporaryFolder { folder in
            let adapter = "\(folder)/adapter"
            try FileManager.default.copyItem(atPath: fixture("tied/adapter", of: "Training"), toPath: adapter)
            let tied = fixture("tied", of: "Training")
            for trained in [nil, "nf4"] {
                var record = try record(fingerprints(tied, on: device))
                record.base.quantization = trained
                try record.write(folder: adapter)
                for isNF4 in [false, true] {
                    var options = LoadedModel.Options()
                    options.adapter = adapter
                    options.quantisesLinears = isNF4
                    let notes = try LoadedModel.load(tied, options, on: device).notes
                    #expect(notes.count == ((trained != nil) == isNF4 ? 0 : 1))
                }
            }
        }
    }
}
