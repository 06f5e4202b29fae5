/// What the passes of one microbatch take, for each part of the model, in seconds or any other unit.
public struct PipelineCosts: Equatable, Sendable {
    public var forward: [Double]
    public var backwardInput: [Double]
    public var backwardWeights: [Double]
    /// What a forward saves for its backward: bytes, or 1 to count microbatches.
    public var activations: [Double]
    /// From the end of a pass to the moment another stage has what it sent.
    public var message: Double

    /// - Precondition: As many of each as the pipeline has parts.
    public init(forward: [Double], backwardInput: [Double], backwardWeights: [Double], activations: [Double], message: Double) {
        self.forward = forward
        self.backwardInput = backwardInput
        self.backwardWeights = backwardWeights
        self.activations = activations
        self.message = message
    }

    /// All parts alike, and microbatches counted.
    public init(forward: Double, backwardInput: Double, backwardWeights: Double, message: Double = 0, partCount: Int) {
        let all = { (cost: Double) in [Double](repeating: cost, count: partCount) }
        self.init(
            forward: all(forward), backwardInput: all(backwardInput), backwardWeights: all(backwardWeights), activations: all(1), message: message)
    }

    func time(_ kind: PipelineAction.Kind, part: Int) -> Double {
        switch kind {
        case .forward: forward[part]
        case .backward: backwardInput[part] + backwardWeights[part]
        case .backwardInput: backwardInput[part]
        case .backwardWeights: backwardWeights[part]
        }
    }

    var partCounts: Set<Int> { [forward.count, backwardInput.count, backwardWeights.count, activations.count] }
}
