import Foundation
public import Support

/// Writes the tensors of a model folder: one `model.safetensors`, or shards of a largest size with their index.
///
/// Tensors fill shards in the order given, as huggingface_hub splits them; one larger than the limit has a shard to itself.
public struct SafeTensorsFolderWriter {
    /// Each file's name and writer, in the order of writing.
    public let files: [(name: String, writer: SafeTensorsWriter)]
    private let index: [UInt8]?

    /// The bytes of all files, known before the first is written.
    public var byteCount: Int { files.reduce(index?.count ?? 0) { $0 + $1.writer.byteCount } }

    /// - Parameter maximumShardBytes: The most bytes of tensors in a file.
    /// - Throws: `shape` as `SafeTensorsWriter` does.
    public init(
        _ tensors: [TensorToWrite], maximumShardBytes: Int = 5_000_000_000, metadata: [String: String] = ["format": "pt"]
    ) throws(TrainerError) {
        try TensorToWrite.check(tensors)
        let shards = SafeTensorsFolderWriter.split(tensors, maximumShardBytes)
        var files: [(String, SafeTensorsWriter)] = []
        var weightMap: [(String, JSONValue)] = []
        for (position, shard) in shards.enumerated() {
            let numbers = [position + 1, shards.count].map { String(repeating: "0", count: max(0, 5 - String($0).count)) + String($0) }
            let name = shards.count == 1 ? SafeTensorsFolder.single : "model-\(numbers[0])-of-\(numbers[1]).safetensors"
            files.append((name, try SafeTensorsWriter(shard, metadata: metadata)))
            weightMap += shard.map { ($0.name, .string(name)) }
        }
        self.files = files
        let total = tensors.reduce(0) { $0 + $1.byteCount }
        let object = JSONObject([
            ("metadata", .object(JSONObject([("total_size", .integer(total))]))), ("weight_map", .object(JSONObject(weightMap).sorted)),
        ])
        index = shards.count == 1 ? nil : Array((JSONValue.object(object).text(indent: 2) + "\n").utf8)
    }

    private static func split(_ tensors: [TensorToWrite], _ maximumShardBytes: Int) -> [[TensorToWrite]] {
        var shards: [[TensorToWrite]] = [[]]
        var byteCount = 0
        for tensor in tensors {
            if byteCount > 0, byteCount + tensor.byteCount > maximumShardBytes {
                shards.append([])
                byteCount = 0
            }
            shards[shards.count - 1].append(tensor)
            byteCount += tensor.byteCount
        }
        return shards
    }

    /// Writes every file into a folder that exists; the index comes last.
    ///
    /// - Throws: `file` if the folder already holds other `model*.safetensors` files, which would be read in place of or beside these; the rest
    ///   as `SafeTensorsWriter.write` does.
    public func write(to folder: String) throws(TrainerError) {
        let wanted = Set(files.map(\.name) + (index == nil ? [] : [SafeTensorsFolder.index]))
        for name in ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() {
            let isWeights = name.hasPrefix("model") && (name.hasSuffix(".safetensors") || name == SafeTensorsFolder.index)
            guard !isWeights || wanted.contains(name) else {
                throw TrainerError(.file, "\(folder)/\(name)", "is left from another model", remedy: "Remove it or write to another folder")
            }
        }
        for (name, writer) in files { try writer.write(to: "\(folder)/\(name)") }
        guard let index else { return }
        let file = try FileWriter(path: "\(folder)/\(SafeTensorsFolder.index)")
        try file.write(index)
        try file.finish()
    }
}
