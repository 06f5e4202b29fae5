public import Formats
public import Models
public import Support
public import Tensors

/// A model to use, not to train: every weight frozen, without gradients, and an adapter if one was given.
public struct LoadedModel {
    public let files: ModelFiles
    public let model: LanguageModel
    public let lora: LoRA?

    public struct Options: Sendable {
        /// A PEFT folder.
        public var adapter: String?
        public var storage = WeightLoader.FrozenStorage.asInFile
        /// Store the blocks' linear layers as NF4, as QLoRA trains adapters on them.
        public var quantisesLinears = false

        public init() {}
    }

    /// Opens, builds, allocates and reads a model and its adapter.
    ///
    /// - Parameter path: A Hugging Face folder or a GGUF file.
    /// - Throws: `file` for what is missing; `format` and `shape` for what is damaged or does not fit, an adapter of another model among it;
    ///   `configuration` for a family or adapter that is not supported; `memory`.
    public static func load(_ path: String, _ options: Options = Options(), on device: any Device) throws(TrainerError) -> LoadedModel {
        let files = try ModelFiles.open(path)
        let architecture = try Architectures.named(files.configuration.modelType, subject: files.path)
        let model = LanguageModel.build(try architecture.options(from: files.configuration), architecture)
        for parameter in model.parameters { parameter.setTrainable(false) }
        var adapter: (files: AdapterFiles, lora: LoRA)?
        if let folder = options.adapter {
            let files = try AdapterFiles.open(folder)
            adapter = (files, try LoRA.attach(files, to: model))
        }
        let loader = WeightLoader(files)
        try loader.prepare(model, options.storage, quantisesLinears: options.quantisesLinears)
        try model.allocate(on: device, gradients: false, longestSequence: min(model.options.maximumPositions, 1024))
        try loader.load(model)
        if let adapter { try adapter.lora.read(adapter.files) }
        return LoadedModel(files: files, model: model, lora: adapter?.lora)
    }
}
