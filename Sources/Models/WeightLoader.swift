public import Formats
public import Support
import Tensors

/// Reads a model's parameters from files, each rank what it keeps, a few megabytes at a time.
public struct WeightLoader {
    /// How frozen parameters are stored in memory.
    public enum FrozenStorage: Sendable {
        /// In the type that the file has.
        case asInFile
        case float32, bfloat16
    }

    private let source: any TensorSource
    private let isGGUF: Bool
    private let isHeadTied: Bool
    /// Elements that are converted at a time.
    static let pieceCount = 1 << 20

    public init(_ files: ModelFiles) {
        source = files.tensors
        isGGUF = files.naming == .gguf
        isHeadTied = files.configuration.isHeadTied
    }

    // MARK: Before storage is allocated

    /// Checks that the files hold every parameter in its shape, and decides how frozen ones are stored.
    ///
    /// - Parameter quantisesLinears: Store the blocks' linear layers as NF4 (QLoRA).
    /// - Throws: `format` for a missing tensor or a type that can't be read, `shape` for one of another shape.
    public func prepare(_ model: LanguageModel, _ storage: FrozenStorage, quantisesLinears: Bool) throws(TrainerError) {
        let linears = Set(model.linears.flatMap { $0.parts.map { ObjectIdentifier($0.parameter) } })
        for (parameter, name, _) in fileParameters(model) {
            let entry = try entry(name, for: parameter)
            if parameter.isVector {
                parameter.setFrozenType(.float32)
            } else if quantisesLinears, linears.contains(ObjectIdentifier(parameter)) {
                guard parameter.count % ElementType.nf4.blockSize == 0 else {
                    throw TrainerError(
                        .shape, "\(source.path): \(name)", "\(parameter.count) elements are no whole number of NF4 blocks of 64",
                        remedy: "Use method.kind: lora")
                }
                parameter.setFrozenType(.nf4)
            } else {
                switch storage {
                case .asInFile: parameter.setFrozenType(entry.elementType)
                case .float32: parameter.setFrozenType(.float32)
                case .bfloat16: parameter.setFrozenType(.bfloat16)
                }
            }
        }
    }

    private func entry(_ name: String, for parameter: Parameter) throws(TrainerError) -> TensorEntry {
        let entry = try source.entry(name)
        guard entry.shape == parameter.shape else {
            throw TrainerError(
                .shape, "\(source.path): \(name)", "has the shape \(entry.shape), but the model's configuration wants \(parameter.shape)",
                remedy: "The weights and the configuration belong to different models")
        }
        return entry
    }

    // MARK: After

    /// Fills the storage of the model's parameters, or of one unit's alone; an adapter's are left as they are.
    public func load(_ model: LanguageModel, unit: ParameterUnit? = nil) throws(TrainerError) {
        let wanted = Set((unit?.parameters ?? model.parameters).map { ObjectIdentifier($0) })
        for (parameter, name, row) in fileParameters(model) where wanted.contains(ObjectIdentifier(parameter)) {
            let entry = try source.entry(name)
            try load(entry, into: parameter, order: isGGUF ? row.ggufRowOrder.fileRow(headSize: model.options.heads.headSize) : nil)
            source.forget(entry)
        }
    }

    /// A head that has been untied from the embedding is read from the embedding's tensor.
    private func fileParameters(_ model: LanguageModel) -> [(parameter: Parameter, name: String, row: ParameterRow)] {
        let rows = model.fileRows
        return model.parameters.compactMap { parameter in
            let named = isHeadTied && parameter === model.head ? model.embedding : parameter
            return rows[named.name].map { (parameter, isGGUF ? $0.ggufName : named.name, $0.row) }
        }
    }

    /// Where each parameter of the model lies in the files; an adapter's are not among them.
    ///
    /// - Throws: `format` for a missing tensor or a type that can't be read, `shape` for one of another shape.
    public func stored(_ model: LanguageModel) throws(TrainerError) -> [StoredParameter] {
        var list: [StoredParameter] = []
        for (parameter, name, row) in fileParameters(model) {
            let order = isGGUF ? row.ggufRowOrder.fileRow(headSize: model.options.heads.headSize) : nil
            list.append(StoredParameter(parameter: parameter, entry: try entry(name, for: parameter), source: source, order: order))
        }
        return list
    }

    private func load(_ entry: TensorEntry, into parameter: Parameter, order: ((Int) -> Int)?) throws(TrainerError) {
        let target = parameter.weight
        let device = target.values.device
        if entry.elementType == target.values.elementType, order == nil {
            device.upload(entry.bytes, to: target.values)
            return
        }
        if target.values.elementType == entry.elementType {
            return Self.reorder(entry, rows: 0..<target.values.rows, into: target.values, order)
        }
        let isNF4 = target.values.elementType == .nf4
        let height = isNF4 ? parameter.rows : max(1, Self.pieceCount / parameter.columns)
        for first in stride(from: 0, to: parameter.rows, by: height) {
            let rows = first..<min(first + height, parameter.rows)
            let stored = try device.tensor(rows.count, parameter.columns, entry.elementType, .scratch)
            Self.reorder(entry, rows: rows, into: stored, order)
            let decoded = try device.tensor(rows.count, parameter.columns, .float32, .scratch)
            device.decode(decoded, Weight(stored), rows: 0..<rows.count)
            if isNF4 {
                try device.quantiseNF4(target, decoded)
            } else {
                device.encode(target.values.rows(rows), decoded)
            }
        }
    }

    /// Uploads rows of the file in the model's order.
    static func reorder(_ entry: TensorEntry, rows: Range<Int>, into target: Tensor, _ order: ((Int) -> Int)?) {
        let rowBytes = entry.elementType.byteCount(target.columns)
        for (index, row) in rows.enumerated() {
            let start = (order?(row) ?? row) * rowBytes
            target.device.upload(UnsafeRawBufferPointer(rebasing: entry.bytes[start..<start + rowBytes]), to: target.rows(index..<index + 1))
        }
    }
}
