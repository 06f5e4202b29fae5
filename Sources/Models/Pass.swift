public import Support
public import Tensors

/// The ranks that compute one microbatch together, seen from each kind of division.
public struct ModelGroups {
    /// They share out the rows or columns of every matrix, and between layers the rows of activations.
    public var tensor: any ProcessGroup = SoloGroup()
    /// They share out the tokens of every sequence.
    public var context: any ProcessGroup = SoloGroup()
    /// They share out the blocks: stage s is the rank of index s.
    public var pipeline: any ProcessGroup = SoloGroup()

    public init() {}

    /// The same, but for a context group whose ranks each take sequences of their own: where no gradients are summed.
    public var withoutContext: ModelGroups {
        var groups = self
        groups.context = SoloGroup()
        return groups
    }
}

/// One microbatch on its way through the model, forward and back.
public final class Pass {
    public let device: any Device
    public let batch: PackedBatch
    public let groups: ModelGroups
    /// Saved activations; backward pops what forward pushed.
    public internal(set) var stack: ActivationStack
    /// Set while a block's forward runs again for its backward (gradient checkpointing).
    public internal(set) var isRecomputing = false
    /// Where dropout masks come from; nil where there is no dropout (evaluation, generation).
    public let dropout: DropoutStream?
    /// Keys and values of earlier tokens, in generation.
    public let cache: KeyValueCache?
    /// Called when the forward is through and the backward begins.
    public var forwardFinished: () -> Void = {}
    /// Called in backward when a unit's gradients of this microbatch are complete.
    public var unitFinished: (ParameterUnit) throws(TrainerError) -> Void = { _ throws(TrainerError) in }

    /// Whether a backward leaves the gradients of the blocks' matrices for `LanguageModel.backwardWeights` (Qi et al. 2023, arXiv:2401.10241).
    public var defersWeightGradients = false
    /// What was left of each block, the last one first; each adds to the gradients of some of its parameters.
    private var deferred: [[() -> Void]] = []

    /// Token ids, positions within sequences (int32) and positions in the step (int64), each `[1, T]`.
    let tokens: Tensor
    let positions: Tensor
    public let tokenPositions: Tensor
    let spans: [AttentionSpan]

    /// - Parameters:
    ///   - batch: The shard of a rank that is not alone in its context group.
    ///   - keepsActivations: Whether a backward will follow.
    ///   - activations: How they wait for it.
    ///   - cache: If given, the batch continues its sequences.
    /// - Throws: `memory`.
    public init(
        _ batch: PackedBatch, on device: any Device, groups: ModelGroups = ModelGroups(), keepsActivations: Bool,
        activations: ActivationStorage = ActivationStorage(), dropout: DropoutStream? = nil, cache: KeyValueCache? = nil
    ) throws(TrainerError) {
        self.device = device
        self.batch = batch
        self.groups = groups
        self.dropout = dropout
        self.cache = cache
        precondition(cache == nil || batch.cut == nil, "Pass.init: a shard does not continue cached sequences")
        stack = ActivationStack(keeps: keepsActivations, storage: activations)
        tokens = try device.tensor(batch.tokens)
        tokenPositions = try device.tensor(batch.globalPositions)
        let ranges = zip(batch.sequenceStarts, batch.sequenceStarts.dropFirst()).map { $0..<$1 }
        if let cache {
            positions = try device.tensor(cache.positions(ranges))
            spans = cache.spans(ranges)
        } else {
            positions = try device.tensor(batch.positions)
            spans = batch.cut.map { $0.spans(onKeysOf: $0.index) } ?? ranges.map { AttentionSpan(queries: $0, keys: $0) }
        }
    }

    /// Adds to gradients of matrices, now or later.
    ///
    /// - Parameter body: Reads tensors that nothing changes before it runs.
    public func addWeightGradients(_ body: @escaping () -> Void) {
        if defersWeightGradients { deferred[deferred.count - 1].append(body) } else { body() }
    }

    /// Begins the backward of a block.
    func openBlock() {
        if defersWeightGradients { deferred.append([]) }
    }

    /// Adds what was left of the block whose backward came first of those that are left.
    func addDeferred() {
        for add in deferred.removeFirst() { add() }
    }

    /// Runs `body` with another stack in place of this pass's own.
    func with<Result>(_ other: ActivationStack, _ body: () throws(TrainerError) -> Result) throws(TrainerError) -> Result {
        let own = stack
        stack = other
        defer { stack = own }
        return try body()
    }
}

/// The dropout masks of one step.
public struct DropoutStream: Sendable {
    private let random: Philox
    private let step: UInt64

    public init(seed: UInt64, step: Int) {
        random = Philox(seed: seed, purpose: .dropout)
        self.step = UInt64(step)
    }

    /// The mask of one place in the model; `place` is unique within it.
    public func mask(place: Int, probability: Float) -> DropoutMask {
        DropoutMask(random: random, stream: step << 24 | UInt64(place), probability: probability)
    }
}
