import Formats
import Support
import Tensors
import TestSupport
import Testing

@Suite struct SafeTensorsFileTests {
    @Test("a file of the reference library reads with its names, types, shapes, values and metadata")
    func reference() throws {
        let file = try SafeTensorsFile(path: formatsFixture("reference.safetensors"))
        #expect(file.metadata == ["format": "pt"])
        #expect(Set(file.names) == ["a.weight", "b.weight", "half", "codes", "ids", "a \"name\" é\n", "empty"])
        let wanted: [(String, ElementType, [Int])] = [
            ("a.weight", .float32, [3, 4]), ("b.weight", .bfloat16, [3, 4]), ("half", .float16, [3]), ("codes", .uint8, [5]), ("ids", .int32, [3]),
            ("a \"name\" é\n", .float32, []), ("empty", .float32, [0, 4]),
        ]
        for (name, type, shape) in wanted {
            let entry = try file.entry(name)
            #expect(entry.elementType == type && entry.shape == shape && entry.bytes.count == type.byteCount(entry.elementCount))
            #expect(file.listing(name)?.offset == entry.offset)
        }
        let values = (0..<12).map { Float($0) / 4 - 1 }
        let floats = try file.entry("a.weight")
        #expect((0..<12).map { floats.bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) } == values)
        let halves = try file.entry("b.weight")
        let wide = (0..<12).map { Float(bitPattern: UInt32(halves.bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) << 16) }
        #expect(wide == values)
        let ids = try file.entry("ids")
        #expect((0..<3).map { ids.bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self) } == [-1, 2, 1 << 30])
        file.forget(floats)
        #expect(floats.bytes.loadUnaligned(as: Float.self) == -1)
    }

    @Test("types that are not read are listed, and reading one names tensor and type")
    func listed() throws {
        let file = try SafeTensorsFile(path: formatsFixture("mixed.safetensors"))
        #expect(file.listings.count == 5)
        #expect(file.listing("long")?.storedType == "I64" && file.listing("long")?.elementType == nil)
        expectError(.format, "tensor eighth", "F8_E4M3", "BF16") { _ = try file.entry("eighth") }
        expectError(.format, "tensor nothing", "not in the file") { _ = try file.entry("nothing") }
        #expect(try file.entry("read").shape == [2])
    }

    /// A file with this header text and data.
    private func open(_ header: String, dataCount: Int) throws {
        try withTemporaryFolder { folder in
            let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
            try write(length + Array(header.utf8) + Array(repeating: 0, count: dataCount), to: "\(folder)/a.safetensors")
            _ = try SafeTensorsFile(path: "\(folder)/a.safetensors")
        }
    }

    private func tensor(_ name: String, _ dtype: String = "F32", _ shape: String = "[2]", _ offsets: String = "[0,8]") -> String {
        "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
    }

    @Test("a header that lies about type, shape, ranges or names is refused and the tensor named")
    func lies() throws {
        try open("{\(tensor("a"))}", dataCount: 8)
        try open("{}", dataCount: 0)
        let cases: [(String, Int, String)] = [
            (tensor("a", "F31"), 8, "F31"), (tensor("a", "F32", "[3]"), 8, "do not fit the shape [3]"),
            (tensor("a", "F32", "[4611686018427387904,8]"), 8, "do not fit"), (tensor("a", "F32", "[-2]"), 8, "-2"),
            (tensor("a", "F32", "2"), 8, "shape"), (tensor("a", "F32", "[2]", "[0,16]"), 8, "ends at byte 16"),
            (tensor("a", "F32", "[2]", "[8,0]"), 8, "[8, 0]"), (tensor("a", "F32", "[2]", "[0,99999999999999999999]"), 8, "data_offsets"),
            (tensor("a", "F32", "[2]", "[4,12]"), 12, "hole"), (tensor("b") + "," + tensor("a", "F32", "[2]", "[4,12]"), 12, "overlaps"),
            (tensor("b") + "," + tensor("a", "F32", "[2]", "[16,24]"), 24, "hole"), (tensor("a") + "," + tensor("a"), 8, "second time"),
            ("\"a\":3", 0, "object"), ("\"a\":{\"shape\":[2]}", 0, "dtype"), ("\"__metadata__\":{\"a\":1},\(tensor("a"))", 8, "__metadata__.a"),
        ]
        for (header, dataCount, part) in cases {
            expectError(.format, "a.safetensors", part) { try open("{\(header)}", dataCount: dataCount) }
        }
        expectError(.format, "byte 70", "4 bytes after the last tensor") { try open("{\(tensor("a"))}", dataCount: 12) }
        expectError(.format, "byte 8") { try open(" {}", dataCount: 0) }
    }

    @Test("a header length beyond the file, too large or absent is refused at byte 0")
    func lengths() throws {
        try withTemporaryFolder { folder in
            for (length, part) in [(UInt64(100), "byte 0"), (UInt64.max, "100000000"), (1 << 40, "100000000"), (0, "header length is 0")] {
                try write(withUnsafeBytes(of: length.littleEndian) { Array($0) } + Array("{}".utf8), to: "\(folder)/a")
                expectError(.format, "byte 0", part) { _ = try SafeTensorsFile(path: "\(folder)/a") }
            }
            try write([], to: "\(folder)/a")
            expectError(.format, "0 bytes") { _ = try SafeTensorsFile(path: "\(folder)/a") }
            expectError(.file, "nothing.safetensors") { _ = try SafeTensorsFile(path: "\(folder)/nothing.safetensors") }
        }
    }

    @Test("a file cut anywhere, or with any byte of its header changed, gives a format error or a readable file")
    func damage() throws {
        try expectDamageIsFound(formatsFixture("reference.safetensors"), headerCount: 490) { path in
            let file = try SafeTensorsFile(path: path)
            for listing in file.listings where listing.elementType != nil {
                let entry = try file.entry(listing.name)
                _ = (entry.bytes.first, entry.bytes.last)
            }
        }
    }
}
