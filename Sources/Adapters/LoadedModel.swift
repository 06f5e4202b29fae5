public import Formats
public import Models
public import Support
public import Tensors

/// A model to use, not to train: every weight frozen, without gradients, and an adapter if one was given.
public struct LoadedModel {
    public let files: ModelFiles
    public let model: LanguageModel
    public let lora: LoRA?
    /// The adapter's record, if it has one.
    public let provenance: Provenance?
    /// What the user should know of how base and adapter fit.
    public let notes: [String]

    public struct Options: Sendable {
        /// A PEFT folder.
        public var adapter: String?
        public var storage = WeightLoader.FrozenStorage.asInFile
        /// Store the blocks' linear layers as NF4, as QLoRA trains adapters on them.
        public var quantisesLinears = false
        /// Use an adapter on another base model than its record names.
        public var allowsAnyBase = false

        public init() {}
    }

    /// Opens, builds, allocates and reads a model and its adapter.
    ///
    /// - Parameters:
    ///   - path: A Hugging Face folder or a GGUF file.
    ///   - group: The ranks that load the same, and share the check of the base model.
    /// - Throws: `file` for what is missing; `format` and `shape` for what is damaged or does not fit, an adapter of another model among it;
    ///   `configuration` for a family or adapter that is not supported, and for a base model that the adapter was not trained on; `memory`.
    public static func load(
        _ path: String, _ options: Options = Options(), on device: any Device, group: any ProcessGroup = SoloGroup()
    ) throws(TrainerError) -> LoadedModel {
        let base = try AdaptedModel.build(path, adapter: options.adapter)
        var notes = try base.checkBase(allowsAnyBase: options.allowsAnyBase, on: device, group: group)
        if let note = base.adapter.flatMap({ quantisationNote($0, isNF4: options.quantisesLinears) }) { notes.append(note) }
        return try load(base, options, notes: notes, on: device)
    }

    /// Allocates and reads a model whose base needs no check.
    ///
    /// - Throws: As above.
    public static func load(
        _ base: AdaptedModel, _ options: Options = Options(), notes: [String] = [], on device: any Device
    ) throws(TrainerError) -> LoadedModel {
        let loader = WeightLoader(base.files)
        try loader.prepare(base.model, options.storage, quantisesLinears: options.quantisesLinears)
        try base.model.allocate(on: device, gradients: false, longestSequence: min(base.model.options.maximumPositions, 1024))
        try loader.load(base.model)
        if let adapter = base.adapter { try base.lora?.read(adapter) }
        return LoadedModel(files: base.files, model: base.model, lora: base.lora, provenance: base.adapter?.provenance, notes: notes)
    }

    private static func quantisationNote(_ adapter: AdapterFiles, isNF4: Bool) -> String? {
        guard let record = adapter.provenance else { return nil }
        let wasNF4 = record.base.quantization == ElementType.nf4.rawValue
        guard wasNF4 != isNF4 else { return nil }
        return wasNF4
            ? "the adapter was trained on weights in NF4 and is used on others: NF4 is what it fits best"
            : "the adapter was not trained on weights in NF4, but is used on them"
    }
}

/// A model and its adapter opened and matched, without storage yet.
public struct AdaptedModel {
    public let files: ModelFiles
    public let model: LanguageModel
    public let adapter: AdapterFiles?
    public let lora: LoRA?

    /// - Parameter adapter: A PEFT folder.
    /// - Throws: As `LoadedModel.load` does.
    public static func build(_ path: String, adapter folder: String?) throws(TrainerError) -> AdaptedModel {
        let files = try ModelFiles.open(path)
        let architecture = try Architectures.named(files.configuration.modelType, subject: files.path)
        var options = try architecture.options(from: files.configuration)
        var adapter: AdapterFiles?
        if let folder {
            let opened = try AdapterFiles.open(folder)
            options = opened.options.untying(options, architecture)
            adapter = opened
        }
        let model = LanguageModel.build(options, architecture)
        for parameter in model.parameters { parameter.setTrainable(false) }
        var lora: LoRA?
        if let adapter { lora = try LoRA.attach(adapter, to: model) }
        return AdaptedModel(files: files, model: model, adapter: adapter, lora: lora)
    }

    /// Refuses a base model other than the one that the adapter was trained on.
    ///
    /// - Returns: What the user should know where that can't be told or was forced.
    /// - Throws: `configuration` that names the first tensor that differs.
    public func checkBase(allowsAnyBase: Bool, on device: any Device, group: any ProcessGroup = SoloGroup()) throws(TrainerError) -> [String] {
        guard let adapter else { return [] }
        guard let record = adapter.provenance else {
            return ["the adapter has no \(Provenance.fileName): whether \(files.path) is the model it was trained on can't be told"]
        }
        do {
            try BaseIdentity.check(
                record, adapter: adapter.path, try WeightLoader(files).stored(model), base: files.path, on: device, group: group)
            return []
        } catch {
            guard allowsAnyBase, error.code == .configuration else { throw error }
            return ["forced: \(error.problem)"]
        }
    }
}
