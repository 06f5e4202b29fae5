/// What one optimizer step did: a line of `metrics.jsonl`.
///
/// Every number is the raw one. A loss that is not a number is written as `"nan"`, never left out, replaced or smoothed.
public struct StepRecord: Equatable, Sendable, Decodable {
    /// Counted from 1.
    public var step: Int
    public var totalSteps: Int
    /// Passes over the data so far: 0.5 is half of the first.
    public var epoch: Double
    /// Mean over the step's trained tokens, of all ranks.
    public var loss: Double
    public var learningRate: Double
    /// The global norm before clipping.
    public var gradientNorm: Double
    /// Tokens computed, over all ranks.
    public var tokens: Int
    /// Tokens that the loss counts, over all ranks.
    public var trainedTokens: Int
    public var seconds: Double
    /// The most bytes of tensors that any rank has had allocated so far.
    public var peakAllocatedBytes: Int
    /// The most bytes that any rank's process has had in memory so far.
    public var peakResidentBytes: Int
    /// The bytes of tensors by kind at the highest total so far; of each kind the most of any rank.
    public var peakBytesByKind: [String: Int]
    /// The bytes of tensors that a rank has sent to others in the step, by what for; of each the most of any rank.
    public var sentBytes: [String: Int]
    /// The seconds that each rank computed forward and backward, without waiting for others. Of more than 64 ranks each number is the slowest of some
    /// neighbours.
    public var rankSeconds: [Double]
    /// When the step ended, in Unix seconds.
    public var time: Double
    /// Whether the update was left out because the loss or the gradient is not finite.
    public var isSkipped: Bool
    /// What the loss was multiplied by before the backward; nil where losses are not scaled.
    public var lossScale: Double?

    enum CodingKeys: String, CodingKey {
        case step
        case totalSteps = "total_steps"
        case epoch, loss
        case learningRate = "learning_rate"
        case gradientNorm = "gradient_norm"
        case tokens
        case trainedTokens = "trained_tokens"
        case seconds
        case peakAllocatedBytes = "peak_allocated_bytes"
        case peakResidentBytes = "peak_resident_bytes"
        case peakBytesByKind = "peak_bytes_by_kind"
        case sentBytes = "sent_bytes"
        case rankSeconds = "rank_seconds"
        case time
        case isSkipped = "skipped"
        case lossScale = "loss_scale"
    }

    public init(
        step: Int, totalSteps: Int, epoch: Double, loss: Double, learningRate: Double, gradientNorm: Double, tokens: Int, trainedTokens: Int,
        seconds: Double, peakAllocatedBytes: Int, peakResidentBytes: Int, peakBytesByKind: [String: Int] = [:], sentBytes: [String: Int] = [:],
        rankSeconds: [Double] = [], time: Double = 0, isSkipped: Bool = false, lossScale: Double? = nil
    ) {
        self.step = step
        self.totalSteps = totalSteps
        self.epoch = epoch
        self.loss = loss
        self.learningRate = learningRate
        self.gradientNorm = gradientNorm
        self.tokens = tokens
        self.trainedTokens = trainedTokens
        self.seconds = seconds
        self.peakAllocatedBytes = peakAllocatedBytes
        self.peakResidentBytes = peakResidentBytes
        self.peakBytesByKind = peakBytesByKind
        self.sentBytes = sentBytes
        self.rankSeconds = rankSeconds
        self.time = time
        self.isSkipped = isSkipped
        self.lossScale = lossScale
    }

    /// Zero for a step that took no time.
    public var tokensPerSecond: Double { seconds > 0 ? Double(tokens) / seconds : 0 }
}
