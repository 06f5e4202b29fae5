public import Support
public import Tensors

/// A differentiable piece of the model. Rows are packed tokens: `[T, C]`.
public protocol Layer: AnyObject {
    /// Computes the output and pushes on the pass's stack what backward will pop.
    func forward(_ input: Tensor, _ pass: Pass) throws(TrainerError) -> Tensor
    /// Returns the input's gradient and adds to the gradients of trained parameters. May overwrite `outputGradient`.
    func backward(_ outputGradient: Tensor, _ pass: Pass) throws(TrainerError) -> Tensor
}
