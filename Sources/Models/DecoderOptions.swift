public import Tensors

/// A decoder block described by data: what distinguishes one family from another.
public struct DecoderOptions: Equatable, Sendable {
    /// C
    public var channels: Int
    /// L
    public var layerCount: Int
    public var heads: AttentionHeads
    /// F
    public var feedForwardWidth: Int
    /// V
    public var vocabulary: Int
    public var normEpsilon: Float
    public var rotary: RotaryOptions
    /// Whether the head's matrix is the embedding's.
    public var isTied: Bool
    /// The longest sequence the model was made for.
    public var maximumPositions: Int
    /// Ids that end a generation.
    public var endTokens: [Int32]

    public init(
        channels: Int, layerCount: Int, heads: AttentionHeads, feedForwardWidth: Int, vocabulary: Int, normEpsilon: Float, rotary: RotaryOptions,
        isTied: Bool, maximumPositions: Int, endTokens: [Int32]
    ) {
        self.channels = channels
        self.layerCount = layerCount
        self.heads = heads
        self.feedForwardWidth = feedForwardWidth
        self.vocabulary = vocabulary
        self.normEpsilon = normEpsilon
        self.rotary = rotary
        self.isTied = isTied
        self.maximumPositions = maximumPositions
        self.endTokens = endTokens
    }

    /// Multiplications of a token in the matrices of one block.
    public var blockProductCount: Int {
        let (queries, keys) = (heads.queryHeads * heads.headSize, heads.keyHeads * heads.headSize)
        return channels * (2 * queries + 2 * keys + 3 * feedForwardWidth)
    }
}
