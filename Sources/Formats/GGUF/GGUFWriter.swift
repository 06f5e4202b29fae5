public import Support
import Tensors

/// Writes a GGUF file of version 3 without holding its tensors in memory.
public struct GGUFWriter {
    public let tensors: [TensorToWrite]
    /// The size of the file, known before it is written.
    public let byteCount: Int
    private let header: [UInt8]
    private let alignment: Int

    /// - Parameters:
    ///   - metadata: Keys and values in the order of the file; `general.alignment`, if it is there, a power of two as `uint32`.
    ///   - tensors: In the order of the file, shapes outermost first.
    /// - Throws: `shape` for a name that comes twice, more than 4 dimensions or an element type that ggml does not have.
    public init(metadata: [(key: String, value: GGUFValue)], tensors: [TensorToWrite]) throws(TrainerError) {
        try TensorToWrite.check(tensors)
        var alignment = 32
        if let value = metadata.first(where: { $0.key == "general.alignment" })?.value {
            guard case .uint32(let given) = value, given > 0, given & (given - 1) == 0 else {
                throw TrainerError(.shape, "general.alignment", "is \(value.shown), where a power of two as uint32 is wanted")
            }
            alignment = Int(given)
        }
        var header = GGUFHeader()
        header.number(UInt32(0x4655_4747))
        header.number(UInt32(3))
        header.number(UInt64(tensors.count))
        header.number(UInt64(metadata.count))
        for (key, value) in metadata {
            header.string(key)
            header.number(value.kind.rawValue)
            header.value(value)
        }
        var offset = 0
        for tensor in tensors {
            guard let type = GGUFTensorType.of(tensor.elementType), tensor.shape.count <= 4 else {
                let problem = "GGUF has no \(tensor.elementType.rawValue) of shape \(tensor.shape)"
                throw TrainerError(.shape, "tensor \(tensor.name)", problem)
            }
            header.string(tensor.name)
            header.number(UInt32(tensor.shape.count))
            for dimension in tensor.shape.reversed() { header.number(UInt64(dimension)) }
            header.number(type.number)
            header.number(UInt64(offset))
            offset += GGUFWriter.padded(tensor.byteCount, alignment)
        }
        header.bytes += Array(repeating: 0, count: GGUFWriter.padded(header.bytes.count, alignment) - header.bytes.count)
        self.tensors = tensors
        self.header = header.bytes
        self.alignment = alignment
        byteCount = header.bytes.count + offset
    }

    private static func padded(_ count: Int, _ alignment: Int) -> Int { (count + alignment - 1) / alignment * alignment }

    /// Writes the file; it appears under its name only when it is whole and synced.
    ///
    /// - Throws: `file` if the system refuses, `shape` if a tensor's body gives a wrong number of bytes, and what the bodies throw.
    public func write(to path: String) throws(TrainerError) {
        let file = try FileWriter(path: path)
        try file.write(header)
        for tensor in tensors {
            try tensor.write(to: { (bytes) throws(TrainerError) in try file.write(bytes) })
            try file.write(Array(repeating: 0, count: GGUFWriter.padded(tensor.byteCount, alignment) - tensor.byteCount))
        }
        try file.finish()
    }
}

/// The bytes of a GGUF header, little-endian.
private struct GGUFHeader {
    var bytes: [UInt8] = []

    mutating func number(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func string(_ text: String) {
        number(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func value(_ value: GGUFValue) {
        switch value {
        case .uint8(let value): number(value)
        case .int8(let value): number(value)
        case .uint16(let value): number(value)
        case .int16(let value): number(value)
        case .uint32(let value): number(value)
        case .int32(let value): number(value)
        case .uint64(let value): number(value)
        case .int64(let value): number(value)
        case .float32(let value): number(value.bitPattern)
        case .float64(let value): number(value.bitPattern)
        case .bool(let value): number(UInt8(value ? 1 : 0))
        case .string(let value): string(value)
        case .array(let kind, let elements):
            number(kind.rawValue)
            number(UInt64(elements.count))
            for element in elements { self.value(element) }
        }
    }
}
