/// What of a model one rank keeps: its part of every matrix, and which blocks.
public struct ModelShare: Equatable, Sendable {
    public let tensor: TensorPlace
    /// This rank's place in the pipeline.
    public let stage: Int
    public let stageCount: Int
    /// The blocks of each part of the model in order, all stages together; none says that there is one part with all blocks.
    ///
    /// Part p lies on stage p mod S as its chunk p / S, S being the count of stages.
    public let division: [Range<Int>]

    /// - Precondition: As many parts as stages, or a multiple of them.
    public init(tensor: TensorPlace = TensorPlace(), stage: Int = 0, stageCount: Int = 1, division: [Range<Int>] = []) {
        precondition(stageCount == 1 || !division.isEmpty && division.count % stageCount == 0, "ModelShare.init: parts that the stages can't share")
        self.tensor = tensor
        self.stage = stage
        self.stageCount = stageCount
        self.division = division
    }

    /// Whether the rank keeps all of the model.
    public var isWhole: Bool { tensor.size == 1 && stageCount == 1 }
}

/// A run of blocks that are computed one after another on one rank.
public struct ModelPart: Equatable, Sendable {
    /// Its place among all parts of the model.
    public let index: Int
    public let blocks: Range<Int>
    /// Whether the embedding comes before it.
    public let isFirst: Bool
    /// Whether final norm and head come after it.
    public let isLast: Bool
    /// Where it lies.
    public let stage: Int
}
