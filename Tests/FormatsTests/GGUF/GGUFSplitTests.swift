import Formats
import Foundation
import Support
import TestSupport
import Testing

@Suite struct GGUFSplitTests {
    private let names = (1...3).map { "model-0000\($0)-of-00003.gguf" }

    /// Parts as files of the gguf package have them, each with its own numbers and tensors.
    private func write(_ parts: [(place: Int, count: Int, total: Int, tensors: [String])], to folder: String) throws {
        for (name, part) in zip(names, parts) {
            let metadata: [(key: String, value: GGUFValue)] = [
                ("split.no", .uint16(UInt16(part.place))), ("split.count", .uint16(UInt16(part.count))),
                ("split.tensors.count", .int32(Int32(part.total))),
            ]
            let tensors = part.tensors.map { TensorToWrite($0, [2], floats: [1, 2]) }
            try GGUFWriter(metadata: metadata, tensors: tensors).write(to: "\(folder)/\(name)")
        }
    }

    /// Opens three parts that are right but for a change.
    private func open(_ change: (inout [(place: Int, count: Int, total: Int, tensors: [String])]) -> Void) throws {
        try withTemporaryFolder { folder in
            var parts = [(0, 3, 4, ["a", "b"]), (1, 3, 4, ["c"]), (2, 3, 4, ["d"])].map { (place: $0.0, count: $0.1, total: $0.2, tensors: $0.3) }
            change(&parts)
            try write(parts, to: folder)
            _ = try GGUFFile(path: "\(folder)/\(names[0])")
        }
    }

    @Test("the parts of a file that the gguf package split read as one, by the first part or by the folder")
    func reads() throws {
        let file = try GGUFFile(path: formatsFixture("split/\(names[0])"))
        #expect(file.names == ["t0", "t1", "t2", "t3", "t4"] && file.metadata["test.string"] == .string("first part"))
        #expect(file.paths == names.map { formatsFixture("split/\($0)") })
        for number in 0..<5 {
            let entry = try file.entry("t\(number)")
            #expect(entry.path.hasSuffix(names[number / 2]))
            #expect((0..<4).map { entry.bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) } == (0..<4).map { Float(4 * number + $0) })
        }
        expectError(.format, "t5") { _ = try file.entry("t5") }
        // A folder finds the first part, which then lacks what a model has.
        expectError(.format, names[0], "embedding_length") { _ = try ModelFiles.open(formatsFixture("split")) }
    }

    @Test("a later part, a missing one, and a part of another name say what to name or fetch")
    func wrongParts() throws {
        let second = formatsFixture("split/\(names[1])")
        expectError(.format, "is part 2 of 3", "Name the first part", names[0]) { _ = try GGUFFile(path: second) }
        try withTemporaryFolder { folder in
            let path = "\(folder)/\(names[0])"
            try FileManager.default.copyItem(atPath: formatsFixture("split/\(names[0])"), toPath: path)
            expectError(.file, names[1], "is missing, part 2 of 3") { _ = try GGUFFile(path: path) }
            try FileManager.default.moveItem(atPath: path, toPath: "\(folder)/other.gguf")
            expectError(.format, "other.gguf", "name is not NAME-00001-of-00003.gguf") { _ = try GGUFFile(path: "\(folder)/other.gguf") }
            try FileManager.default.copyItem(atPath: second, toPath: "\(folder)/\(names[1])")
            expectError(.file, "holds 2 GGUF files: \(names[1]), other.gguf") { _ = try ModelFiles.open(folder) }
        }
    }

    @Test("parts that contradict one another are refused: numbers, counts of tensors, a tensor that comes twice")
    func contradictions() throws {
        try open { _ in }
        expectError(.format, names[2], "part 2 of 3 with 4", "part 3 of 3 with 4") { try open { $0[2].place = 1 } }
        expectError(.format, names[1], "part 2 of 4") { try open { $0[1].count = 4 } }
        expectError(.format, names[1], "with 9 tensors in all") { try open { $0[1].total = 9 } }
        expectError(.format, "split.tensors.count", "is 4, but the 3 parts hold 5 tensors") { try open { $0[2].tensors = ["d", "e"] } }
        expectError(.format, names[2], "tensor a", "is in part 1 of the split file, and again") { try open { $0[2].tensors = ["a"] } }
        expectError(.format, "split.no", "0 to 2") { try open { $0[1].place = 3 } }
    }

    @Test("a cut or changed part gives a format error that names it, or a readable file")
    func damage() throws {
        try withTemporaryFolder { folder in
            for name in names { try FileManager.default.copyItem(atPath: formatsFixture("split/\(name)"), toPath: "\(folder)/\(name)") }
            let second = try bytes("\(folder)/\(names[1])")
            for count in stride(from: 0, to: second.count - 16, by: 7) {
                try FormatsTests.write(Array(second[..<count]), to: "\(folder)/\(names[1])")
                expectError(.format, names[1]) { _ = try GGUFFile(path: "\(folder)/\(names[0])") }
            }
        }
    }
}
