public import Formats
import Foundation
public import Support

/// A PEFT adapter folder, opened and checked by itself: settings and named tensors.
public struct AdapterFiles: Sendable {
    public let path: String
    public let options: LoRAOptions
    /// What the folder says the adapter was trained on.
    public let baseModel: String?
    /// The record that trainer writes beside an adapter; nil where another program made it.
    public let provenance: Provenance?
    let weights: SafeTensorsFile
    static let weightsName = "adapter_model.safetensors"
    static let optionsName = "adapter_config.json"

    /// - Throws: `file` if one of the two files is missing; `format` for a damaged one; `configuration` for a kind of adapter that is not computed
    ///   here, naming the key.
    public static func open(_ folder: String) throws(TrainerError) -> AdapterFiles {
        let there = FileManager.default
        guard there.fileExists(atPath: "\(folder)/\(optionsName)") else {
            throw TrainerError(.file, folder, "holds no \(optionsName)", remedy: "Give an adapter's folder, with \(optionsName) and \(weightsName)")
        }
        var (options, hasPattern, baseModel) = try LoRAOptions.read(adapter: folder)
        if !there.fileExists(atPath: "\(folder)/\(weightsName)"), there.fileExists(atPath: "\(folder)/adapter_model.bin") {
            throw TrainerError(
                .file, folder, "holds adapter_model.bin, but no \(weightsName)", remedy: "Save it as safetensors; pickled weights are not read")
        }
        let weights = try SafeTensorsFile(path: "\(folder)/\(weightsName)")
        if hasPattern { options.targetModules = .names(paths(weights.names)) }
        return AdapterFiles(
            path: folder, options: options, baseModel: baseModel, provenance: try Provenance.read(folder: folder), weights: weights)
    }

    /// The modules that have an `A`.
    private static func paths(_ names: [String]) -> [String] {
        let (prefix, suffix) = (LoRA.filePrefix, ".lora_A.weight")
        return names.filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }.map { String($0.dropFirst(prefix.count).dropLast(suffix.count)) }
    }
}
