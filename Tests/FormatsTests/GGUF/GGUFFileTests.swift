import Formats
import Support
import Tensors
import TestSupport
import Testing

@Suite struct GGUFFileTests {
    @Test("metadata of every type reads from a file of the gguf package")
    func metadata() throws {
        let file = try GGUFFile(path: formatsFixture("reference.gguf"))
        #expect(file.version == 3 && file.alignment == 32)
        let wanted: [(String, GGUFValue)] = [
            ("general.architecture", .string("llama")), ("test.uint8", .uint8(200)), ("test.int8", .int8(-100)), ("test.uint16", .uint16(60000)),
            ("test.int16", .int16(-30000)), ("test.uint32", .uint32(4_000_000_000)), ("test.int32", .int32(-2_000_000_000)),
            ("test.uint64", .uint64(1 << 63)), ("test.int64", .int64(-(1 << 62))), ("test.float32", .float32(0.5)),
            ("test.float64", .float64(1e-300)), ("test.bool", .bool(true)), ("test.string", .string("naïve Ġ")),
            ("test.strings", .strings(["one", "", "三"])), ("test.integers", .array(.int32, [.int32(1), .int32(-2), .int32(3)])),
            (
                "test.nested",
                .array(.array, [.array(.int32, [.int32(1), .int32(2)]), .array(.int32, [.int32(3)])])
            ),
        ]
        #expect(file.keys == wanted.map(\.0))
        for (key, value) in wanted { #expect(file.metadata[key] == value) }
        #expect(try file.integer("test.int8", in: -128...127) == -100)
        #expect(try file.strings("test.strings") == ["one", "", "三"])
        #expect(try file.doubles("test.integers") == [1, -2, 3])
        #expect(try file.integer("test.absent") == nil)
        expectError(.format, "reference.gguf: test.string", "naïve") { _ = try file.integer("test.string") }
        expectError(.format, "reference.gguf: test.uint8", "200") { _ = try file.integer("test.uint8", in: 0...100) }
        expectError(.format, "test.nested") { _ = try file.integers("test.nested") }
    }

    @Test("tensors of every type lie where they are said to, shapes outermost first")
    func tensors() throws {
        let file = try GGUFFile(path: formatsFixture("reference.gguf"))
        let plain = try file.entry("plain")
        #expect(plain.shape == [4, 64] && plain.elementType == .float32)
        let values = (0..<256).map { plain.bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        let half = try file.entry("half")
        #expect((0..<256).allSatisfy { half.bytes.loadUnaligned(fromByteOffset: 2 * $0, as: Float16.self) == Float16(values[$0]) })
        // Each block's largest value comes back from its scale to half a step.
        for (name, type, levels) in [("q8_0", ElementType.q8_0, Float(127)), ("q4_0", .q4_0, 8), ("q4_1", .q4_1, 15)] {
            let entry = try file.entry(name)
            #expect(entry.elementType == type && entry.shape == [4, 64] && entry.bytes.count == type.byteCount(256))
            for block in 0..<8 {
                let scale = abs(Float(entry.bytes.loadUnaligned(fromByteOffset: block * type.blockBytes, as: Float16.self)))
                let part = values[32 * block..<32 * block + 32]
                let span = type == .q4_1 ? (part.max() ?? 0) - (part.min() ?? 0) : part.map(abs).max() ?? 0
                #expect(abs(scale * levels - span) <= 1e-3 * span)
            }
        }
        #expect(try file.entry("bf16").elementType == .bfloat16)
        #expect(file.listing("listed")?.storedType == "IQ2_XXS" && file.listing("listed")?.shape == [2, 256])
        expectError(.format, "tensor listed", "IQ2_XXS", "Q4_0, Q4_1, Q5_0", "Q6_K") { _ = try file.entry("listed") }
        let odd = try file.entry("odd")
        #expect((0..<3).map { odd.bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) } == [0, 1, 2])
        #expect(file.listings.allSatisfy { $0.offset % 32 == 0 })
    }

    @Test("a file cut anywhere, or with any byte of its header changed, gives a format error or a readable file")
    func damage() throws {
        let path = formatsFixture("reference.gguf")
        let start = try GGUFFile(path: path).listings.map(\.offset).min() ?? 0
        // The last tensor is padded to the alignment; a cut inside that padding takes nothing away.
        try withTemporaryFolder { folder in
            try write(Array(bytes(path).dropLast(20)), to: "\(folder)/a.gguf")
            try expectDamageIsFound("\(folder)/a.gguf", headerCount: start) { path in
                let file = try GGUFFile(path: path)
                for listing in file.listings where listing.elementType != nil {
                    let entry = try file.entry(listing.name)
                    _ = (entry.bytes.first, entry.bytes.last)
                }
            }
        }
    }

    /// A header of raw numbers and strings.
    private struct Raw {
        var bytes: [UInt8] = Array("GGUF".utf8)
        mutating func add(_ number: some FixedWidthInteger) { withUnsafeBytes(of: number.littleEndian) { bytes += Array($0) } }
        mutating func add(_ text: String) {
            add(UInt64(text.utf8.count))
            bytes += Array(text.utf8)
        }
    }

    private func open(_ raw: Raw) throws {
        try withTemporaryFolder { folder in
            try write(raw.bytes, to: "\(folder)/a.gguf")
            // Counting must not overflow where one dimension is zero.
            _ = try GGUFFile(path: "\(folder)/a.gguf").listings.map(\.elementCount)
        }
    }

    private func header(version: UInt32 = 3, tensors: UInt64 = 0, keys: UInt64 = 0) -> Raw {
        var raw = Raw()
        raw.add(version)
        raw.add(tensors)
        raw.add(keys)
        return raw
    }

    @Test("counts and lengths beyond the file are refused before anything is allocated, with their byte")
    func lyingCounts() throws {
        expectError(.format, "a.gguf: byte 8", "number of tensors is 18446744073709551615") { try open(header(tensors: .max)) }
        expectError(.format, "a.gguf: byte 16", "number of metadata keys") { try open(header(keys: 1 << 40)) }
        var long = header(keys: 1)
        long.add(UInt64.max)
        long.bytes += Array(repeating: 0, count: 40)
        expectError(.format, "byte 24", "18446744073709551615 bytes") { try open(long) }
        var list = header(keys: 1)
        list.add("list")
        list.add(UInt32(9))
        list.add(UInt32(8))
        list.add(UInt64(1) << 50)
        expectError(.format, "byte 44", "elements of list is 1125899906842624") { try open(list) }
        var nested = header(keys: 1)
        nested.add("deep")
        for _ in 0..<40 {
            nested.add(UInt32(9))
            if nested.bytes.count > 40 { nested.add(UInt64(1)) }
        }
        expectError(.format, "8 levels") { try open(nested) }
    }

    @Test("another magic number, version, byte order or value type is named")
    func badHeader() throws {
        var other = header(version: 3)
        other.bytes[0] = 0x47 ^ 1
        expectError(.format, "byte 0", "does not begin with GGUF") { try open(other) }
        expectError(.format, "byte 4", "version is 1") { try open(header(version: 1)) }
        expectError(.format, "byte 4", "big-endian") { try open(header(version: UInt32(3).byteSwapped)) }
        try open(header(version: 2))
        var kind = header(keys: 1)
        kind.add("key")
        kind.add(UInt32(99))
        expectError(.format, "byte 35", "unknown value type 99") { try open(kind) }
        var twice = header(keys: 2)
        for _ in 0..<2 {
            twice.add("key")
            twice.add(UInt32(7))
            twice.add(UInt8(1))
        }
        expectError(.format, "byte 40", "key comes a second time") { try open(twice) }
        var alignment = header(keys: 1)
        alignment.add("general.alignment")
        alignment.add(UInt32(4))
        alignment.add(UInt32(24))
        expectError(.format, "general.alignment", "24") { try open(alignment) }
    }

    /// A file with two tensors of 8 floats and 64 bytes of data.
    private func twoTensors(_ second: (dimensions: [UInt64], type: UInt32, offset: UInt64), name: String = "b") -> Raw {
        var raw = header(tensors: 2)
        for (name, dimensions, type, offset) in [("a", [UInt64(8)], UInt32(0), UInt64(0)), (name, second.dimensions, second.type, second.offset)] {
            raw.add(name)
            raw.add(UInt32(dimensions.count))
            for dimension in dimensions { raw.add(dimension) }
            raw.add(type)
            raw.add(offset)
        }
        raw.bytes += Array(repeating: 0, count: (32 - raw.bytes.count % 32) % 32 + 64)
        return raw
    }

    @Test("a tensor with an unknown type, out of the file, out of line or over another is refused and named")
    func lyingTensors() throws {
        try open(twoTensors(([4, 2], 0, 32)))
        try open(twoTensors(([1 << 62, 1 << 62, 0], 0, 32)))
        expectError(.format, "tensor b", "unknown ggml type 77") { try open(twoTensors(([8], 77, 32))) }
        expectError(.format, "tensor b", "64 of the data") { try open(twoTensors(([8], 0, 64))) }
        expectError(.format, "tensor b", "36 bytes from 32") { try open(twoTensors(([9], 0, 32))) }
        expectError(.format, "tensor b", "offset 36") { try open(twoTensors(([4], 0, 36))) }
        expectError(.format, "tensor b", "inside a") { try open(twoTensors(([4], 0, 0))) }
        expectError(.format, "tensor b", "18446744073709551584") { try open(twoTensors(([4], 0, UInt64.max - 31))) }
        expectError(.format, "tensor b", "does not fit") { try open(twoTensors(([1 << 62, 1 << 62], 0, 32))) }
        expectError(.format, "tensor b", "blocks of 32 (Q8_0)") { try open(twoTensors(([16], 8, 32))) }
        expectError(.format, "tensor b", "5 dimensions") { try open(twoTensors(([1, 1, 1, 1, 1], 0, 32))) }
        expectError(.format, "tensor a", "second time") { try open(twoTensors(([8], 0, 32), name: "a")) }
    }
}
