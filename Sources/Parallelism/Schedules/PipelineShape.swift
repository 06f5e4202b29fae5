/// How a pipeline is cut: stages, the microbatches of a step, and the chunks of the model that each stage holds.
///
/// The model is cut into `partCount` parts, runs of blocks one after the other. Part p lies on stage p mod S as its chunk p / S, S being the
/// count of stages; so each part's successor lies on the next stage, and the last stage's on the first.
public struct PipelineShape: Hashable, Sendable {
    public let stageCount: Int
    public let microbatchCount: Int
    public let chunkCount: Int

    /// - Precondition: At least one stage and one chunk, no negative count of microbatches.
    public init(stageCount: Int, microbatchCount: Int, chunkCount: Int = 1) {
        precondition(stageCount > 0 && microbatchCount >= 0 && chunkCount > 0, "PipelineShape: counts that no pipeline has")
        self.stageCount = stageCount
        self.microbatchCount = microbatchCount
        self.chunkCount = chunkCount
    }

    public var partCount: Int { stageCount * chunkCount }

    /// The place of a stage's chunk in the model.
    public func part(stage: Int, chunk: Int) -> Int { chunk * stageCount + stage }

    /// What an action takes from another part; nil if it needs nothing: tokens and labels are known everywhere, weights' gradients are local.
    public func input(of action: PipelineAction, on stage: Int) -> PipelineMessage? {
        let own = part(stage: stage, chunk: action.chunk)
        return switch action.kind {
        case .forward: message(.activation, action.microbatch, from: own - 1, to: own)
        case .backward, .backwardInput: message(.gradient, action.microbatch, from: own + 1, to: own)
        case .backwardWeights: nil
        }
    }

    /// What an action leaves for another part; nil at the model's ends and for the weights' gradients.
    public func output(of action: PipelineAction, on stage: Int) -> PipelineMessage? {
        let own = part(stage: stage, chunk: action.chunk)
        return switch action.kind {
        case .forward: message(.activation, action.microbatch, from: own, to: own + 1)
        case .backward, .backwardInput: message(.gradient, action.microbatch, from: own, to: own - 1)
        case .backwardWeights: nil
        }
    }

    private func message(_ kind: PipelineMessage.Kind, _ microbatch: Int, from sender: Int, to receiver: Int) -> PipelineMessage? {
        guard (0..<partCount).contains(sender), (0..<partCount).contains(receiver) else { return nil }
        let channel = PipelineMessage.Channel(kind: kind, sender: sender % stageCount, receiver: receiver % stageCount)
        return PipelineMessage(channel: channel, microbatch: microbatch, part: receiver)
    }
}

/// What one part of the model leaves for the next, or for the one before: the same value for who sends it and who receives it.
public struct PipelineMessage: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// Goes forward.
        case activation
        /// Comes back.
        case gradient
    }

    /// What keeps its order: in each channel messages are received in the order they were sent, across channels there is none.
    ///
    /// Two stages that share several chunks send both kinds both ways, so a tag for each kind is what tells them apart.
    public struct Channel: Hashable, Sendable {
        public let kind: Kind
        /// Stages. They are the same where a pipeline has only one, and nothing has to be sent.
        public let sender: Int
        public let receiver: Int
    }

    public let channel: Channel
    public let microbatch: Int
    /// The part of the model that it is for.
    public let part: Int

    public var description: String { "the \(channel.kind) of microbatch \(microbatch) for part \(part) from stage \(channel.sender)" }
}
