import Formats
import Support
import Tensors
import TestSupport
import Testing

@Suite struct GGUFWriterTests {
    @Test("a file of the gguf package, read and written again, has the same metadata and tensors, and the size foretold")
    func roundTrip() throws {
        let file = try GGUFFile(path: formatsFixture("reference.gguf"))
        let readable = file.listings.filter { $0.elementType != nil }.map(\.name)
        let metadata = file.keys.compactMap { key in file.metadata[key].map { (key, $0) } }
        let writer = try GGUFWriter(metadata: metadata, tensors: readable.map { TensorToWrite(try file.entry($0)) })
        try withTemporaryFolder { folder in
            try writer.write(to: "\(folder)/a.gguf")
            #expect(try bytes("\(folder)/a.gguf").count == writer.byteCount)
            let again = try GGUFFile(path: "\(folder)/a.gguf")
            #expect(again.metadata == file.metadata && again.keys == file.keys && again.names == readable)
            for name in readable {
                let (old, new) = (try file.entry(name), try again.entry(name))
                #expect(old.shape == new.shape && old.elementType == new.elementType && Array(old.bytes) == Array(new.bytes))
            }
            // The same but for the tensor that could not be read: the header is the reference's up to the tensor count.
            #expect(try Array(bytes("\(folder)/a.gguf")[..<8]) == Array(bytes(formatsFixture("reference.gguf"))[..<8]))
        }
    }

    @Test("an alignment of its own holds for every tensor; shapes that ggml does not have are refused")
    func alignment() throws {
        try withTemporaryFolder { folder in
            let tensors = [TensorToWrite("a", [3], floats: [1, 2, 3]), TensorToWrite("b", [1], floats: [4])]
            try GGUFWriter(metadata: [("general.alignment", .uint32(256))], tensors: tensors).write(to: "\(folder)/a.gguf")
            let file = try GGUFFile(path: "\(folder)/a.gguf")
            #expect(file.alignment == 256 && file.listings.allSatisfy { $0.offset % 256 == 0 })
            #expect(try file.entry("b").bytes.loadUnaligned(as: Float.self) == 4)
        }
        expectError(.shape, "general.alignment") { _ = try GGUFWriter(metadata: [("general.alignment", .uint32(3))], tensors: []) }
        expectError(.shape, "nf4") { _ = try GGUFWriter(metadata: [], tensors: [TensorToWrite("a", .nf4, [64], bytes: [])]) }
        expectError(.shape, "tensor a") { _ = try GGUFWriter(metadata: [], tensors: [TensorToWrite("a", [1, 1, 1, 1, 1], floats: [1])]) }
    }
}
