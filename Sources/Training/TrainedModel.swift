public import Adapters
public import Formats
public import Models
public import Optimizers
public import Planning
public import Support
public import Tensors

/// A model made ready for training by a method: what is trained, what is frozen, and the adapters if any.
public struct TrainedModel {
    public let model: LanguageModel
    /// Of LoRA and QLoRA.
    public let lora: LoRA?

    /// Builds the model, decides what is trained and how the rest is stored, allocates, loads, and initialises adapters.
    ///
    /// On a device that holds no values nothing is read but what the files say of shapes and types.
    ///
    /// - Parameter longestSequence: The most tokens of a row, for the rotary table.
    /// - Throws: `configuration` for an unsupported family or targets that match nothing; `format`, `shape`, `file`, `memory`.
    public static func make(
        _ files: ModelFiles, _ configuration: RunConfiguration, on device: any Device, longestSequence: Int
    ) throws(TrainerError) -> TrainedModel {
        let architecture = try Architectures.named(files.configuration.modelType, subject: files.path)
        let method = configuration.method
        var options = try architecture.options(from: files.configuration)
        if method.kind != .full { options = method.lora.untying(options, architecture) }
        let model = LanguageModel.build(options, architecture)
        let lora = method.kind == .full ? nil : try LoRA.attach(method.lora, to: model)
        let loader = WeightLoader(files)
        try loader.prepare(model, WeightLoader.FrozenStorage(configuration.model.dtype), quantisesLinears: method.kind == .qlora)
        model.setCheckpointing(Checkpointing(configuration.memory.checkpointing))
        try model.allocate(on: device, gradients: true, longestSequence: longestSequence)
        if device.holdsValues { try loader.load(model) }
        lora?.initialise(seed: UInt64(configuration.training.seed))
        return TrainedModel(model: model, lora: lora)
    }

    /// The trained values of each unit, for the update rule.
    public var shards: [OptimizerShard] {
        model.units.compactMap { unit in
            guard let values = unit.values, let gradients = unit.gradients else { return nil }
            var segments: [(range: Range<Int>, decays: Bool)] = []
            for parameter in unit.trainable {
                let start = segments.last?.range.upperBound ?? 0
                if let last = segments.last, last.decays == parameter.decays {
                    segments[segments.count - 1].range = last.range.lowerBound..<start + parameter.count
                } else {
                    segments.append((start..<start + parameter.count, parameter.decays))
                }
            }
            return OptimizerShard(name: unit.name, values: values, gradients: gradients, segments: segments)
        }
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

extension WeightLoader.FrozenStorage {
    /// What the configuration asks for.
    public init(_ dtype: ModelOptions.DType) {
        switch dtype {
        case .auto: self = .asInFile
        case .float32: self = .float32
        case .bfloat16: self = .bfloat16
        }
    }
}
