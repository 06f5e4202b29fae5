import Support
import Tensors

/// `x + down(silu(gate(norm(x))) * up(norm(x)))`: the second half of a decoder block (SwiGLU, Shazeer 2020, arXiv:2002.05202).
final class FeedForward: Layer {
    let norm: Norm
    let gateUp: Linear
    let down: Linear

    init(norm: Norm, gateUp: Linear, down: Linear) {
        self.norm = norm
        self.gateUp = gateUp
        self.down = down
    }

    func forward(_ input: Tensor, _ pass: Pass) throws(TrainerError) -> Tensor {
        let device = pass.device
        let (normed, rstd) = try norm.forward(input)
        let gatedAndUp = try gateUp.forward(normed, pass)
        pass.stack.push(input)
        pass.stack.push(rstd)
        // Run again for its backward, the block needs what this layer saves, not what it gives.
        let needsOutput = !pass.isRecomputing
        var result = input
        if needsOutput || down.needsInput {
            let activated = try device.tensor(input.rows, down.inputCount)
            device.swiGLU(activated, gatedAndUp)
            result = try down.forward(activated, pass, needsOutput: needsOutput)
        }
        pass.stack.push(gatedAndUp)
        if needsOutput { device.add(result, input) }
        return result
    }

    func backward(_ outputGradient: Tensor, _ pass: Pass) throws(TrainerError) -> Tensor {
        let device = pass.device
        let gatedAndUp = pass.stack.pop()
        var activated: Tensor?
        if down.needsInput {
            let again = try device.tensor(gatedAndUp.rows, down.inputCount)
            device.swiGLU(again, gatedAndUp)
            activated = again
        }
        let activatedGradient = try down.backward(outputGradient, input: activated, pass)
        activated = nil
        let rstd = pass.stack.pop()
        let input = pass.stack.pop()
        device.swiGLUBackward(gatedAndUp, activatedGradient)
        let normed = gateUp.needsInput ? try norm.again(input, rstd: rstd) : nil
        let normedGradient = try gateUp.backward(gatedAndUp, input: normed, pass)
        try norm.backward(normedGradient, input: input, rstd: rstd, addingTo: outputGradient)
        return outputGradient
    }
}
