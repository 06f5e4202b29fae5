public import Support
public import Tensors

/// RMSNorm with a learned gain (Zhang and Sennrich 2019, arXiv:1910.07467).
///
/// Saves nothing itself: whoever calls it keeps the input and `rstd`, from which the output is computed again where needed.
public final class Norm {
    public let gain: Parameter
    public let epsilon: Float

    public init(gain: Parameter, epsilon: Float) {
        self.gain = gain
        self.epsilon = epsilon
    }

    /// - Returns: The output `[T, C]` and `rstd [1, T]`.
    public func forward(_ input: Tensor) throws(TrainerError) -> (output: Tensor, rstd: Tensor) {
        let output = try input.device.tensor(input.rows, input.columns)
        let rstd = try input.device.tensor(1, input.rows)
        input.device.rmsNorm(output, rstd: rstd, input, gain: try values(), epsilon: epsilon)
        return (output, rstd)
    }

    /// The output of forward once more.
    public func again(_ input: Tensor, rstd: Tensor) throws(TrainerError) -> Tensor {
        let output = try input.device.tensor(input.rows, input.columns)
        input.device.rmsNormAgain(output, input, rstd: rstd, gain: try values())
        return output
    }

    /// Adds the input's gradient to `inputGradient`.
    public func backward(_ outputGradient: Tensor, input: Tensor, rstd: Tensor, addingTo inputGradient: Tensor) throws(TrainerError) {
        try backward(outputGradient, input, rstd, inputGradient, gain.gradient)
    }

    /// The same in a block. Where a pass leaves the gradients of matrices for later and the unit has no room for any until then, the gain's is
    /// kept apart and added with them.
    func backward(
        _ outputGradient: Tensor, input: Tensor, rstd: Tensor, addingTo inputGradient: Tensor, _ pass: Pass
    ) throws(TrainerError) {
        guard pass.defersWeightGradients, gain.isTrainable, gain.gradient == nil else {
            return try backward(outputGradient, input: input, rstd: rstd, addingTo: inputGradient)
        }
        let own = try pass.device.zeros(gain.rows, gain.columns)
        try backward(outputGradient, input, rstd, inputGradient, own)
        pass.addWeightGradients {
            if let sum = self.gain.gradient { own.device.add(sum, own) }
        }
    }

    private func backward(
        _ outputGradient: Tensor, _ input: Tensor, _ rstd: Tensor, _ inputGradient: Tensor, _ gainGradient: Tensor?
    ) throws(TrainerError) {
        try input.device.rmsNormBackward(
            addingTo: inputGradient, gainGradient: gainGradient, outputGradient, input: input, rstd: rstd, gain: try values())
    }

    /// The gain in float32, however it is stored.
    private func values() throws(TrainerError) -> Tensor {
        let stored = gain.weight
        guard !stored.isDense else { return stored.values }
        let decoded = try stored.values.device.tensor(1, stored.columns, .float32, .scratch)
        stored.values.device.decode(decoded, stored, rows: 0..<1)
        return decoded
    }
}
