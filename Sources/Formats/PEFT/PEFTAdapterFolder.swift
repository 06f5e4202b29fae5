import Foundation
public import Support
import Tensors

/// An adapter as PEFT stores it: `adapter_config.json` and `adapter_model.safetensors`.
///
/// Every tensor has a place: a pair of matrices of a targeted module, or a module that was trained whole. One that is missing, unexpected or of
/// the wrong shape is refused, so that no adapter loads and changes nothing.
public struct PEFTAdapterFolder: Sendable {
    /// The adapter of one linear module: its output gains `scale * B (A x)`.
    public struct Module: Sendable {
        /// The path in the base model: `model.layers.0.self_attn.q_proj`.
        public let path: String
        /// `[rank, inputs]`.
        public let a: TensorEntry
        /// `[outputs, rank]`.
        public let b: TensorEntry
        public let rank: Int
        public let scale: Double
    }

    public let path: String
    public let configuration: PEFTConfiguration
    /// In the order of their paths.
    public let modules: [Module]
    /// The tensors of modules that were trained whole, by their names in the base model: `lm_head.weight`.
    public let savedTensors: [String: TensorEntry]
    /// The free text of the tensor file.
    public let metadata: [String: String]

    /// - Throws: `file` if one of the two files is missing; `format` naming the key or the tensor for what breaks the format or is no plain LoRA.
    public init(path: String) throws(TrainerError) {
        self.path = path
        guard FileManager.default.fileExists(atPath: "\(path)/\(PEFTAdapterFolder.configurationName)") else {
            throw TrainerError(.file, path, "holds no \(PEFTAdapterFolder.configurationName)", remedy: "Give the folder of a PEFT adapter")
        }
        configuration = try PEFTConfiguration(JSONKeys(path: "\(path)/\(PEFTAdapterFolder.configurationName)"))
        guard FileManager.default.fileExists(atPath: "\(path)/\(PEFTAdapterFolder.tensorsName)") else {
            throw TrainerError(.file, path, "holds no \(PEFTAdapterFolder.tensorsName)", remedy: "Save the adapter as safetensors")
        }
        let file = try SafeTensorsFile(path: "\(path)/\(PEFTAdapterFolder.tensorsName)")
        let shapes = file.listings.map { (name: $0.name, shape: $0.shape) }
        let layout = try PEFTLayout(shapes, configuration, path: file.path)
        var modules: [Module] = []
        for module in layout.modules {
            modules.append(
                Module(
                    path: module, a: try file.entry("\(PEFTLayout.prefix)\(module).lora_A.weight"),
                    b: try file.entry("\(PEFTLayout.prefix)\(module).lora_B.weight"), rank: configuration.rank(of: module),
                    scale: configuration.scale(of: module)))
        }
        var savedTensors: [String: TensorEntry] = [:]
        for name in layout.savedTensors { savedTensors[name] = try file.entry(PEFTLayout.prefix + name) }
        self.modules = modules
        self.savedTensors = savedTensors
        metadata = file.metadata
    }

    static let configurationName = "adapter_config.json"
    static let tensorsName = "adapter_model.safetensors"
}

/// Writes an adapter folder that PEFT's `PeftModel.from_pretrained` loads.
public struct PEFTAdapterWriter {
    private let configuration: PEFTConfiguration
    private let tensors: SafeTensorsWriter
    private let text: [UInt8]

    /// The bytes of both files, known before they are written.
    public var byteCount: Int { tensors.byteCount + text.count }

    /// - Parameters:
    ///   - tensors: Named as in the base model, with `.lora_A.weight` of `[rank, inputs]` and `.lora_B.weight` of `[outputs, rank]` after a
    ///     module's path; the tensors of modules trained whole under their own names.
    ///   - metadata: Free text, kept beside the tensors: what the adapter was trained on.
    /// - Throws: `format` as `PEFTAdapterFolder` does, for tensors that do not fit the configuration; `shape` as `SafeTensorsWriter` does.
    public init(_ configuration: PEFTConfiguration, tensors: [TensorToWrite], metadata: [String: String] = [:]) throws(TrainerError) {
        self.configuration = configuration
        let named = tensors.map { TensorToWrite(PEFTLayout.prefix + $0.name, $0.elementType, $0.shape, body: $0.body) }
        _ = try PEFTLayout(named.map { ($0.name, $0.shape) }, configuration, path: "the adapter to write")
        self.tensors = try SafeTensorsWriter(named, metadata: metadata.merging(["format": "pt"]) { _, format in format })
        text = Array((JSONValue.object(configuration.json).text(indent: 2) + "\n").utf8)
    }

    /// Writes both files into a folder that exists, the configuration last.
    ///
    /// - Throws: as `SafeTensorsWriter.write` does.
    public func write(to folder: String) throws(TrainerError) {
        try tensors.write(to: "\(folder)/\(PEFTAdapterFolder.tensorsName)")
        let file = try FileWriter(path: "\(folder)/\(PEFTAdapterFolder.configurationName)")
        try file.write(text)
        try file.finish()
    }
}

/// Which tensor of an adapter is what, with every tensor accounted for.
private struct PEFTLayout {
    static let prefix = "base_model.model."

    /// Sorted.
    var modules: [String] = []
    /// Without the prefix.
    var savedTensors: [String] = []

    init(_ tensors: [(name: String, shape: [Int])], _ configuration: PEFTConfiguration, path: String) throws(TrainerError) {
        var halves: [String: [String: [Int]]] = [:]
        for (name, shape) in tensors {
            guard name.hasPrefix(PEFTLayout.prefix) else {
                throw .format(path, tensor: name, "does not begin with \(PEFTLayout.prefix), as PEFT's tensors do")
            }
            let inner = String(name.dropFirst(PEFTLayout.prefix.count))
            if let half = ["lora_A", "lora_B"].first(where: { inner.hasSuffix(".\($0).weight") }) {
                halves[String(inner.dropLast(".\(half).weight".count)), default: [:]][half] = shape
            } else if PEFTLayout.isSaved(inner, configuration) {
                savedTensors.append(inner)
            } else {
                let remedy = "Only the matrices of LoRA on linear layers and the tensors of modules_to_save are read"
                throw .format(path, tensor: name, "is not expected in a LoRA adapter", remedy: remedy)
            }
        }
        modules = halves.keys.sorted()
        for module in modules { try PEFTLayout.check(module, halves[module] ?? [:], configuration, path) }
        try checkNothingMissing(configuration, path)
    }

    /// A tensor of a module trained whole; PEFT also stores embedding and head unasked when the vocabulary was enlarged.
    private static func isSaved(_ tensor: String, _ configuration: PEFTConfiguration) -> Bool {
        guard !tensor.contains("lora_"), !tensor.contains("base_layer") else { return false }
        return (configuration.savedModules + ["embed_tokens", "lm_head"]).contains { isTensor(tensor, of: $0) }
    }

    /// Whether a tensor belongs to a module of that name, or to one inside it.
    private static func isTensor(_ tensor: String, of module: String) -> Bool { ".\(tensor)".contains(".\(module).") }

    private static func check(
        _ module: String, _ halves: [String: [Int]], _ configuration: PEFTConfiguration, _ path: String
    ) throws(TrainerError) {
        guard let a = halves["lora_A"], let b = halves["lora_B"] else {
            let (there, missing) = halves["lora_A"] == nil ? ("lora_B", "lora_A") : ("lora_A", "lora_B")
            throw .format(path, tensor: "\(prefix)\(module).\(missing).weight", "is missing, though there is a \(there)")
        }
        let rank = configuration.rank(of: module)
        guard a.count == 2, b.count == 2, a[0] == rank, b[1] == rank, a[1] > 0, b[0] > 0 else {
            let problem = "the shapes \(a) and \(b) of lora_A and lora_B do not fit the rank \(rank)"
            throw .format(path, tensor: prefix + module, problem, remedy: "Each rank has to hold whole matrices [rank, inputs] and [outputs, rank]")
        }
        if case .names(let names) = configuration.targets, !names.contains(where: { module == $0 || module.hasSuffix(".\($0)") }) {
            throw .format(path, tensor: prefix + module, "is not among the target_modules \(names)")
        }
    }

    private func checkNothingMissing(_ configuration: PEFTConfiguration, _ path: String) throws(TrainerError) {
        guard !modules.isEmpty else { throw TrainerError(.format, path, "holds no pair of lora_A and lora_B") }
        if case .names(let names) = configuration.targets {
            for name in names where !modules.contains(where: { $0 == name || $0.hasSuffix(".\(name)") }) {
                throw TrainerError(.format, path, "holds no adapter for the target module \(name)")
            }
        }
        for name in configuration.savedModules where !savedTensors.contains(where: { PEFTLayout.isTensor($0, of: name) }) {
            throw TrainerError(.format, path, "holds no tensor of \(name), which modules_to_save names")
        }
    }
}
