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
    /// Elements that are converted at a time.
    private static let pieceCount = 1 << 20

    public init(_ files: ModelFiles) {
        source = files.tensors
        isGGUF = files.naming == .gguf
    }

    // MARK: Before storage is allocated

    /// Checks that the files hold every parameter in its shape, and decides how frozen ones are stored.
    ///
    /// - Parameter quantisesLinears: Store the blocks' linear layers as NF4 (QLoRA).
    /// - Throws: `format` for a missing tensor or a type that can't be read, `shape` for one of another shape.
    public func prepare(_ model: LanguageModel, _ storage: FrozenStorage, quantisesLinears: Bool) throws(TrainerError) {
        let linears = Set(model.linears.flatMap { $0.parts.map { ObjectIdentifier($0.parameter) } })
        for (parameter, name, _) in fileParameters(model) {
            let entry = try source.entry(name)
            guard entry.shape == parameter.shape else {
                throw TrainerError(
                    .shape, "\(source.path): \(name)", "has the shape \(entry.shape), but the model's configuration wants \(parameter.shape)",
                    remedy: "The weights and the configuration belong to different models")
            }
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

    // MARK: After

    /// Fills the storage of the model's parameters; an adapter's are left as they are.
    public func load(_ model: LanguageModel) throws(TrainerError) {
        for (parameter, name, row) in fileParameters(model) {
            let entry = try source.entry(name)
            try load(entry, into: parameter, order: isGGUF ? row.ggufRowOrder.fileRow(headSize: model.options.heads.headSize) : nil)
            source.forget(entry)
        }
    }

    private func fileParameters(_ model: LanguageModel) -> [(parameter: Parameter, name: String, row: ParameterRow)] {
        let rows = model.fileRows
        return model.parameters.compactMap { parameter in
            rows[parameter.name].map { (parameter, isGGUF ? $0.ggufName : parameter.name, $0.row) }
        }
    }

    private func load(_ entry: TensorEntry, into parameter: Parameter, order: ((Int) -> Int)?) throws(TrainerError) {
        let target = parameter.weight
        let device = target.values.device
        if entry.elementType == target.values.elementType, order == nil {
            device.upload(entry.bytes, to: target.values)
            return
        }
        if target.values.elementType == entry.elementType {
            return reorder(entry, into: target.values, order)
        }
        let isNF4 = target.values.elementType == .nf4
        let height = isNF4 ? parameter.rows : max(1, Self.pieceCount / parameter.columns)
        for first in stride(from: 0, to: parameter.rows, by: height) {
            let rows = first..<min(first + height, parameter.rows)
            let stored = try device.tensor(rows.count, parameter.columns, entry.elementType, .scratch)
            reorder(entry, rows: rows, into: stored, order)
            let decoded = try device.tensor(rows.count, parameter.columns, .float32, .scratch)
            device.decode(decoded, Weight(stored), rows: 0..<rows.count)
            if isNF4 {
                try device.quantiseNF4(target, decoded)
            } else {
                device.encode(target.values.rows(rows), decoded)
            }
        }
    }

    private func reorder(_ entry: TensorEntry, into target: Tensor, _ order: ((Int) -> Int)?) {
        reorder(entry, rows: 0..<target.rows, into: target, order)
    }

    /// Uploads rows of the file in the model's order.
    private func reorder(_ entry: TensorEntry, rows: Range<Int>, into target: Tensor, _ order: ((Int) -> Int)?) {
        let rowBytes = entry.elementType.byteCount(target.columns)
        for (index, row) in rows.enumerated() {
            let start = (order?(row) ?? row) * rowBytes
            target.device.upload(UnsafeRawBufferPointer(rebasing: entry.bytes[start..<start + rowBytes]), to: target.rows(index..<index + 1))
        }
    }
}
