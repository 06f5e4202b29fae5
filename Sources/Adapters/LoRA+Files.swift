import Formats
public import Models
public import Support
import Tensors

/// Adapter folders as PEFT reads and writes them: `adapter_model.safetensors` and `adapter_config.json`.
extension LoRA {
    /// What PEFT puts before the base model's own paths.
    static let filePrefix = "base_model.model."

    /// Adds a folder's adapters to a model whose storage is not allocated yet; `read` then fills them.
    ///
    /// - Throws: `configuration` if the folder's settings name modules that the model lacks; `format` and `shape` as `check` does.
    public static func attach(_ files: AdapterFiles, to model: LanguageModel) throws(TrainerError) -> LoRA {
        let lora: LoRA
        do {
            lora = try attach(files.options, to: model)
        } catch {
            let key = error.subject.replacing("method.", with: "")
            let remedy = "The adapter belongs to another model" + (files.baseModel.map { ": \($0)" } ?? "")
            throw TrainerError(error.code, "\(files.path)/\(AdapterFiles.optionsName): \(key)", error.problem, remedy: remedy)
        }
        try lora.check(files)
        return lora
    }

    /// The trained parameters with the names they have in adapter files.
    public var fileParameters: [(name: String, parameter: Parameter)] {
        modules.flatMap { [$0.a, $0.b] }.map { (LoRA.filePrefix + $0.name, $0) } + saved.map { (LoRA.filePrefix + $0.name, $0) }
    }

    /// Refuses files that do not hold exactly this adapter's tensors in their shapes.
    ///
    /// - Throws: `format` naming the missing and the unexpected tensors; `shape` for the first of another shape.
    func check(_ files: AdapterFiles) throws(TrainerError) {
        let wanted = fileParameters
        let names = Set(wanted.map(\.name))
        let missing = wanted.map(\.name).filter { !files.weights.contains($0) }
        let unexpected = files.weights.names.filter { !names.contains($0) }
        guard missing.isEmpty, unexpected.isEmpty else {
            var problems: [String] = []
            if let first = missing.first {
                problems.append("lacks \(missing.count) of the \(wanted.count) tensors of its settings on this model, such as \(first)")
            }
            if let first = unexpected.first { problems.append("holds \(unexpected.count) that do not belong there, such as \(first)") }
            throw TrainerError(
                .format, files.weights.path, problems.joined(separator: ", and "), remedy: "The adapter belongs to another model, or is damaged")
        }
        for (name, parameter) in wanted {
            let shape = try files.weights.entry(name).shape
            guard shape == parameter.shape else {
                throw TrainerError(
                    .shape, "\(files.weights.path): \(name)", "has the shape \(shape), but this model and r of \(options.r) want \(parameter.shape)",
                    remedy: "The adapter belongs to another model" + (files.baseModel.map { ": \($0)" } ?? ""))
            }
        }
    }

    /// Fills the adapters, whose storage has been allocated, from the files they were attached by.
    ///
    /// - Returns: How many tensors were read: all.
    /// - Throws: `format` and `shape` as `attach` does; `memory`.
    @discardableResult
    public func read(_ files: AdapterFiles) throws(TrainerError) -> Int {
        try check(files)
        for (name, parameter) in fileParameters {
            let entry = try files.weights.entry(name)
            let device = parameter.weight.values.device
            let stored = try device.tensor(parameter.rows, parameter.columns, entry.elementType, .scratch)
            device.upload(entry.bytes, to: stored)
            device.decode(parameter.weight.values, Weight(stored), rows: 0..<parameter.rows)
            files.weights.forget(entry)
        }
        return fileParameters.count
    }

    /// Writes a folder that PEFT reads, the settings last; it is made if missing.
    ///
    /// The weights are read back and compared with memory, so that what the folder holds is what was trained.
    ///
    /// - Parameters:
    ///   - baseModel: The base model's path or name.
    ///   - values: Gives the values of a trained parameter; those at hand are taken if it is nil.
    /// - Throws: `numerics` if an adapter holds a number that is not finite, or an `A` of zeros; `file`.
    public func write(
        to folder: String, baseModel: String, values: ((Parameter) throws(TrainerError) -> [Float])? = nil
    ) throws(TrainerError) {
        var trained: [(name: String, parameter: Parameter, values: [Float])] = []
        for (name, parameter) in fileParameters { trained.append((name, parameter, try values?(parameter) ?? parameter.weight.values.values())) }
        for (name, _, values) in trained { try check(values, name) }
        let files = FileSystem()
        try files.createFolders(folder)
        let path = "\(folder)/\(AdapterFiles.weightsName)"
        let tensors = trained.map { name, parameter, values in
            TensorToWrite(name, .float32, parameter.shape) { (sink) throws(TrainerError) in
                try values.withUnsafeBufferPointer { (values) throws(TrainerError) in try sink(UnsafeRawBufferPointer(values)) }
            }
        }
        try SafeTensorsWriter(tensors).write(to: path)
        let written = try SafeTensorsFile(path: path)
        for (name, _, values) in trained { try compare(values, try written.entry(name), path) }
        let settings = JSONValue.object(options.json(baseModel: baseModel, adapted: modules.map(\.path)))
        try files.replace("\(folder)/\(AdapterFiles.optionsName)", with: Array((settings.text(indent: 2) + "\n").utf8))
    }

    private func check(_ values: [Float], _ name: String) throws(TrainerError) {
        let norm = values.reduce(0.0) { $0 + Double($1) * Double($1) }
        guard norm.isFinite else { throw TrainerError(.numerics, name, "holds numbers that are not finite, so the adapter is not written") }
        // B is zero before the first step; an A never is.
        guard norm > 0 || name.hasSuffix(".lora_B.weight") else {
            throw TrainerError(.numerics, name, "holds nothing but zeros, so the adapter is not written")
        }
    }

    private func compare(_ values: [Float], _ entry: TensorEntry, _ path: String) throws(TrainerError) {
        guard values.withUnsafeBytes({ $0.elementsEqual(entry.bytes) }) else {
            throw TrainerError(.file, "\(path): \(entry.name)", "was written, but reads back as something else", remedy: "Check the disk")
        }
    }
}

// MARK: - What an adapter does

extension LoRA {
    /// The modules whose `B·A` is zero: they change nothing, as before training or after a file was read wrongly.
    public var idleModules: [String] {
        modules.filter { module in [module.a, module.b].contains { $0.weight.values.device.sumOfSquares($0.weight.values) == 0 } }.map(\.path)
    }

    /// The Frobenius norm of `scale · B·A`, what each module adds to its base weight.
    ///
    ///     ‖B·A‖² = sum over i, j of (Bᵀ·B)[i, j] · (A·Aᵀ)[i, j]
    public var changeNorms: [(path: String, norm: Double)] {
        modules.map { module in
            let (a, b) = (module.a.weight.values.values(), module.b.weight.values.values())
            let (rank, inputs, outputs) = (module.a.rows, module.a.columns, module.b.rows)
            var sum = 0.0
            for i in 0..<rank {
                for j in 0...i {
                    var (aa, bb) = (0.0, 0.0)
                    for k in 0..<inputs { aa += Double(a[i * inputs + k]) * Double(a[j * inputs + k]) }
                    for n in 0..<outputs { bb += Double(b[n * rank + i]) * Double(b[n * rank + j]) }
                    sum += (i == j ? 1 : 2) * aa * bb
                }
            }
            return (module.path, options.scale * max(sum, 0).squareRoot())
        }
    }
}
