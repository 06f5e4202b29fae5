public import Adapters
public import Formats
public import Models
public import Optimizers
public import Parallelism
public import Planning
public import Support
public import Tensors

/// A model made ready for training by a method: what is trained, what is frozen, and the adapters if any.
public struct TrainedModel {
    public let model: LanguageModel
    /// Of LoRA and QLoRA.
    public let lora: LoRA?
    /// What this rank keeps of it.
    public let units: ShardedUnits
    /// The ranks that train it together.
    public let grid: ProcessGrid

    /// Builds the model, decides what is trained and how the rest is stored, allocates, loads, and initialises adapters, unit by unit: a rank
    /// that keeps only its part of each holds one whole unit at a time.
    ///
    /// On a device that holds no values nothing is read but what the files say of shapes and types.
    ///
    /// - Parameters:
    ///   - longestSequence: The most tokens of a row, for the rotary table.
    ///   - stage: What the ranks that hold the same parameters share out.
    ///   - spill: The run's spill file, where masters of rounded values lie if states are paged.
    /// - Throws: `configuration` for an unsupported family, targets that match nothing, and a grid that the model can't be divided over; `format`, `shape`, `file`, `memory`.
    public static func make(
        _ files: ModelFiles, _ configuration: RunConfiguration, on device: any Device, longestSequence: Int, stage: ZeROStage = .nothing,
        grid: ProcessGrid = ProcessGrid(data: SoloGroup()), spill: Spill? = nil
    ) throws(TrainerError) -> TrainedModel {
        let architecture = try Architectures.named(files.configuration.modelType, subject: files.path)
        let method = configuration.method
        let options = try decoderOptions(files, method, architecture)
        let model = LanguageModel.build(options, architecture, share: try share(options, configuration.parallel, grid))
        model.groups = grid.modelGroups(sending: ElementType(configuration.parallel.activationDtype))
        let lora = method.kind == .full ? nil : try LoRA.attach(method.lora, to: model)
        let loader = WeightLoader(files)
        try loader.prepare(model, WeightLoader.FrozenStorage(configuration.model.dtype), quantisesLinears: method.kind == .qlora)
        if method.kind == .full, let type = configuration.model.dtype.given {
            for unit in model.units { unit.setTrainedType(ElementType(type)) }
        }
        model.setCheckpointing(Checkpointing(configuration.memory.checkpointing))
        try grid.makeHolders(of: model.parameters.filter(\.isTrainable).map(\.slice.copies))
        let units = ShardedUnits(
            stage, over: grid, tied: model.isTied ? model.embeddingUnit : nil, gradients: GradientTypes(configuration),
            spill: configuration.training.optimizer.paged ? spill : nil,
            on: device)
        for unit in model.units {
            try units.take(unit) { (unit) throws(TrainerError) in
                if device.holdsValues { try loader.load(model, unit: unit) }
                lora?.initialise(unit, seed: UInt64(configuration.training.seed))
            }
        }
        try model.prepare(on: device, longestSequence: longestSequence)
        model.residency = units
        return TrainedModel(model: model, lora: lora, units: units, grid: grid)
    }

    /// Whether several ranks hold one copy of the model together.
    public var isDivided: Bool { grid.model.size > 1 }

    /// Whether trained values are rounded to compute with, and the optimizer has their masters.
    var hasMasters: Bool { model.units.contains { $0.trainedType != .float32 } }

    /// This rank's part of the trained values of each unit, for the update rule.
    public var shards: [OptimizerShard] { units.shards }

    /// The model's description as it is trained.
    static func decoderOptions(
        _ files: ModelFiles, _ method: MethodOptions, _ architecture: any Architecture.Type
    ) throws(TrainerError) -> DecoderOptions {
        let options = try architecture.options(from: files.configuration)
        return method.kind == .full ? options : method.lora.untying(options, architecture)
    }

    /// What one rank of a grid keeps of a model: blocks are divided by the products of a token, the head's among them.
    ///
    /// - Throws: `configuration` if the heads or blocks can't be divided so.
    static func share(_ options: DecoderOptions, _ parallel: ParallelOptions, _ grid: ProcessGrid) throws(TrainerError) -> ModelShare {
        try options.checkTensorSize(grid.shape.tensor)
        let block = Double(options.blockProductCount)
        let division =
            grid.shape.pipeline == 1
            ? []
            : try StageBalance.divide(
                [Double](repeating: block, count: options.layerCount), last: Double(options.vocabulary * options.channels),
                stages: grid.shape.pipeline, chunks: parallel.pipelineChunks)
        return ModelShare(
            tensor: TensorPlace(index: grid.place.tensor, size: grid.shape.tensor), stage: grid.place.pipeline, stageCount: grid.shape.pipeline,
            division: division)
    }
}

extension Checkpointing {
    /// What the configuration asks for.
    init(_ policy: CheckpointingPolicy) {
        switch policy {
        case .none: self = .none
        case .selective: self = .selective
        case .full: self = .full
        case .every(let n): self = .every(n)
        }
    }
}

extension Spill {
    /// The spill file that a run needs; nil if it keeps everything in memory.
    ///
    /// - Throws: `file` if its folder is missing or can't be written to.
    static func make(for configuration: RunConfiguration, on device: any Device) throws(TrainerError) -> Spill? {
        guard configuration.memory.offloadActivations || configuration.training.optimizer.paged else { return nil }
        return try Spill(folder: configuration.memory.spillFolder ?? configuration.output, on: device)
    }
}

extension ActivationStorage {
    /// What the configuration asks for.
    init(_ memory: MemoryOptions, _ spill: Spill?) {
        self.init(elementType: ElementType(memory.activationDtype), spill: memory.offloadActivations ? spill : nil)
    }
}

extension WeightLoader.FrozenStorage {
    /// What the configuration asks for.
    public init(_ dtype: ModelOptions.DType) {
        switch dtype {
        case .auto: self = .asInFile
        case .float32: self = .float32
        case .bfloat16: self = .bfloat16
        case .float16: self = .float16
        }
    }
}

extension ElementType {
    /// What the configuration calls so.
    init(_ type: FloatType) {
        switch type {
        case .float32: self = .float32
        case .bfloat16: self = .bfloat16
        case .float16: self = .float16
        }
    }
}

extension GradientTypes {
    /// What the configuration asks for.
    init(_ configuration: RunConfiguration) {
        self.init(sent: ElementType(configuration.parallel.gradientDtype), kept: ElementType(configuration.memory.gradientDtype))
    }
}
