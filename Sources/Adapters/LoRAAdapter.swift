import Models
import Support
import Tensors

/// Low-rank additions to the outputs of a `Linear` (Hu et al. 2021, arXiv:2106.09685, section 4.1).
///
///     y_p += scale * dropout(x) · A_pᵀ · B_pᵀ
///
/// `A_p` is `[R, K]`, `B_p` `[N_p, R]`. The `A`s of layers that share an input lie next to each other, so one product serves all; those
/// layers share one dropout mask too, where PEFT draws one for each.
///
/// Where a tensor group cuts the layer by rows, `B` is cut likewise and every rank has all of `A`; where it cuts the columns, the reverse.
final class LoRAAdapter: LinearAdapter {
    /// One adapted layer: which part of the linear it adds to. They are in the order of the parts.
    struct Part {
        let index: Int
        let a: Parameter
        let b: Parameter
    }

    let parts: [Part]
    let scale: Float
    let dropout: Float

    init(parts: [Part], scale: Float, dropout: Float) {
        self.parts = parts
        self.scale = scale
        self.dropout = dropout
    }

    private var adapterRank: Int { parts[0].a.rows }
    private func columns(_ position: Int) -> Range<Int> { position * adapterRank..<(position + 1) * adapterRank }

    func forward(_ input: Tensor, _ linear: Linear, _ pass: Pass) throws(TrainerError) -> [LowRankTerm] {
        let device = pass.device
        let dropped = try dropped(input, linear, pass)
        let projected = try device.tensor(input.rows, parts.count * adapterRank)
        device.product(projected, dropped, stackedA, transposesLeft: false, transposesRight: true, alpha: 1, adds: false)
        try pass.stack.push(projected, exactly: true)
        let ranges = linear.outputRanges
        return parts.enumerated().map { position, part in
            LowRankTerm(columns: ranges[part.index], left: projected.columns(columns(position)), right: part.b.weight.values, factor: scale)
        }
    }

    func backward(
        _ outputGradient: Tensor, _ input: Tensor, _ inputGradient: Tensor?, _ linear: Linear, _ pass: Pass
    ) throws(TrainerError) -> AddedGradient {
        let device = pass.device
        let projected = try pass.stack.pop()
        let projectedGradient = try device.tensor(projected.rows, projected.columns)
        let ranges = linear.outputRanges
        for (position, part) in parts.enumerated() {
            let partGradient = outputGradient.columns(ranges[part.index])
            device.product(
                projectedGradient.columns(columns(position)), partGradient, part.b.weight.values, transposesLeft: false, transposesRight: false,
                alpha: scale, adds: false)
            pass.addWeightGradients {
                guard let gradient = part.b.gradient else { return }
                device.product(
                    gradient, partGradient, projected.columns(self.columns(position)), transposesLeft: true, transposesRight: false,
                    alpha: self.scale, adds: true)
            }
        }
        if parts[0].a.isTrainable {
            let dropped = try dropped(input, linear, pass)
            pass.addWeightGradients {
                guard let gradient = self.stackedAGradient else { return }
                device.product(gradient, projectedGradient, dropped, transposesLeft: true, transposesRight: false, alpha: 1, adds: true)
            }
        }
        guard let inputGradient else { return .nothing }
        guard let mask = mask(linear, pass) else {
            return .term(LowRankTerm(columns: 0..<inputGradient.columns, left: projectedGradient, right: stackedA, factor: 1))
        }
        device.product(inputGradient, projectedGradient, stackedA, transposesLeft: false, transposesRight: false, alpha: 1, adds: false)
        device.dropout(inputGradient, inputGradient, mask: mask, tokenPositions: pass.tokenPositions, firstChannel: firstChannel(linear))
        return .written
    }

    private func mask(_ linear: Linear, _ pass: Pass) -> DropoutMask? {
        dropout > 0 ? pass.dropout?.mask(place: linear.place, probability: dropout) : nil
    }

    private func dropped(_ input: Tensor, _ linear: Linear, _ pass: Pass) throws(TrainerError) -> Tensor {
        guard let mask = mask(linear, pass) else { return input }
        let output = try pass.device.tensor(input.rows, input.columns)
        pass.device.dropout(output, input, mask: mask, tokenPositions: pass.tokenPositions, firstChannel: firstChannel(linear))
        return output
    }

    /// The number of the input's first channel among those of the whole layer.
    private func firstChannel(_ linear: Linear) -> Int { linear.parts[0].parameter.slice.columns.lowerBound }

    /// All `A`s as one matrix, `[parts * R, K]`.
    private var stackedA: Tensor { stacked(parts.map { $0.a.weight.values }) }
    private var stackedAGradient: Tensor? { parts[0].a.gradient == nil ? nil : stacked(parts.compactMap(\.a.gradient)) }

    private func stacked(_ tensors: [Tensor]) -> Tensor {
        guard let all = Tensor.stacked(tensors) else { preconditionFailure("LoRAAdapter: the A matrices of a linear do not lie together") }
        return all
    }
}
