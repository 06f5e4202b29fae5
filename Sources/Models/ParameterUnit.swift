public import Support
public import Tensors

/// The parameters that are reduced, sharded and stored together: those of one block, of the embedding, or of the output.
///
/// One flat buffer holds the trained values, one their gradients, and one the frozen values of each element type, in the order of
/// `parameters`. So a whole unit is summed over ranks by one call, and matrices that share an input lie next to each other and are
/// multiplied as one.
public final class ParameterUnit {
    public let name: String
    public private(set) var parameters: [Parameter]
    /// All trained values, `[1, n]`, float32.
    public private(set) var values: Tensor?
    /// Their gradients, `[1, n]`, float32.
    public private(set) var gradients: Tensor?

    public init(name: String, parameters: [Parameter]) {
        self.name = name
        self.parameters = parameters
    }

    public var trainable: [Parameter] { parameters.filter(\.isTrainable) }
    public var trainableCount: Int { trainable.reduce(0) { $0 + $1.count } }

    /// Adds parameters, such as an adapter's, before storage is allocated.
    public func append(_ parameters: [Parameter]) {
        precondition(values == nil, "ParameterUnit.append: \(name) has storage already")
        self.parameters += parameters
    }

    /// Allocates the storage of every parameter; values are undefined, gradients zero. `gradients` false leaves those out.
    public func allocate(on device: any Device, gradients withGradients: Bool) throws(TrainerError) {
        try allocateTrained(on: device, withGradients)
        try allocateFrozen(on: device)
    }

    func allocateTrained(on device: any Device, _ withGradients: Bool) throws(TrainerError) {
        guard trainableCount > 0 else { return }
        let values = try device.tensor(1, trainableCount, .float32, .weights)
        let gradients = withGradients ? try device.zeros(1, trainableCount, .float32, .gradients) : nil
        var start = 0
        for parameter in trainable {
            let (rows, columns) = (parameter.rows, parameter.columns)
            let gradient = gradients?.reshaped(from: start, rows: rows, columns: columns)
            parameter.store(Weight(values.reshaped(from: start, rows: rows, columns: columns)), gradient: gradient)
            start += parameter.count
        }
        self.values = values
        self.gradients = gradients
    }

    private func allocateFrozen(on device: any Device) throws(TrainerError) {
        let frozen = parameters.filter { !$0.isTrainable }
        for type in ElementType.allCases {
            let group = frozen.filter { $0.frozenType == type }
            guard !group.isEmpty else { continue }
            let values = try device.tensor(1, group.reduce(0) { $0 + $1.count }, type, .weights)
            let constants = type == .nf4 ? try NF4Storage(on: device, group) : nil
            var start = 0
            for (index, parameter) in group.enumerated() {
                let view = values.reshaped(from: start, rows: parameter.rows, columns: parameter.columns)
                parameter.store(Weight(view, constants: constants?.constants(index)), gradient: nil)
                start += parameter.count
            }
        }
    }
}

/// The constants of a unit's NF4 parameters, each kind in one flat buffer.
private struct NF4Storage {
    private let codes: Tensor
    private let maxima: Tensor
    private let offsets: Tensor
    private var ranges: [(codes: Range<Int>, maxima: Range<Int>)] = []

    init(on device: any Device, _ parameters: [Parameter]) throws(TrainerError) {
        var codeCount = 0
        var maximumCount = 0
        for parameter in parameters {
            let blocks = parameter.count / NF4Constants.elementsPerMaximum
            let superblocks = (blocks + NF4Constants.maximaPerBlock - 1) / NF4Constants.maximaPerBlock
            ranges.append((codeCount..<codeCount + blocks, maximumCount..<maximumCount + superblocks))
            codeCount += blocks
            maximumCount += superblocks
        }
        codes = try device.tensor(1, codeCount, .uint8, .weights)
        maxima = try device.tensor(1, maximumCount, .float32, .weights)
        offsets = try device.tensor(1, parameters.count, .float32, .weights)
    }

    func constants(_ index: Int) -> NF4Constants {
        NF4Constants(
            codes: codes.columns(ranges[index].codes), blockMaxima: maxima.columns(ranges[index].maxima), offset: offsets.columns(index..<index + 1))
    }
}
