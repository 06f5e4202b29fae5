/// One thing that a stage of a pipeline does: a pass of one microbatch through one of the stage's chunks of the model.
public struct PipelineAction: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        case forward
        /// The whole backward: the gradient of the input and those of the weights.
        case backward
        /// The gradient of the input alone, which the part before waits for.
        case backwardInput
        /// The gradients of the weights, which nobody waits for; comes after `backwardInput`.
        case backwardWeights
    }

    public let kind: Kind
    public let microbatch: Int
    /// Which of the stage's chunks.
    public let chunk: Int

    public init(_ kind: Kind, microbatch: Int, chunk: Int = 0) {
        self.kind = kind
        self.microbatch = microbatch
        self.chunk = chunk
    }

    /// Whether the activations that the forward saved are no longer needed afterwards.
    public var isLast: Bool { kind == .backward || kind == .backwardWeights }

    public var description: String {
        let name =
            switch kind {
            case .forward: "forward"
            case .backward: "backward"
            case .backwardInput: "backward for the input"
            case .backwardWeights: "backward for the weights"
            }
        return "the \(name) of microbatch \(microbatch) through chunk \(chunk)"
    }
}
