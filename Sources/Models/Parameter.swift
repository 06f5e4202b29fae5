import Support
public import Tensors

/// One tensor of the model: frozen or trained, dense or quantised.
///
/// Its storage lies in the buffers of its `ParameterUnit`. Vectors, such as the gain of a norm, are matrices of one row.
public final class Parameter {
    /// The name in Hugging Face files: `model.layers.0.self_attn.q_proj.weight`.
    public let name: String
    /// The part that this rank keeps.
    public let slice: ParameterSlice
    /// Whether files store it with one dimension.
    public let isVector: Bool
    /// Whether weight decay applies: to matrices, not to norms and biases.
    public var decays: Bool { !isVector }
    /// How a frozen parameter is stored.
    public internal(set) var frozenType: ElementType
    public internal(set) var isTrainable: Bool
    /// How a trainable one is stored to compute with; see `ParameterUnit.setTrainedType`.
    var trainedType = ElementType.float32
    private var stored: Weight?
    /// `[rows, columns]`, float32, if trainable; where several ranks keep a copy, the part of it that this rank has computed.
    public internal(set) var gradient: Tensor?

    public init(name: String, slice: ParameterSlice, isVector: Bool = false, frozenType: ElementType = .float32, isTrainable: Bool) {
        self.name = name
        self.slice = slice
        self.isVector = isVector
        self.frozenType = frozenType
        self.isTrainable = isTrainable
    }

    /// A parameter that every rank keeps whole.
    public convenience init(
        name: String, rows: Int, columns: Int, isVector: Bool = false, frozenType: ElementType = .float32, isTrainable: Bool
    ) {
        self.init(
            name: name, slice: ParameterSlice(rows: rows, columns: columns), isVector: isVector, frozenType: frozenType, isTrainable: isTrainable)
    }

    /// `[rows, columns]` of what this rank keeps; a vector has one row.
    public var rows: Int { slice.rows.count }
    public var columns: Int { slice.columns.count }
    public var count: Int { rows * columns }
    /// Elements of the whole tensor.
    public var wholeCount: Int { slice.wholeRows * slice.wholeColumns }
    /// The whole tensor's shape as files have it.
    public var shape: [Int] { isVector ? [slice.wholeColumns] : [slice.wholeRows, slice.wholeColumns] }
    /// How the values are stored in memory.
    public var elementType: ElementType { isTrainable ? trainedType : frozenType }

    public var weight: Weight {
        guard let stored else { preconditionFailure("Parameter.weight: \(name) has no values at hand") }
        return stored
    }

    /// Says where the values lie; nil where they are not at hand.
    func store(_ weight: Weight?) { stored = weight }

    /// Decides, before storage is allocated, whether the parameter is trained.
    public func setTrainable(_ trainable: Bool) {
        precondition(stored == nil, "Parameter.setTrainable: \(name) has storage already")
        isTrainable = trainable
    }

    /// Decides, before storage is allocated, how the parameter is stored while frozen.
    public func setFrozenType(_ type: ElementType) {
        precondition(stored == nil, "Parameter.setFrozenType: \(name) has storage already")
        frozenType = type
    }
}

extension Parameter {
    /// Sets the values of a float32 parameter, row after row.
    public func write(_ values: [Float]) {
        precondition(values.count == count && elementType == .float32, "Parameter.write: \(values.count) values for \(name)")
        values.withUnsafeBytes { weight.values.device.upload($0, to: weight.values) }
    }
}
