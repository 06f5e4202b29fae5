import Formats
public import Support
public import Tensors

/// A parameter of a model where it lies in a file: its values, some rows at a time, without storage for the whole.
public struct StoredParameter {
    public let parameter: Parameter
    let entry: TensorEntry
    let source: any TensorSource
    /// Where the file has a row of the model; nil where it is the same row.
    let order: ((Int) -> Int)?

    public var elementType: ElementType { entry.elementType }
    /// What the file calls it.
    public var fileName: String { entry.name }

    /// Ranges of rows that cover the parameter in turn, of about a million elements each: a pure function of its shape.
    public var pieces: [Range<Int>] { StoredParameter.pieces(rows: parameter.slice.wholeRows, columns: parameter.slice.wholeColumns) }

    static func pieces(rows: Int, columns: Int) -> [Range<Int>] {
        let height = max(1, WeightLoader.pieceCount / max(1, columns))
        return stride(from: 0, to: rows, by: height).map { $0..<min($0 + height, rows) }
    }

    /// The float32 values of some rows of the whole tensor, `[rows.count, K]`, as scratch.
    public func values(_ rows: Range<Int>, on device: any Device) throws(TrainerError) -> Tensor {
        try WeightLoader.decoded(entry, rows: rows, of: parameter.slice, order, on: device)
    }

    /// A whole frozen parameter with the values as they are once they are stored in memory in a type.
    public func loaded(as type: ElementType, on device: any Device) throws(TrainerError) -> Parameter {
        let slice = parameter.slice
        let whole = Parameter(
            name: parameter.name, rows: slice.wholeRows, columns: slice.wholeColumns, isVector: parameter.isVector, frozenType: type,
            isTrainable: false)
        try ParameterUnit(name: parameter.name, parameters: [whole]).allocate(on: device)
        try WeightLoader.load(entry, into: whole, order: order)
        forget()
        return whole
    }

    /// Gives the file's pages back once the values have been read.
    public func forget() { source.forget(entry) }

    /// A fingerprint of all values as float32: equal for files that hold the same numbers in whatever type, order or container.
    public func fingerprint(on device: any Device) throws(TrainerError) -> UInt64 {
        var found: UInt64 = 0
        for rows in pieces { found = device.fingerprint(try values(rows, on: device), start: found) }
        forget()
        return found
    }
}

extension Parameter {
    /// The same of the values that the parameter has in memory, decoded from however they are stored.
    public func fingerprint(on device: any Device) throws(TrainerError) -> UInt64 {
        var found: UInt64 = 0
        for range in StoredParameter.pieces(rows: rows, columns: columns) {
            let decoded = try device.tensor(range.count, columns, .float32, .scratch)
            device.decode(decoded, weight, rows: range)
            found = device.fingerprint(decoded, start: found)
        }
        return found
    }
}
