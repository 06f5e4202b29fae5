import Foundation
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

    /// Opens a folder, a `.gguf` file, or a folder whose only model is one `.gguf` file.
    ///
    /// - Throws: `file` if there is no model at the path; `format` for one that is damaged.
    public static func open(_ path: String) throws(TrainerError) -> ModelFiles {
        if let file = ggufPath(path) {
            let gguf = try GGUFFile(path: file)
            let configuration = try HuggingFaceConfiguration(gguf)
            return ModelFiles(
                path: file, naming: .gguf, tensors: gguf, configuration: configuration, generation: GenerationConfiguration(configuration), gguf: gguf
            )
        }
        let tensors = try SafeTensorsFolder(path: path)
        let configuration = try HuggingFaceConfiguration.read(folder: path)
        let generation = try GenerationConfiguration.read(folder: path) ?? GenerationConfiguration(configuration)
        return ModelFiles(
            path: path, naming: .huggingFace, tensors: tensors, configuration: configuration, generation: generation, gguf: nil)
    }

    /// The GGUF file that a path names, or that lies alone in the folder it names; nil where a Hugging Face folder is meant.
    public static func ggufPath(_ path: String) -> String? {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return path.hasSuffix(".gguf") ? path : nil }
        guard isFolder.boolValue else { return path }
        guard !FileManager.default.fileExists(atPath: "\(path)/config.json") else { return nil }
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { $0.hasSuffix(".gguf") }
        return names.count == 1 ? "\(path)/\(names[0])" : nil
    }
}
