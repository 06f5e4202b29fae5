import Adapters
import Formats
import Foundation
import Support
import Tensors
import TestSupport

@testable import Training

/// A base of the fixtures that has a tokenizer, too, and an adapter that PEFT made for it.
struct SmallMerge {
    let folder: String
    var base: String { "\(folder)/base" }
    var adapter: String { "\(folder)/adapter" }
    var output: String { "\(folder)/merged" }
    let device: CPUDevice

    /// - Parameters:
    ///   - fixture: The base, and the folder in it that holds the adapter.
    ///   - settings: Changes the adapter's settings.
    init(in folder: String, _ name: String, adapter: String = "adapter", settings: (inout String) -> Void = { _ in }) throws {
        self.folder = folder
        device = try CPUDevice(threadCount: 1)
        let files = FileManager.default
        try files.createDirectory(atPath: "\(folder)/base", withIntermediateDirectories: true)
        for file in ["config.json", "model.safetensors"] {
            try files.copyItem(atPath: fixture("\(name)/\(file)", of: "Training"), toPath: "\(folder)/base/\(file)")
        }
        try files.copyItem(atPath: fixture("\(name)/\(adapter)", of: "Training"), toPath: "\(folder)/adapter")
        try edit("\(folder)/adapter/adapter_config.json", settings)
        try Self.tokenizer.write(toFile: "\(folder)/base/tokenizer.json", atomically: true, encoding: .utf8)
    }

    func edit(_ path: String, _ change: (inout String) -> Void) throws {
        var text = try String(contentsOfFile: path, encoding: .utf8)
        change(&text)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    func run(
        _ change: (inout MergeRun.Options) -> Void = { _ in }, altering alter: @escaping (String) throws -> Void = { _ in }
    ) throws -> MergeRun.Report {
        var options = MergeRun.Options(adapter: adapter, output: output)
        options.base = base
        change(&options)
        var merge = MergeRun(options, on: device)
        merge.afterWriting = { (folder) throws(TrainerError) in
            do {
                try alter(folder)
            } catch {
                throw TrainerError(.file, folder, "\(error)")
            }
        }
        return try merge.run()
    }

    /// Whatever begins with the output's name.
    var left: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasPrefix("merged") }
    }

    /// Multiplies a tensor of a written folder.
    static func scale(_ name: String, by factor: Float, in folder: String) throws {
        try change(in: folder) { tensor, values in tensor == name ? values.map { $0 * factor } : values }
    }

    /// Writes a folder's float32 tensors anew, changed.
    static func change(in folder: String, _ body: (String, [Float]) -> [Float]) throws {
        let file = try SafeTensorsFile(path: "\(folder)/model.safetensors")
        let tensors = try file.names.map { name in
            let entry = try file.entry(name)
            let values = (0..<entry.elementCount).map { entry.bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
            return TensorToWrite(name, entry.shape, floats: body(name, values))
        }
        try SafeTensorsWriter(tensors).write(to: "\(folder)/model.safetensors")
    }

    /// One token for each byte of ASCII, by the byte-level alphabet.
    private static let tokenizer: String = {
        let vocabulary = (0..<128).map { byte -> String in
            let scalar = (33...126).contains(byte) ? byte : byte < 33 ? 256 + byte : 289
            return "\(JSONValue.string(String(Unicode.Scalar(UInt32(scalar)).map(Character.init) ?? " ")).text()): \(byte)"
        }
        return """
            {"added_tokens": [], "normalizer": null, "post_processor": null,
             "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
             "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
             "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
                       "fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": {\(vocabulary.joined(separator: ", "))}, "merges": []}}
            """
    }()
}
