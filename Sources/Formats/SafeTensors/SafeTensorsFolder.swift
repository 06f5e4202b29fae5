import Foundation
public import Support

/// The tensors of a Hugging Face model folder: `model.safetensors`, or `model.safetensors.index.json` and its shards.
public struct SafeTensorsFolder: TensorSource {
    public let path: String
    public let listings: [TensorListing]
    /// The files, by name within the folder.
    public let files: [String: SafeTensorsFile]
    private let fileOf: [String: String]

    /// - Throws: `file` if there is neither a model file nor an index, or a shard is missing (named); `format` as `SafeTensorsFile` does, and
    ///   for an index that is malformed, points out of the folder, or names a tensor that its shard does not hold.
    public init(path: String) throws(TrainerError) {
        self.path = path
        var listings: [TensorListing] = []
        if FileManager.default.fileExists(atPath: "\(path)/\(SafeTensorsFolder.single)") {
            let file = try SafeTensorsFile(path: "\(path)/\(SafeTensorsFolder.single)")
            files = [SafeTensorsFolder.single: file]
            fileOf = Dictionary(uniqueKeysWithValues: file.names.map { ($0, SafeTensorsFolder.single) })
            self.listings = file.listings
            return
        }
        let indexPath = "\(path)/\(SafeTensorsFolder.index)"
        guard FileManager.default.fileExists(atPath: indexPath) else { throw SafeTensorsFolder.nothingToRead(path) }
        let map = try SafeTensorsFolder.weightMap(indexPath)
        var files: [String: SafeTensorsFile] = [:]
        var fileOf: [String: String] = [:]
        for (name, shard) in map {
            if files[shard] == nil { files[shard] = try SafeTensorsFolder.open(shard, in: path, for: name) }
            guard let listing = files[shard]?.listing(name) else {
                let remedy = "Fetch the shard and the index again, of one version"
                throw .format(indexPath, tensor: name, "is not in \(shard), where the index has it", remedy: remedy)
            }
            listings.append(listing)
            fileOf[name] = shard
        }
        self.listings = listings
        self.files = files
        self.fileOf = fileOf
    }

    static let single = "model.safetensors"
    static let index = "model.safetensors.index.json"

    public func listing(_ name: String) -> TensorListing? { fileOf[name].flatMap { files[$0]?.listing(name) } }

    public func entry(_ name: String) throws(TrainerError) -> TensorEntry {
        guard let shard = fileOf[name], let file = files[shard] else { throw .format(path, tensor: name, "is in none of the folder's files") }
        return try file.entry(name)
    }

    private static func weightMap(_ indexPath: String) throws(TrainerError) -> [(name: String, shard: String)] {
        let keys = try JSONKeys(path: indexPath).requiredKeys("weight_map")
        var map: [(String, String)] = []
        for name in keys.object.keys {
            let shard = try keys.requiredString(name)
            guard !shard.isEmpty, !shard.contains("/"), shard != ".." else {
                throw keys.error(name, "is in \"\(shard)\", which is no name of a file in the folder")
            }
            map.append((name, shard))
        }
        return map
    }

    private static func open(_ shard: String, in path: String, for name: String) throws(TrainerError) -> SafeTensorsFile {
        guard FileManager.default.fileExists(atPath: "\(path)/\(shard)") else {
            throw TrainerError(.file, "\(path)/\(shard)", "is missing, though the index has tensor \(name) in it", remedy: "Fetch the missing shard")
        }
        return try SafeTensorsFile(path: "\(path)/\(shard)")
    }

    private static func nothingToRead(_ path: String) -> TrainerError {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        if let pickled = names.sorted().first(where: { $0.hasSuffix(".bin") || $0.hasSuffix(".pth") }) {
            return TrainerError(
                .file, path, "holds \(pickled), but no \(single)", remedy: "Save the model as safetensors; pickled weights are not read")
        }
        let there = FileManager.default.fileExists(atPath: path)
        let remedy = "Give the folder that holds config.json and \(single), or a GGUF file"
        return TrainerError(.file, path, there ? "holds neither \(single) nor \(index)" : "does not exist", remedy: remedy)
    }
}
