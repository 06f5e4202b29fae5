public import Support
public import Tensors

/// The parameters that are reduced, sharded and stored together: those of one block, of the embedding, or of the output.
///
/// One flat buffer holds the trained values, one their gradients, and one the bytes of all frozen values, in the order of `parameters` and,
/// frozen ones, by element type. So a whole unit is summed, gathered or shared out over ranks by one call, quantised bytes included, and
/// matrices that share an input lie next to each other and are multiplied as one.
///
/// Storage may come and go: a rank that keeps only its part of a unit holds the whole while it computes with it.
public final class ParameterUnit {
    public let name: String
    public private(set) var parameters: [Parameter]
    /// How many parts the buffers are cut into: trained ones are filled up with zeros to so many whole blocks of 256 elements, frozen ones to so
    /// many whole lines of 64 bytes.
    public private(set) var partCount = 1
    /// How trained values are stored to compute with.
    public private(set) var trainedType = ElementType.float32
    /// All trained values, `[1, trainedCount]`; nil where there are none or they are not at hand.
    public private(set) var values: Tensor?
    /// Their gradients, `[1, trainedCount]`, float32.
    public private(set) var gradients: Tensor?
    /// All frozen values, `[1, frozenByteCount]`, bytes.
    public private(set) var frozen: Tensor?

    public init(name: String, parameters: [Parameter]) {
        self.name = name
        self.parameters = parameters
    }

    public var trainable: [Parameter] { parameters.filter(\.isTrainable) }
    public var trainableCount: Int { trainable.reduce(0) { $0 + $1.count } }
    /// Elements of the trained buffer.
    public var trainedCount: Int { rounded(trainableCount, to: partCount == 1 ? 1 : 256 * partCount) }
    /// Bytes of the frozen buffer.
    public var frozenByteCount: Int { rounded(FrozenLayout(parameters).byteCount, to: 64 * partCount) }

    /// Adds parameters, such as an adapter's, before storage is allocated.
    public func append(_ parameters: [Parameter]) {
        precondition(!isAtHand, "ParameterUnit.append: \(name) has storage already")
        self.parameters += parameters
    }

    /// Decides, before storage is allocated, how many parts the buffers will be cut into.
    public func setPartCount(_ count: Int) {
        precondition(!isAtHand && count > 0, "ParameterUnit.setPartCount: \(name) has storage already")
        partCount = count
    }

    /// Decides, before storage is allocated, how trained values are stored to compute with: float32, or bfloat16 or float16, of which
    /// somebody has masters.
    public func setTrainedType(_ type: ElementType) {
        precondition(!isAtHand && [.float32, .bfloat16, .float16].contains(type), "ParameterUnit.setTrainedType: \(type.rawValue) for \(name)")
        trainedType = type
        for parameter in trainable { parameter.trainedType = type }
    }

    /// Whether the values can be computed with.
    public var isAtHand: Bool { values != nil || frozen != nil }

    // MARK: - Storage

    /// Allocates the storage of every parameter; values are undefined.
    public func allocate(on device: any Device) throws(TrainerError) {
        try allocateTrained(on: device)
        try allocateFrozen(on: device)
    }

    func allocateTrained(on device: any Device) throws(TrainerError) {
        guard trainableCount > 0 else { return }
        let values = try device.tensor(1, trainedCount, trainedType, .weights)
        device.zero(values.columns(trainableCount..<trainedCount))
        self.values = values
        for (parameter, place) in places { parameter.store(Weight(parameter.view(values, from: place))) }
    }

    private func allocateFrozen(on device: any Device) throws(TrainerError) {
        let layout = FrozenLayout(parameters)
        guard layout.byteCount > 0 else { return }
        let bytes = try device.tensor(1, frozenByteCount, .uint8, .weights)
        device.zero(bytes.columns(layout.byteCount..<frozenByteCount))
        frozen = bytes
        for entry in layout.entries { entry.parameter.store(entry.weight(in: bytes)) }
    }

    /// Gives the values' storage back.
    public func dropValues() {
        (values, frozen) = (nil, nil)
        for parameter in parameters { parameter.store(nil) }
    }

    /// Allocates gradients of zero for what is trained.
    public func allocateGradients(on device: any Device) throws(TrainerError) {
        guard trainableCount > 0 else { return }
        let gradients = try device.zeros(1, trainedCount, .float32, .gradients)
        self.gradients = gradients
        for (parameter, place) in places { parameter.gradient = parameter.view(gradients, from: place) }
    }

    /// Gives the gradients' storage back.
    public func dropGradients() {
        gradients = nil
        for parameter in trainable { parameter.gradient = nil }
    }

    /// The trained parameters, each with its first element's place in the trained buffer.
    public var places: [(parameter: Parameter, start: Int)] {
        var start = 0
        return trainable.map { parameter in
            defer { start += parameter.count }
            return (parameter, start)
        }
    }
}

private func rounded(_ count: Int, to multiple: Int) -> Int { (count + multiple - 1) / multiple * multiple }

extension Parameter {
    fileprivate func view(_ buffer: Tensor, from start: Int) -> Tensor { buffer.reshaped(from: start, rows: rows, columns: columns) }
}

/// Where the frozen parameters of a unit lie in its bytes: values of one type next to each other, each type on a line of 64 bytes; then, for NF4,
/// the codes of all block maxima, what those are relative to, and the offsets.
private struct FrozenLayout {
    struct Entry {
        let parameter: Parameter
        let start: Int
        /// Of an NF4 parameter's constants.
        var constants: (codes: Int, maxima: Int, offset: Int)?
        private var slice: ParameterSlice { parameter.slice }

        func weight(in bytes: Tensor) -> Weight {
            let values = bytes.elements(parameter.frozenType, from: start, rows: parameter.rows, columns: parameter.columns)
            guard let constants else { return Weight(values) }
            let (blocks, superblocks) = (NF4Constants.blockCount(parameter.count), NF4Constants.superblockCount(parameter.wholeCount))
            return Weight(
                values,
                constants: NF4Constants(
                    codes: bytes.elements(.uint8, from: constants.codes, rows: 1, columns: blocks),
                    blockMaxima: bytes.elements(.float32, from: constants.maxima, rows: 1, columns: superblocks),
                    offset: bytes.elements(.float32, from: constants.offset, rows: 1, columns: 1),
                    firstBlock: NF4Constants.blockCount(slice.place(0)),
                    skippedBlocks: NF4Constants.blockCount(slice.wholeColumns - slice.columns.count)))
        }
    }

    private(set) var entries: [Entry] = []
    private(set) var byteCount = 0

    init(_ parameters: [Parameter]) {
        let frozen = parameters.filter { !$0.isTrainable }
        for type in ElementType.allCases {
            let group = frozen.filter { $0.frozenType == type }
            let starts = place(group) { type.byteCount($0.count) }
            guard type == .nf4 else {
                entries += zip(group, starts).map { Entry(parameter: $0, start: $1) }
                continue
            }
            let codes = place(group) { NF4Constants.blockCount($0.count) }
            let maxima = place(group) { 4 * NF4Constants.superblockCount($0.wholeCount) }
            let offsets = place(group) { _ in 4 }
            for index in group.indices {
                entries.append(
                    Entry(parameter: group[index], start: starts[index], constants: (codes[index], maxima[index], offsets[index])))
            }
        }
    }

    /// Puts something of each parameter one after another on a new line, and says where.
    private mutating func place(_ parameters: [Parameter], _ bytes: (Parameter) -> Int) -> [Int] {
        byteCount = rounded(byteCount, to: 64)
        return parameters.map { parameter in
            defer { byteCount += bytes(parameter) }
            return byteCount
        }
    }
}
