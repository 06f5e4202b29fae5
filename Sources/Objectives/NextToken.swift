import Glibc
public import Models
public import Support
public import Tensors

/// The negative log-likelihood of each trained token given those before it.
///
/// The head never holds all logits: only the rows that predict a trained token are taken, and walked in chunks whose logits turn into their
/// gradient in place. Sums run in float32 within a row and in double over rows.
public struct NextToken {
    /// Floats of logits held at once: 100 MB.
    static let chunkCount = 25 << 20

    public init() {}

    /// Sum of the losses over a microbatch's trained tokens, divided by nothing.
    ///
    /// - Returns: 0 on ranks that do not have the head.
    public func lossSum(_ model: LanguageModel, _ pass: Pass) throws(TrainerError) -> Double {
        guard let hidden = try model.forward(pass) else { return 0 }
        return try model.withHead { () throws(TrainerError) in
            guard !pass.batch.targets.isEmpty else { return 0 }
            let rows = try gather(hidden, pass)
            let normed = try model.finalNorm.forward(rows).output
            var sum = 0.0
            for chunk in chunks(model, pass) {
                let (losses, _) = try chunkLosses(model, normed.rows(chunk), Array(pass.batch.targets[chunk]), pass, gradientScale: nil)
                sum = losses.reduce(sum) { $0 + Double($1) }
            }
            return sum
        }
    }

    /// The same sum, from the hidden states after the last block, and the gradient of `gradientScale` times it: of final norm and head it is
    /// added, of the hidden states it is returned.
    ///
    /// Reports the output unit to `pass.unitFinished`, and a tied head's unless more is to come for it, as it is the embedding too.
    public func headLossAndGradient(
        _ model: LanguageModel, _ pass: Pass, hidden: Tensor, gradientScale: Double
    ) throws(TrainerError) -> (sum: Double, hiddenGradient: Tensor) {
        let hiddenGradient = try pass.device.zeros(pass.batch.tokenCount, hidden.columns)
        let sum = try model.withHead(next: model.allParts.last.map { model.blocks[$0.blocks.upperBound - 1].unit }) { () throws(TrainerError) in
            for unit in model.headUnits { try model.residency.beginGradients(unit) }
            return try headBackward(model, pass, hidden: hidden, hiddenGradient: hiddenGradient, gradientScale: Float(gradientScale))
        }
        try pass.unitFinished(model.outputUnit)
        if model.isTied, !model.isFirstStage { try pass.unitFinished(model.embeddingUnit) }
        return (sum, try pass.sumRows(hiddenGradient))
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
            let (losses, logitsGradient) = try chunkLosses(model, input, Array(pass.batch.targets[chunk]), pass, gradientScale: gradientScale)
            sum = losses.reduce(sum) { $0 + Double($1) }
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

    /// The rows of hidden states that predict a trained token; all of them on every rank of the tensor group.
    private func gather(_ hidden: Tensor, _ pass: Pass) throws(TrainerError) -> Tensor {
        let all = try pass.gatherRows(hidden)
        let rows = try pass.device.tensor(pass.batch.targetRows.count, all.columns)
        pass.device.gatherRows(rows, all, indices: try pass.device.tensor(pass.batch.targetRows))
        return rows
    }

    private func chunks(_ model: LanguageModel, _ pass: Pass) -> [Range<Int>] {
        let count = pass.batch.targets.count
        let size = max(1, Self.chunkCount / model.options.vocabulary)
        return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    }

    /// The losses of some rows, and their logits, which become a gradient if a scale is given. Ranks of a tensor group have the logits of a part
    /// of the vocabulary each, and what they find of its sums is put together.
    private func chunkLosses(
        _ model: LanguageModel, _ normed: Tensor, _ targets: [Int32], _ pass: Pass, gradientScale: Float?
    ) throws(TrainerError) -> (losses: [Float], logits: Tensor) {
        let (device, group) = (normed.device, pass.groups.tensor)
        let logits = try device.tensor(normed.rows, model.head.rows, .float32, .scratch)
        try device.linear(logits, normed, [model.head.weight], adding: [])
        let places = try device.tensor(targets)
        let losses = try device.tensor(1, normed.rows)
        guard group.size > 1 else {
            device.crossEntropy(losses: losses, logits: logits, targets: places, gradientScale: gradientScale)
            return (losses.values(), logits)
        }
        let (targetLogits, firstToken) = (try device.tensor(1, normed.rows), model.head.slice.rows.lowerBound)
        device.partialCrossEntropy(
            logSumExp: losses, targetLogits: targetLogits, logits: logits, targets: places, firstToken: firstToken, gradientScale: gradientScale)
        let parts = VocabularyParts(try group.gatherValues(losses.values() + targetLogits.values(), name: "sums over the vocabulary"))
        if let gradientScale {
            let factors = try device.tensor(zip(losses.values(), parts.logSumExp).map { Float(exp(Double($0) - $1)) })
            device.finishCrossEntropy(logits: logits, factors: factors, targets: places, firstToken: firstToken, gradientScale: gradientScale)
        }
        return (parts.losses, logits)
    }
}

/// What the ranks of a tensor group have found of some rows, each over its part of the vocabulary, put together.
private struct VocabularyParts {
    /// Over the whole vocabulary.
    let logSumExp: [Double]
    let losses: [Float]

    /// - Parameter parts: Of each rank the logarithms of its sums of exponentials, then the targets' logits, 0 where it lacks the target.
    init(_ parts: [[Float]]) {
        let count = (parts.first?.count ?? 0) / 2
        let sums = (0..<count).map { row in
            let greatest = parts.reduce(-Double.infinity) { max($0, Double($1[row])) }
            return greatest + log(parts.reduce(0.0) { $0 + exp(Double($1[row]) - greatest) })
        }
        logSumExp = sums
        losses = (0..<count).map { row in Float(sums[row] - parts.reduce(0.0) { $0 + Double($1[count + row]) }) }
    }
}
