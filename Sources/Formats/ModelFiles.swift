import Foundation
import Hub
public import Support

/// A model's tensors and configuration, from a Hugging Face folder or a GGUF file.
public struct ModelFiles: Sendable {
    /// How the tensors are named and laid out; Models has a table for each.
    public enum Naming: Sendable {
        /// `model.layers.0.self_attn.q_proj.weight`.
        case huggingFace
        /// `blk.0.attn_q.weight`; llama's query and key rows are reordered there.
        case gguf
    }

    public let path: String
    public let naming: Naming
    public let tensors: any TensorSource
    public let configuration: HuggingFaceConfiguration
    public let generation: GenerationConfiguration
    /// The GGUF file itself, whose metadata holds the tokenizer; nil for a folder.
    public let gguf: GGUFFile?

    /// Opens a folder, a `.gguf` file (of a split one, the first part), a folder whose only model is one `.gguf` file or the parts of one, or a
    /// model of the hub's cache, `owner/name`.
    ///
    /// - Throws: `file` if there is no model at the path, or several; `format` for one that is damaged.
    public static func open(_ path: String) throws(TrainerError) -> ModelFiles {
        let path = try localPath(path)
        if let file = try ggufPath(path) {
            let gguf = try GGUFFile(path: file)
            let configuration = try HuggingFaceConfiguration(gguf)
            let generation = try GenerationConfiguration(configuration, gguf)
            return ModelFiles(path: file, naming: .gguf, tensors: gguf, configuration: configuration, generation: generation, gguf: gguf)
        }
        let tensors = try SafeTensorsFolder(path: path)
        let configuration = try HuggingFaceConfiguration.read(folder: path)
        let generation = try GenerationConfiguration.read(folder: path) ?? GenerationConfiguration(configuration)
        return ModelFiles(
            path: path, naming: .huggingFace, tensors: tensors, configuration: configuration, generation: generation, gguf: nil)
    }

    /// Where the model that `open` is given lies: in the hub's cache, if nothing else is there and the path can be a name on a hub.
    public static func localPath(_ path: String) throws(TrainerError) -> String { try Hub.localPath(path) }

    /// The GGUF file that a path stands for, of a split one the first part; nil for a Hugging Face folder, and for nothing.
    ///
    /// - Throws: `file` for a folder of several.
    public static func ggufPath(_ path: String) throws(TrainerError) -> String? {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return path.hasSuffix(".gguf") ? path : nil }
        guard isFolder.boolValue else { return path }
        guard !FileManager.default.fileExists(atPath: "\(path)/config.json") else { return nil }
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { $0.hasSuffix(".gguf") }.sorted()
        if names.count <= 1 { return names.first.map { "\(path)/\($0)" } }
        if let first = GGUFSplit.first(of: names) { return "\(path)/\(first)" }
        throw TrainerError(.file, path, "holds \(names.count) GGUF files: \(names.joined(separator: ", "))", remedy: "Name one of them")
    }
}
