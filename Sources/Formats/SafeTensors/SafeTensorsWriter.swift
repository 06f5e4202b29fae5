public import Support
import Tensors

/// Writes one `.safetensors` file as the reference library does, byte for byte, without holding it in memory.
///
/// Tensors lie in the order of their types, larger first, then of their names' bytes; the header is padded with spaces to a multiple of 8.
/// Equal tensors and metadata give equal bytes.
public struct SafeTensorsWriter {
    /// The tensors in the order in which they are written and their bodies run.
    public let tensors: [TensorToWrite]
    /// The size of the file, known before it is written.
    public let byteCount: Int
    private let header: [UInt8]

    /// - Parameter metadata: Free text; transformers wants `format` to be `pt`.
    /// - Throws: `shape` for a name that comes twice or an element type that the format does not have.
    public init(_ tensors: [TensorToWrite], metadata: [String: String] = ["format": "pt"]) throws(TrainerError) {
        try TensorToWrite.check(tensors)
        var typed: [(type: SafeTensorsType, tensor: TensorToWrite)] = []
        for tensor in tensors {
            guard let type = SafeTensorsType(tensor.elementType) else {
                throw TrainerError(.shape, "tensor \(tensor.name)", "safetensors has no type for \(tensor.elementType.rawValue)")
            }
            typed.append((type, tensor))
        }
        typed.sort {
            $0.type.rank != $1.type.rank ? $0.type.rank > $1.type.rank : $0.tensor.name.utf8.lexicographicallyPrecedes($1.tensor.name.utf8)
        }
        let dataCount: Int
        (header, dataCount) = SafeTensorsWriter.header(typed, metadata)
        self.tensors = typed.map(\.tensor)
        byteCount = header.count + dataCount
    }

    private static func header(_ typed: [(type: SafeTensorsType, tensor: TensorToWrite)], _ metadata: [String: String]) -> ([UInt8], Int) {
        var object = JSONObject()
        if !metadata.isEmpty { object["__metadata__"] = .object(JSONObject(metadata.map { ($0, .string($1)) }).sorted) }
        var offset = 0
        for (type, tensor) in typed {
            let end = offset + tensor.byteCount
            object[tensor.name] = .object(
                JSONObject([("dtype", .string(type.rawValue)), ("shape", .integers(tensor.shape)), ("data_offsets", .integers([offset, end]))]))
            offset = end
        }
        var text = Array(JSONValue.object(object).text().utf8)
        text += Array(repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
        return (withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text, offset)
    }

    /// Writes the file; it appears under its name only when it is whole and synced.
    ///
    /// - Throws: `file` if the system refuses, `shape` if a tensor's body gives a wrong number of bytes, and what the bodies throw.
    public func write(to path: String) throws(TrainerError) {
        let file = try FileWriter(path: path)
        try write(to: { (bytes) throws(TrainerError) in try file.write(bytes) })
        try file.finish()
    }

    /// Streams the file's bytes, `byteCount` of them.
    ///
    /// - Throws: As `write(to:)`, and what the sink throws.
    public func write(to sink: TensorToWrite.Sink) throws(TrainerError) {
        try header.withUnsafeBufferPointer { (header) throws(TrainerError) in try sink(UnsafeRawBufferPointer(header)) }
        for tensor in tensors { try tensor.write(to: sink) }
    }
}
