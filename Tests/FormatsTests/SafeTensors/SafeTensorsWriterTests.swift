import Formats
import Foundation
import Support
import Tensors
import TestSupport
import Testing

@Suite struct SafeTensorsWriterTests {
    @Test("the bytes of a file are those the reference library writes, and their number is known before")
    func reference() throws {
        let source = formatsFixture("reference.safetensors")
        let file = try SafeTensorsFile(path: source)
        let writer = try SafeTensorsWriter(file.names.reversed().map { TensorToWrite(try file.entry($0)) })
        try withTemporaryFolder { folder in
            try writer.write(to: "\(folder)/a.safetensors")
            let written = try bytes("\(folder)/a.safetensors")
            #expect(try written == bytes(source))
            #expect(writer.byteCount == written.count)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.safetensors"])
        }
    }

    @Test("a tensor larger than a piece is filled piece by piece")
    func pieces() throws {
        try withTemporaryFolder { folder in
            var largest = 0
            let tensor = TensorToWrite("a", .uint8, [1000], pieceBytes: 96) { (offset, buffer) throws(TrainerError) in
                largest = max(largest, buffer.count)
                for index in buffer.indices { buffer[index] = UInt8(truncatingIfNeeded: offset + index) }
            }
            try SafeTensorsWriter([tensor], metadata: [:]).write(to: "\(folder)/a")
            let file = try SafeTensorsFile(path: "\(folder)/a")
            #expect(Array(try file.entry("a").bytes) == (0..<1000).map { UInt8(truncatingIfNeeded: $0) })
            #expect(largest == 96)
            #expect(file.metadata.isEmpty)
        }
    }

    @Test("pain 17: a tensor that gives fewer or more bytes than its shape asks is refused, and no file appears")
    func wrongSize() throws {
        try withTemporaryFolder { folder in
            for count in [0, 15, 17] {
                let writer = try SafeTensorsWriter([TensorToWrite("a", .float32, [4], bytes: Array(repeating: 0, count: count))])
                expectError(.shape, "tensor a", "\(count) bytes") { try writer.write(to: "\(folder)/a") }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
            let one = TensorToWrite("a", [1], floats: [1])
            expectError(.shape, "written twice") { _ = try SafeTensorsWriter([one, one]) }
            expectError(.shape, "q8_0") { _ = try SafeTensorsWriter([TensorToWrite("a", .q8_0, [32], bytes: [])]) }
            expectError(.file, "/nowhere/") { try SafeTensorsWriter([one]).write(to: "\(folder)/nowhere/a") }
        }
    }
}
