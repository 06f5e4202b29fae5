/// What forwards save for backwards: the last pushed is the first popped.
///
/// A stack that forgets keeps nothing, which makes a forward cheap in memory when its backward will run it again (gradient checkpointing,
/// Chen et al. 2016, arXiv:1604.06174) or when there is no backward.
public final class ActivationStack {
    public let keeps: Bool
    private var tensors: [Tensor] = []

    public init(keeps: Bool) { self.keeps = keeps }

    public var isEmpty: Bool { tensors.isEmpty }

    public func push(_ tensor: Tensor) {
        if keeps { tensors.append(tensor) }
    }

    public func pop() -> Tensor {
        guard let tensor = tensors.popLast() else { preconditionFailure("ActivationStack.pop: a backward popped more than its forward pushed") }
        return tensor
    }
}
