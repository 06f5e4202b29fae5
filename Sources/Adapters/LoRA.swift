public import Models
public import Support
import Tensors

/// The low-rank adapters of a model: what was attached where.
public struct LoRA {
    /// One adapted linear layer.
    public struct Module {
        /// The layer's path in Hugging Face files: `model.layers.0.self_attn.q_proj`.
        public let path: String
        /// `[R, K]`, called `<path>.lora_A.weight`.
        public let a: Parameter
        /// `[N, R]`, called `<path>.lora_B.weight`.
        public let b: Parameter
    }

    public let options: LoRAOptions
    public let modules: [Module]
    /// Parameters of the base model that are trained whole (`modules_to_save`).
    public let saved: [Parameter]

    /// Freezes the model and adds adapters to the layers that the options name; call it before storage is allocated.
    ///
    /// - Throws: `configuration` if a name matches no layer, or a module to save is shared between embedding and head: `LoRAOptions.untying` sees to that.
    public static func attach(_ options: LoRAOptions, to model: LanguageModel) throws(TrainerError) -> LoRA {
        for parameter in model.parameters { parameter.setTrainable(false) }
        let targets = try resolve(options.targetModules, model)
        var modules: [Module] = []
        for block in model.blocks {
            var (allA, allB): ([Parameter], [Parameter]) = ([], [])
            for linear in block.linears {
                var parts: [LoRAAdapter.Part] = []
                for (index, part) in linear.parts.enumerated() where targets.contains(part.path) {
                    let slices = part.parameter.slice.lowRank(options.r, ranks: model.share.tensor.size)
                    let a = Parameter(name: "\(part.path).lora_A.weight", slice: slices.a, isTrainable: true)
                    let b = Parameter(name: "\(part.path).lora_B.weight", slice: slices.b, isTrainable: true)
                    parts.append(.init(index: index, a: a, b: b))
                    modules.append(Module(path: part.path, a: a, b: b))
                }
                guard !parts.isEmpty else { continue }
                linear.adapter = LoRAAdapter(parts: parts, scale: Float(options.scale), dropout: Float(options.loraDropout))
                allA += parts.map(\.a)
                allB += parts.map(\.b)
            }
            block.unit.append(allA + allB)
        }
        let saved = try resolveSaved(options.modulesToSave, model)
        for parameter in saved { parameter.setTrainable(true) }
        return LoRA(options: options, modules: modules, saved: saved)
    }

    /// `A` uniform in ±1/sqrt(K), as PEFT's kaiming_uniform_(a = sqrt(5)) gives, and `B` zero, so that training starts from the base model.
    ///
    /// A value depends on the seed, the module's path and its place alone.
    ///
    /// - Parameter unit: The unit whose adapters are set.
    public func initialise(_ unit: ParameterUnit, seed: UInt64) {
        let random = Philox(seed: seed, purpose: .initialValues)
        for (index, module) in modules.enumerated() where unit.parameters.contains(where: { $0 === module.a }) {
            let slice = module.a.slice
            let bound = 1 / Float(slice.wholeColumns).squareRoot()
            var values: [Float] = []
            values.reserveCapacity(module.a.count + 8)
            for row in 0..<slice.rows.count {
                let first = slice.place(row * slice.columns.count)
                let wanted = first..<first + slice.columns.count
                for block in wanted.lowerBound / 4..<(wanted.upperBound + 3) / 4 {
                    let words = random.words(UInt64(block), UInt64(index))
                    for (place, word) in zip((4 * block)..., [words.0, words.1, words.2, words.3]) where wanted.contains(place) {
                        values.append((2 * Philox.unit(word) - 1) * bound)
                    }
                }
            }
            module.a.write(values)
            module.b.write([Float](repeating: 0, count: module.b.count))
        }
    }

    // MARK: - Names to layers

    /// The paths of the layers that are adapted. A name matches a layer whose path is it, or ends in a dot and it, as in PEFT.
    private static func resolve(_ targets: TargetModules, _ model: LanguageModel) throws(TrainerError) -> Set<String> {
        let paths = model.linears.flatMap { $0.parts.map(\.path) }
        guard case .names(let names) = targets else { return Set(paths) }
        var found: Set<String> = []
        for name in names {
            let matching = paths.filter { $0 == name || $0.hasSuffix(".\(name)") }
            guard !matching.isEmpty else {
                let known = model.linears.prefix(4).flatMap { $0.parts.map(\.target) }.joined(separator: ", ")
                throw TrainerError(.configuration, "method.target_modules", "\(name) matches no linear layer", remedy: "Use some of \(known)")
            }
            found.formUnion(matching)
        }
        return found
    }

    private static func resolveSaved(_ names: [String], _ model: LanguageModel) throws(TrainerError) -> [Parameter] {
        var found: [Parameter] = []
        for name in names {
            let matching = model.parameters.filter { matches($0.name, module: name) }
            guard let first = matching.first else {
                throw TrainerError(
                    .configuration, "method.modules_to_save", "\(name) matches no module",
                    remedy: "Use a module's name, such as lm_head, embed_tokens or norm")
            }
            if first === model.embedding, first === model.head {
                throw TrainerError(
                    .configuration, "method.modules_to_save",
                    "\(name) is shared by the embedding and the head of this model, and an adapter can't hold it",
                    remedy: "Leave it out, or use method.kind: full")
            }
            found += matching
        }
        return found
    }
}
