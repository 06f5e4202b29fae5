public import Support
public import Tensors

/// One or several linear layers that share their input: `y_p = x · W_pᵀ`, the outputs side by side.
///
/// Query, key and value, or gate and up, keep their own parameters, which lie next to each other in memory so that one product serves all.
/// Not a `Layer`: whoever calls it keeps, or computes again, the input for backward.
public final class Linear {
    /// One of the layers: its parameter `[N_p, K]` and the name that adapters target it by, `q_proj` for example.
    public struct Part {
        public let parameter: Parameter
        public let target: String
        /// The module's path in Hugging Face files: `model.layers.0.self_attn.q_proj`.
        public let path: String

        public init(parameter: Parameter, target: String, path: String) {
            self.parameter = parameter
            self.target = target
            self.path = path
        }
    }

    public let parts: [Part]
    /// What adds to the outputs, if anything.
    public var adapter: (any LinearAdapter)?
    /// A number of its own in the model; dropout masks differ by it.
    public let place: Int

    public init(parts: [Part], place: Int) {
        self.parts = parts
        self.place = place
    }

    public var inputCount: Int { parts[0].parameter.columns }
    public var outputCount: Int { parts.reduce(0) { $0 + $1.parameter.rows } }
    private var weights: [Weight] { parts.map(\.parameter.weight) }
    /// Whether backward reads the input: only to train a weight or an adapter.
    var needsInput: Bool { adapter != nil || parts.contains { $0.parameter.isTrainable } }

    /// The columns of the output that each part writes.
    public var outputRanges: [Range<Int>] {
        var start = 0
        return parts.map { part in
            defer { start += part.parameter.rows }
            return start..<start + part.parameter.rows
        }
    }

    /// - Parameter needsOutput: False when a block is run again for its backward and nothing reads this output; the result is then undefined.
    func forward(_ input: Tensor, _ pass: Pass, needsOutput: Bool = true) throws(TrainerError) -> Tensor {
        let output = try pass.device.tensor(input.rows, needsOutput ? outputCount : 0)
        let terms = try adapter?.forward(input, self, pass) ?? []
        if needsOutput { try pass.device.linear(output, input, weights, adding: terms) }
        return output
    }

    /// - Parameters:
    ///   - outputGradient: `[T, N]`; stays as it is until the gradients of weights have been added, see `Pass.keptRows`.
    ///   - input: What forward read, `[T, K]`; nil is allowed unless `needsInput`.
    ///   - needsInputGradient: False at the bottom of the model when nothing below is trained.
    /// - Returns: The input's gradient, `[T, K]`; no columns if not needed.
    func backward(
        _ outputGradient: Tensor, input: Tensor?, _ pass: Pass, needsInputGradient: Bool = true
    ) throws(TrainerError) -> Tensor {
        if let input, parts.contains(where: { $0.parameter.isTrainable }) {
            pass.addWeightGradients { self.addWeightGradients(outputGradient, input, pass.device) }
        }
        let inputGradient = try pass.device.tensor(outputGradient.rows, needsInputGradient ? inputCount : 0)
        var added = AddedGradient.nothing
        if let adapter, let input {
            added = try adapter.backward(outputGradient, input, needsInputGradient ? inputGradient : nil, self, pass)
        }
        guard needsInputGradient else { return inputGradient }
        switch added {
        case .nothing: try pass.device.linearInputGradient(inputGradient, outputGradient, weights, adding: nil, adds: false)
        case .term(let term): try pass.device.linearInputGradient(inputGradient, outputGradient, weights, adding: term, adds: false)
        case .written: try pass.device.linearInputGradient(inputGradient, outputGradient, weights, adding: nil, adds: true)
        }
        return inputGradient
    }

    private func addWeightGradients(_ outputGradient: Tensor, _ input: Tensor, _ device: any Device) {
        let gradients = parts.compactMap(\.parameter.gradient)
        if gradients.count == parts.count, let all = Tensor.stacked(gradients) {
            device.product(all, outputGradient, input, transposesLeft: true, transposesRight: false, alpha: 1, adds: true)
            return
        }
        for (part, range) in zip(parts, outputRanges) {
            guard let gradient = part.parameter.gradient else { continue }
            device.product(
                gradient, outputGradient.columns(range), input, transposesLeft: true, transposesRight: false, alpha: 1, adds: true)
        }
    }
}

/// What is added to the outputs of a `Linear`, with parameters of its own: LoRA and its kin.
///
/// Its forward pushes exactly what its backward pops.
public protocol LinearAdapter: AnyObject {
    /// What is to be added to the outputs, in the order of their columns.
    func forward(_ input: Tensor, _ linear: Linear, _ pass: Pass) throws(TrainerError) -> [LowRankTerm]
    /// Adds to the adapter's gradients; `inputGradient [T, K]` is nil if nobody needs it.
    /// - Returns: What this adds to the input's gradient.
    func backward(
        _ outputGradient: Tensor, _ input: Tensor, _ inputGradient: Tensor?, _ linear: Linear, _ pass: Pass
    ) throws(TrainerError) -> AddedGradient
}

/// What an adapter adds to the gradient of its layer's input.
public enum AddedGradient {
    case nothing
    /// A term that the layer's own product is to take along.
    case term(LowRankTerm)
    /// The adapter has written all of the gradient; the layer's own part is to be added.
    case written
}
