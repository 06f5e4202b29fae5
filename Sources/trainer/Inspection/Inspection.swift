import Adapters
import Formats
import Foundation
import Support
import Training

/// What a file or folder of weights says of itself, whatever its format.
struct Inspection {
    let path: String
    /// `GGUF 3 in 2 parts`, `PEFT adapter`.
    let format: String
    let architecture: String?
    /// What the format says beside its tensors, in its own words and order.
    let metadata: [(key: String, value: JSONValue)]
    let listings: [TensorListing]

    var parameterCount: Int { listings.reduce(0) { $0 &+ $1.elementCount } }
    var byteCount: Int { listings.reduce(0) { $0 &+ $1.byteCount } }

    /// Opens whatever lies at a path.
    ///
    /// - Throws: `file` if nothing that holds weights lies there; what the format's own reader throws.
    static func open(_ path: String) throws(TrainerError) -> Inspection {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            let remedy = "Give a safetensors or GGUF file, or a model's, adapter's or checkpoint's folder"
            throw TrainerError(.file, path, "does not exist", remedy: remedy)
        }
        func holds(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }
        guard isFolder.boolValue else { return try file(path) }
        if holds("adapter_config.json") { return try adapter(path) }
        if holds(CheckpointManifest.fileName), holds(CheckpointManifest.markerName) { return try checkpoint(path) }
        if holds("resolved.yaml") {
            let remedy = "Name \(path)/adapter, \(path)/model, or a folder in \(path)/checkpoints"
            throw TrainerError(.file, path, "is a run's folder", remedy: remedy)
        }
        if let file = try ModelFiles.ggufPath(path) { return try gguf(file) }
        return try modelFolder(path)
    }

    /// By its name's ending, else by how it begins.
    private static func file(_ path: String) throws(TrainerError) -> Inspection {
        let file = try MappedFile(path: path)
        let start = withExtendedLifetime(file) { Array(file.bytes.prefix(9)) }
        if path.hasSuffix(".gguf") || start.starts(with: Array("GGUF".utf8)) { return try gguf(path) }
        if path.hasSuffix(".safetensors") || start.count == 9 && start[8] == UInt8(ascii: "{") { return try safetensors(path) }
        throw TrainerError(.format, path, "begins neither as a GGUF nor as a safetensors file", remedy: "Pickled weights are not read")
    }

    private static func safetensors(_ path: String) throws(TrainerError) -> Inspection {
        let file = try SafeTensorsFile(path: path)
        let metadata = file.metadata.sorted { $0.key < $1.key }.map { (key: $0.key, value: JSONValue.string($0.value)) }
        return Inspection(path: path, format: "safetensors", architecture: nil, metadata: metadata, listings: file.listings)
    }

    private static func gguf(_ path: String) throws(TrainerError) -> Inspection {
        let file = try GGUFFile(path: path)
        let parts = file.paths.count == 1 ? "" : " in \(file.paths.count) parts"
        return Inspection(
            path: path, format: "GGUF \(file.version)\(parts)", architecture: file.metadata["general.architecture"]?.string,
            metadata: file.keys.compactMap { key in file.metadata[key].map { (key, $0.json) } }, listings: file.listings)
    }

    private static func modelFolder(_ path: String) throws(TrainerError) -> Inspection {
        let folder = try SafeTensorsFolder(path: path)
        let configuration = "\(path)/config.json"
        let object = FileManager.default.fileExists(atPath: configuration) ? try JSONKeys(path: configuration).object : JSONObject()
        return Inspection(
            path: path, format: "Hugging Face folder" + (folder.files.count == 1 ? "" : ", \(folder.files.count) files of weights"),
            architecture: architecture(object), metadata: pairs(object), listings: folder.listings)
    }

    private static func adapter(_ path: String) throws(TrainerError) -> Inspection {
        _ = try AdapterFiles.open(path)
        let file = try SafeTensorsFile(path: "\(path)/adapter_model.safetensors")
        let object = try JSONKeys(path: "\(path)/adapter_config.json").object
        let set = pairs(object).filter { ![.null, .bool(false), .array([]), .object(JSONObject())].contains($0.value) }
        return Inspection(path: path, format: "PEFT adapter", architecture: nil, metadata: set, listings: file.listings)
    }

    private static func checkpoint(_ path: String) throws(TrainerError) -> Inspection {
        let store = CheckpointStore(folder: FileSystem().parent(of: path), keepLast: 1, keepBest: false)
        let manifest = try store.verify(path).manifest
        var metadata: [(key: String, value: JSONValue)] = [("step", .integer(manifest.step)), ("serial", .integer(manifest.serial))]
        if let score = manifest.score { metadata.append(("score", .double(score))) }
        metadata += manifest.metadata.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }
        var listings: [TensorListing] = []
        for file in manifest.files {
            metadata.append((file.name, .string("\(grouped(file.byteCount)) bytes, SHA-256 \(file.sha256)")))
            guard file.name.hasSuffix(".safetensors") else { continue }
            for listing in try SafeTensorsFile(path: "\(path)/\(file.name)").listings {
                var named = listing
                named.name = "\(file.name): \(listing.name)"
                listings.append(named)
            }
        }
        return Inspection(path: path, format: "checkpoint of trainer, every file as saved", architecture: nil, metadata: metadata, listings: listings)
    }

    private static func pairs(_ object: JSONObject) -> [(key: String, value: JSONValue)] {
        object.keys.compactMap { key in object[key].map { (key, $0) } }
    }

    private static func architecture(_ object: JSONObject) -> String? {
        if case .array(let names) = object["architectures"], case .string(let name) = names.first { return name }
        if case .string(let name) = object["model_type"] { return name }
        return nil
    }
}

extension GGUFValue {
    /// The value as JSON; whole numbers and floats as they are spelled.
    fileprivate var json: JSONValue {
        switch self {
        case .bool(let value): .bool(value)
        case .string(let text): .string(text)
        case .array(_, let elements): .array(elements.map(\.json))
        case .float32(let value): value.isFinite ? .number("\(value)") : .double(Double(value))
        case .float64(let value): .double(value)
        case .uint64(let value): .number("\(value)")
        default: .integer(integer ?? 0)
        }
    }
}
