import Formats
import Foundation
import Support
import Tensors
import TestSupport
import Testing

@Suite struct SafeTensorsFolderTests {
    private func copy(_ folder: String) throws -> String {
        try FileManager.default.copyItem(atPath: formatsFixture("sharded"), toPath: "\(folder)/model")
        return "\(folder)/model"
    }

    @Test("the shards of the reference library read through their index")
    func sharded() throws {
        let folder = try SafeTensorsFolder(path: formatsFixture("sharded"))
        #expect(folder.names == (0..<5).map { "layer.\($0).weight" })
        for index in 0..<5 {
            let entry = try folder.entry("layer.\(index).weight")
            #expect(entry.shape == [8, 8] && entry.bytes.loadUnaligned(as: Float.self) == Float(index))
        }
        #expect(try folder.entry("layer.4.weight").path.hasSuffix("model-00003-of-00003.safetensors"))
        expectError(.format, "tensor layer.5.weight") { _ = try folder.entry("layer.5.weight") }
    }

    @Test("a missing shard, a tensor absent from its shard and an index that points elsewhere are named")
    func damaged() throws {
        try withTemporaryFolder { folder in
            let model = try copy(folder)
            let index = try String(contentsOfFile: "\(model)/model.safetensors.index.json", encoding: .utf8)
            try write(index.replacingOccurrences(of: "layer.3", with: "layer.7"), to: "\(model)/model.safetensors.index.json")
            expectError(.format, "tensor layer.7.weight", "model-00002-of-00003.safetensors") { _ = try SafeTensorsFolder(path: model) }
            let outside = index.replacingOccurrences(of: "model-00002", with: "../model-00002")
            try write(outside, to: "\(model)/model.safetensors.index.json")
            expectError(.format, "weight_map.layer.2.weight") { _ = try SafeTensorsFolder(path: model) }
            try write("{\"weight_map\": 3}", to: "\(model)/model.safetensors.index.json")
            expectError(.format, "weight_map: is 3") { _ = try SafeTensorsFolder(path: model) }
            try write(index, to: "\(model)/model.safetensors.index.json")
            try FileManager.default.removeItem(atPath: "\(model)/model-00002-of-00003.safetensors")
            expectError(.file, "model-00002-of-00003.safetensors", "layer.2.weight") { _ = try SafeTensorsFolder(path: model) }
        }
    }

    @Test("a folder without safetensors, with pickled weights, or that is not there says what to do")
    func nothing() throws {
        try withTemporaryFolder { folder in
            expectError(.file, "holds neither model.safetensors") { _ = try SafeTensorsFolder(path: folder) }
            try write("", to: "\(folder)/pytorch_model.bin")
            expectError(.file, "pytorch_model.bin", "Save the model as safetensors") { _ = try SafeTensorsFolder(path: folder) }
            expectError(.file, "does not exist") { _ = try SafeTensorsFolder(path: "\(folder)/none") }
        }
    }

    @Test("shards written here are the reference's, and one shard has no index")
    func written() throws {
        let tensors = (0..<5).map { TensorToWrite("layer.\($0).weight", [8, 8], floats: Array(repeating: Float($0), count: 64)) }
        try withTemporaryFolder { folder in
            let writer = try SafeTensorsFolderWriter(tensors, maximumShardBytes: 600)
            try writer.write(to: folder)
            var total = 0
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                let written = try bytes("\(folder)/\(name)")
                total += written.count
                let reference = try bytes(formatsFixture("sharded/\(name)"))
                if name.hasSuffix(".json") {
                    #expect(try JSONValue.parse(written, path: name) == JSONValue.parse(reference, path: name))
                } else {
                    #expect(written == reference)
                }
            }
            #expect(writer.files.count == 3 && writer.byteCount == total)
            let single = try SafeTensorsFolderWriter(tensors)
            expectError(.file, "left from another model") { try single.write(to: folder) }
            #expect(single.files.map(\.name) == ["model.safetensors"])
        }
    }
}
