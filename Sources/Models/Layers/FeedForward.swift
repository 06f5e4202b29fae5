import Support
import Tensors

/// `x + down(silu(gate(norm(x))) * up(norm(x)))`: the second half of a decoder block (SwiGLU, Shazeer 2020, arXiv:2002.05202).
///
/// A rank of a tensor group has some of the inner channels, for all tokens; input and output are its own rows.
final class FeedForward: Layer {
    let norm: Norm
    let gateUp: Linear
    let down: Linear
    /// Whether gate and up are computed again in backward, from the input, instead of being kept.
    var recomputesGateUp = false

    init(norm: Norm, gateUp: Linear, down: Linear) {
        self.norm = norm
        self.gateUp = gateUp
        self.down = down
    }

    func forward(_ input: Tensor, _ pass: Pass) throws(TrainerError) -> Tensor {
        let device = pass.device
        let (normed, rstd) = try norm.forward(input)
        let gatedAndUp = try pass.with(recomputesGateUp ? ActivationStack(keeps: false) : pass.stack) { () throws(TrainerError) in
            try gateUp.forward(pass.gatherRows(normed), pass)
        }
        // Run again for its backward, the block needs what this layer and its adapter save, not what it gives.
        let needsOutput = !pass.isRecomputing
        var result = input
        if needsOutput || down.adapter != nil {
            let activated = try device.tensor(gatedAndUp.rows, down.inputCount)
            device.swiGLU(activated, gatedAndUp)
            result = try down.forward(activated, pass, needsOutput: needsOutput)
        }
        if needsOutput { result = try pass.sumRows(result) }
        try pass.stack.push(input)
        try pass.stack.push(rstd, exactly: true)
        if !recomputesGateUp { try pass.stack.push(gatedAndUp) }
        if needsOutput { device.add(result, input) }
        return result
    }

    func backward(_ outputGradient: Tensor, _ pass: Pass) throws(TrainerError) -> Tensor {
        let device = pass.device
        let kept = recomputesGateUp ? nil : try pass.stack.pop()
        let rstd = try pass.stack.pop()
        let input = try pass.stack.pop()
        let gateUpStack = recomputesGateUp ? ActivationStack(keeps: true) : pass.stack
        let gatedAndUp: Tensor
        if let kept {
            gatedAndUp = kept
        } else {
            gatedAndUp = try pass.with(gateUpStack) { () throws(TrainerError) in
                try gateUp.forward(pass.gatherRows(norm.again(input, rstd: rstd)), pass)
            }
        }
        var activated: Tensor?
        if down.needsInput {
            let again = try device.tensor(gatedAndUp.rows, down.inputCount)
            device.swiGLU(again, gatedAndUp)
            activated = again
        }
        let activatedGradient = try down.backward(pass.keptRows(outputGradient), input: activated, pass)
        activated = nil
        device.swiGLUBackward(gatedAndUp, activatedGradient)
        let normed = gateUp.needsInput ? try pass.gatherRows(norm.again(input, rstd: rstd)) : nil
        let normedGradient = try pass.with(gateUpStack) { () throws(TrainerError) in try gateUp.backward(gatedAndUp, input: normed, pass) }
        try norm.backward(pass.sumRows(normedGradient), input: input, rstd: rstd, addingTo: outputGradient, pass)
        return outputGradient
    }
}
