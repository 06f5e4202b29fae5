import Data
import Formats
import Models
public import Support
public import Tensors
import Tokenizers

/// A model from a GGUF file into a Hugging Face folder, or the other way.
///
/// Tensors pass one by one, a few megabytes at a time. What was written is opened again and compared with the source, weight by weight, and
/// appears under its name only then.
public struct ModelConversion {
    public struct Options: Equatable, Sendable {
        /// The type of the weights; nil keeps what a file has where the target's format has it too, and writes float32 for the rest.
        public var type: ElementType?
        /// Whether a model that is there already is replaced.
        public var replaces = false
        /// The most bytes of tensors in a file of a folder.
        public var maximumShardBytes = 5_000_000_000

        public init() {}
    }

    /// What was made.
    public struct Report: Equatable, Sendable {
        public var path: String
        public var tensorCount: Int
        public var parameterCount: Int
        public var byteCount: ByteCount
        /// What the target can't say or hold, a sentence each.
        public var losses: [String]
    }

    let files: ModelFiles
    let model: LanguageModel
    let tokenizer: Tokenizer
    let options: Options
    let device: any Device

    /// Converts a model; the source says which way.
    ///
    /// - Parameters:
    ///   - source: A Hugging Face folder or a GGUF file; of a split one, the first part.
    ///   - target: A path that ends in `.gguf` for a folder, a folder for a GGUF file.
    ///   - progress: Called with the number of tensors written, of how many.
    /// - Throws: `configuration` for a type or a family that can't be converted; `file` for a target that is there already or can't be written;
    ///   `format` and `shape` for a source that is damaged; `numerics` for weights that are not finite in the target's type.
    public static func run(
        _ source: String, to target: String, _ options: Options = Options(), on device: any Device,
        progress: @escaping (Int, Int) -> Void = { _, _ in }
    ) throws(TrainerError) -> Report {
        let files = try ModelFiles.open(source)
        let target = try Target(path: target, isFolder: files.gguf != nil, source: files, replaces: options.replaces)
        let architecture = try Architectures.named(files.configuration.modelType, subject: files.path)
        // Before a model of so many layers is built.
        guard files.configuration.layerCount <= files.tensors.listings.count else {
            let problem = "gives \(files.configuration.layerCount) layers, but the files hold \(files.tensors.listings.count) tensors"
            throw TrainerError(.shape, files.configuration.path, problem, remedy: "The weights and the configuration belong to different models")
        }
        let model = LanguageModel.build(try architecture.options(from: files.configuration), architecture)
        let conversion = ModelConversion(files: files, model: model, tokenizer: try Tokenizer.load(files), options: options, device: device)
        return try conversion.run(to: target, progress)
    }

    private func run(to target: Target, _ progress: @escaping (Int, Int) -> Void) throws(TrainerError) -> Report {
        let tensors = try convertedTensors()
        var written = 0
        let counted = tensors.map { tensor in
            tensor.toWrite {
                written += 1
                progress(written, tensors.count)
            }
        }
        try target.clear()
        do throws(TrainerError) {
            let losses = try files.gguf == nil ? writeGGUF(counted, tensors, to: target) : writeFolder(counted, tensors, to: target)
            let result = try ModelFiles.open(target.unfinished)
            try ConversionCheck(conversion: self, result: result).run(tensors)
            try target.publish()
            return Report(
                path: target.path, tensorCount: tensors.count, parameterCount: model.parameterCount,
                byteCount: ByteCount(tensors.reduce(0) { $0 + $1.byteCount }), losses: losses)
        } catch {
            try? target.clear()
            throw error
        }
    }

    // MARK: - What is converted

    /// Every parameter of the model, in the order and the type of the target.
    ///
    /// - Throws: `format` for a tensor that is missing, unreadable or no part of the model, `shape` for one of another shape; `configuration` for
    ///   a type that the target's format does not have.
    private func convertedTensors() throws(TrainerError) -> [ConvertedTensor] {
        let fromGGUF = files.gguf != nil
        let rows = model.fileRows
        let headSize = model.options.heads.headSize
        var tensors: [ConvertedTensor] = []
        for parameter in model.parameters {
            guard let (row, ggufName) = rows[parameter.name] else { continue }
            let entry = try files.tensors.entry(fromGGUF ? ggufName : parameter.name)
            guard entry.shape == parameter.shape else {
                throw TrainerError(
                    .shape, "\(files.path): \(entry.name)", "has the shape \(entry.shape), but the model's configuration wants \(parameter.shape)",
                    remedy: "The weights and the configuration belong to different models")
            }
            let type = try fromGGUF ? folderType(entry) : ggufType(entry)
            tensors.append(
                ConvertedTensor(
                    name: fromGGUF ? parameter.name : ggufName, type: type, entry: entry, source: files.tensors,
                    sourceRow: fromGGUF ? row.ggufRowOrder.fileRow(headSize: headSize) : row.ggufRowOrder.modelRow(headSize: headSize),
                    device: device))
        }
        try refuseOthers(taken: Set(tensors.map(\.entry.name)))
        return tensors
    }

    /// Tensors that hold no weights of their own: rotary frequencies, and the head's matrix where it is the embedding's.
    private func refuseOthers(taken: Set<String>) throws(TrainerError) {
        for name in files.tensors.names where !taken.contains(name) {
            let isTiedHead = model.options.isTied && name == "lm_head.weight"
            guard isTiedHead || name == "rope_freqs.weight" || name.hasSuffix(".rotary_emb.inv_freq") else {
                throw TrainerError(
                    .configuration, "\(files.path): \(name)", "is a tensor that models of \(files.configuration.modelType) do not have here",
                    remedy: "This kind of model can't be converted")
            }
        }
    }

    private func folderType(_ entry: TensorEntry) throws(TrainerError) -> ElementType {
        if let type = options.type {
            guard [.float32, .bfloat16, .float16].contains(type) else {
                throw TrainerError(
                    .configuration, "--dtype", "\(type.rawValue) is no type of a Hugging Face folder", remedy: "Use float32, bfloat16 or float16")
            }
            return type
        }
        return entry.elementType.blockSize == 1 ? entry.elementType : .float32
    }

    /// Vectors are float32 in every GGUF file: llama.cpp's products with them want it.
    private func ggufType(_ entry: TensorEntry) throws(TrainerError) -> ElementType {
        if entry.shape.count == 1 { return .float32 }
        let type = options.type ?? entry.elementType
        guard [.float32, .bfloat16, .float16, .q8_0].contains(type) else {
            throw TrainerError(
                .configuration, "--dtype", "\(type.rawValue) can't be written to GGUF", remedy: "Use float32, float16, bfloat16 or q8_0")
        }
        return type == .q8_0 && (entry.shape.last ?? 0) % type.blockSize != 0 ? .float16 : type
    }
}
