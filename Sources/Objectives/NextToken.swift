public import Models
public import Support
import Tensors

/// The negative log-likelihood of each trained token given those before it.
///
/// The head never holds all logits: only the rows that predict a trained token are taken, and walked in chunks whose logits turn into their
/// gradient in place. Sums run in float32 within a row and in double over rows.
public struct NextToken {
    /// Floats of logits held at once: 100 MB.
    static let chunkCount = 25 << 20

    public init() {}

    /// Sum of the losses over a microbatch's trained tokens, divided by nothing.
    public func lossSum(_ model: LanguageModel, _ pass: Pass) throws(TrainerError) -> Double {
        let hidden = try model.forward(pass)
        return try model.withHead { () throws(TrainerError) in
            guard !pass.batch.targets.isEmpty else { return 0 }
            let rows = try gather(hidden, pass)
            let normed = try model.finalNorm.forward(rows).output
            var sum = 0.0
            for chunk in chunks(model, pass) {
                let (losses, _) = try chunkLosses(model, normed.rows(chunk), Array(pass.batch.targets[chunk]), gradientScale: nil)
                sum = losses.values().reduce(sum) { $0 + Double($1) }
            }
            return sum
        }
    }

    /// The same sum, and the gradient of `gradientScale` times it added to every trained parameter.
    ///
    /// Reports each unit to `pass.unitFinished` when its gradient is complete, the output unit first.
    public func lossSumAndGradients(_ model: LanguageModel, _ pass: Pass, gradientScale: Double) throws(TrainerError) -> Double {
        let (sum, hiddenGradient) = try forwardAndHead(model, pass, gradientScale: Float(gradientScale))
        try pass.unitFinished(model.outputUnit)
        try model.backward(hiddenGradient, pass)
        return sum
    }

    /// The forward, and the backward of the head; the hidden states are gone when this returns.
    private func forwardAndHead(
        _ model: LanguageModel, _ pass: Pass, gradientScale: Float
    ) throws(TrainerError) -> (sum: Double, hiddenGradient: Tensor) {
        let hidden = try model.forward(pass)
        pass.forwardFinished()
        let hiddenGradient = try pass.device.zeros(hidden.rows, hidden.columns)
        let sum = try model.withHead(next: model.blocks.last?.unit) { () throws(TrainerError) in
            for unit in model.headUnits { try model.residency.beginGradients(unit) }
            return try headBackward(model, pass, hidden: hidden, hiddenGradient: hiddenGradient, gradientScale: gradientScale)
        }
        return (sum, hiddenGradient)
    }

    private func headBackward(
        _ model: LanguageModel, _ pass: Pass, hidden: Tensor, hiddenGradient: Tensor, gradientScale: Float
    ) throws(TrainerError) -> Double {
        guard !pass.batch.targets.isEmpty else { return 0 }
        let device = pass.device
        let rows = try gather(hidden, pass)
        let (normed, rstd) = try model.finalNorm.forward(rows)
        let normedGradient = try device.tensor(normed.rows, normed.columns)
        var sum = 0.0
        for chunk in chunks(model, pass) {
            let input = normed.rows(chunk)
            let (losses, logitsGradient) = try chunkLosses(model, input, Array(pass.batch.targets[chunk]), gradientScale: gradientScale)
            sum = losses.values().reduce(sum) { $0 + Double($1) }
            try device.linearInputGradient(normedGradient.rows(chunk), logitsGradient, [model.head.weight], adding: nil, adds: false)
            if let gradient = model.head.gradient {
                device.product(gradient, logitsGradient, input, transposesLeft: true, transposesRight: false, alpha: 1, adds: true)
            }
        }
        let rowsGradient = try device.zeros(rows.rows, rows.columns)
        try model.finalNorm.backward(normedGradient, input: rows, rstd: rstd, addingTo: rowsGradient)
        device.scatterRows(hiddenGradient, rowsGradient, indices: try device.tensor(pass.batch.targetRows))
        return sum
    }

    /// The rows of hidden states that predict a trained token.
    private func gather(_ hidden: Tensor, _ pass: Pass) throws(TrainerError) -> Tensor {
        let rows = try pass.device.tensor(pass.batch.targetRows.count, hidden.columns)
        pass.device.gatherRows(rows, hidden, indices: try pass.device.tensor(pass.batch.targetRows))
        return rows
    }

    private func chunks(_ model: LanguageModel, _ pass: Pass) -> [Range<Int>] {
        let count = pass.batch.targets.count
        let size = max(1, Self.chunkCount / model.options.vocabulary)
        return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    }

    /// The losses of some rows, `[1, rows]`, and their logits, which become a gradient if a scale is given.
    private func chunkLosses(
        _ model: LanguageModel, _ normed: Tensor, _ targets: [Int32], gradientScale: Float?
    ) throws(TrainerError) -> (losses: Tensor, logits: Tensor) {
        let device = normed.device
        let logits = try device.tensor(normed.rows, model.options.vocabulary, .float32, .scratch)
        try device.linear(logits, normed, [model.head.weight], adding: [])
        let losses = try device.tensor(1, normed.rows)
        device.crossEntropy(losses: losses, logits: logits, targets: try device.tensor(targets), gradientScale: gradientScale)
        return (losses, logits)
    }
}
