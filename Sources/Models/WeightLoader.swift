public import Formats
public import Support
import Tensors

/// Reads a model's parameters from files, each rank what it keeps, a few megabytes at a time.
public struct WeightLoader {
    /// How frozen parameters are stored in memory.
    public enum FrozenStorage: Sendable {
        /// In the type that the file has.
        case asInFile
        case float32, bfloat16, float16
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
                guard parameter.wholeCount % ElementType.nf4.blockSize == 0 else {
                    throw TrainerError(
                        .shape, "\(source.path): \(name)", "\(parameter.wholeCount) elements are no whole number of NF4 blocks of 64",
                        remedy: "Use method.kind: lora")
                }
                try check(parameter, .nf4, remedy: "Use another parallel.tensor, or method.kind: lora")
                parameter.setFrozenType(.nf4)
            } else {
                switch storage {
                case .asInFile: parameter.setFrozenType(entry.elementType)
                case .float32: parameter.setFrozenType(.float32)
                case .bfloat16: parameter.setFrozenType(.bfloat16)
                case .float16: parameter.setFrozenType(.float16)
                }
                if !parameter.isTrainable {
                    try check(parameter, parameter.frozenType, remedy: "Use another parallel.tensor, or model.dtype: bfloat16")
                }
            }
        }
    }

    /// Refuses a part of a matrix that does not begin and end where blocks of its type do.
    private func check(_ parameter: Parameter, _ type: ElementType, remedy: String) throws(TrainerError) {
        let slice = parameter.slice
        let edges = [slice.place(0), slice.columns.count, slice.hasGaps ? slice.wholeColumns : slice.count]
        guard !slice.isWhole, let odd = edges.first(where: { $0 % type.blockSize != 0 }) else { return }
        throw TrainerError(
            .configuration, "parallel.tensor",
            "a rank's part of \(parameter.name) begins or ends at element \(odd), within a block of \(type.blockSize) of \(type.rawValue)",
            remedy: remedy)
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
            try Self.load(entry, into: parameter, order: isGGUF ? row.ggufRowOrder.fileRow(headSize: model.options.heads.headSize) : nil)
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

    static func load(_ entry: TensorEntry, into parameter: Parameter, order: ((Int) -> Int)?) throws(TrainerError) {
        let (target, slice) = (parameter.weight, parameter.slice)
        let device = target.values.device
        if entry.elementType == target.values.elementType, order == nil, slice.isWhole {
            device.upload(entry.bytes, to: target.values)
            return
        }
        if target.values.elementType == entry.elementType {
            return reorder(entry, rows: slice.rows, columns: slice.columns, of: slice.wholeColumns, into: target.values, order)
        }
        guard target.values.elementType != .nf4 else {
            let whole = try decoded(entry, rows: 0..<slice.wholeRows, of: slice, order, on: device)
            return try quantise(whole, into: target, slice)
        }
        let height = max(1, pieceCount / slice.wholeColumns)
        for first in stride(from: 0, to: parameter.rows, by: height) {
            let rows = first..<min(first + height, parameter.rows)
            let place = slice.rows.lowerBound + first
            let values = try decoded(entry, rows: place..<place + rows.count, of: slice, order, on: device)
            device.encode(target.values.rows(rows), try contiguous(values.columns(slice.columns)))
        }
    }

    /// The float32 values of whole rows of a tensor.
    static func decoded(
        _ entry: TensorEntry, rows: Range<Int>, of slice: ParameterSlice, _ order: ((Int) -> Int)?, on device: any Device
    ) throws(TrainerError) -> Tensor {
        let columns = slice.wholeColumns
        let stored = try device.tensor(rows.count, columns, entry.elementType, .scratch)
        reorder(entry, rows: rows, columns: 0..<columns, of: columns, into: stored, order)
        guard entry.elementType != .float32 else { return stored }
        let decoded = try device.tensor(rows.count, columns, .float32, .scratch)
        device.decode(decoded, Weight(stored), rows: 0..<rows.count)
        return decoded
    }

    private static func contiguous(_ tensor: Tensor) throws(TrainerError) -> Tensor {
        guard !tensor.isContiguous else { return tensor }
        let copy = try tensor.device.tensor(tensor.rows, tensor.columns, tensor.elementType, .scratch)
        tensor.device.copy(copy, tensor)
        return copy
    }

    /// Quantises a whole matrix, so that blocks and constants are those of one rank alone, and keeps a part of it.
    private static func quantise(_ values: Tensor, into target: Weight, _ slice: ParameterSlice) throws(TrainerError) {
        let device = values.device
        guard !slice.isWhole, let kept = target.constants else { return try device.quantiseNF4(target, values) }
        let (rows, columns) = (slice.wholeRows, slice.wholeColumns)
        let bytes = try device.tensor(1, values.count / 2, .uint8, .scratch)
        let whole = Weight(
            bytes.elements(.nf4, from: 0, rows: rows, columns: columns),
            constants: NF4Constants(
                codes: try device.tensor(1, NF4Constants.blockCount(values.count), .uint8, .scratch), blockMaxima: kept.blockMaxima,
                offset: kept.offset))
        try device.quantiseNF4(whole, values)
        /// Copies the part of a matrix of bytes that has a byte for so many elements, if it is cut along rows, or else along columns.
        func keep(_ part: Tensor, of all: Tensor, each: Int) {
            guard slice.hasGaps else {
                let start = slice.place(0) / each
                return device.copy(part.reshaped(rows: 1, columns: part.count), all.columns(start..<start + part.count))
            }
            device.copy(
                part.reshaped(rows: slice.rows.count, columns: slice.columns.count / each),
                all.reshaped(rows: rows, columns: columns / each).rows(slice.rows)
                    .columns(slice.columns.lowerBound / each..<slice.columns.upperBound / each))
        }
        keep(target.values.bytes, of: bytes, each: 2)
        if let codes = whole.constants?.codes { keep(kept.codes, of: codes, each: NF4Constants.elementsPerMaximum) }
    }

    /// Uploads rows of the file, or some columns of them, in the model's order.
    static func reorder(
        _ entry: TensorEntry, rows: Range<Int>, columns: Range<Int>, of wholeColumns: Int, into target: Tensor, _ order: ((Int) -> Int)?
    ) {
        let type = entry.elementType
        let (rowBytes, bytes) = (type.byteCount(wholeColumns), type.byteCount(columns.lowerBound)..<type.byteCount(columns.upperBound))
        for (index, row) in rows.enumerated() {
            let start = (order?(row) ?? row) * rowBytes
            let part = entry.bytes[start + bytes.lowerBound..<start + bytes.upperBound]
            target.device.upload(UnsafeRawBufferPointer(rebasing: part), to: target.rows(index..<index + 1))
        }
    }
}
