public import Tensors

/// How gradients are sent and kept: float32, bfloat16 or float16. They are computed and added in float32.
public struct GradientTypes: Equatable, Sendable {
    /// On their way to the ranks that hold the same parameters.
    public var sent = ElementType.float32
    /// While a rank's part of them waits for the step's other microbatches and the update, from stage 2 on.
    public var kept = ElementType.float32

    public init(sent: ElementType = .float32, kept: ElementType = .float32) {
        self.sent = sent
        self.kept = kept
    }
}
