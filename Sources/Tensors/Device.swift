import Kernels
public import Support

/// Where tensors live and what can be done with them: about forty operations, each on whole tensors.
///
/// Layers call these and nothing else, so a device that computes nothing (`CountingDevice`) or one with another memory runs the same step.
/// Unless said otherwise tensors are float32, `[rows, columns]`, and an output must not overlap an input. T is packed tokens, C channels,
/// N outputs and K inputs of a linear layer, V the vocabulary.
public protocol Device: AnyObject {
    /// Bytes alive and at their peak, by kind.
    var ledger: MemoryLedger { get set }
    /// Called after each operation, and within long ones: drives communication that is under way while this device computes.
    var progress: (() -> Void)? { get set }
    /// Whether values exist; false on a device that only counts.
    var holdsValues: Bool { get }

    // MARK: Memory

    /// - Throws: `memory` if the bytes can't be had.
    func allocate(byteCount: Int, kind: MemoryKind) throws(TrainerError) -> Buffer
    func release(address: UnsafeMutableRawPointer?, byteCount: Int, kind: MemoryKind)
    /// Copies the host's bytes into a contiguous tensor of the same byte count.
    func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor)
    /// Copies a tensor's elements, row after row without gaps, to the host.
    func download(_ tensor: Tensor, to bytes: UnsafeMutableRawBufferPointer)
    func zero(_ tensor: Tensor)
    /// Copies `source` into `target`, of one type and shape; types of less than a byte, or in blocks, without gaps between rows.
    func copy(_ target: Tensor, _ source: Tensor)
    /// Writes the float32 values of rows of a weight into `target`, `[rows.count, K]`.
    func decode(_ target: Tensor, _ weight: Weight, rows: Range<Int>)
    /// Writes float32 values into a contiguous tensor of type float32, bfloat16 or float16, rounding to nearest even, or of Q8_0.
    func encode(_ target: Tensor, _ source: Tensor)
    /// Quantises float32 values to NF4 with double quantisation. QLoRA, arXiv:2305.14314, section 3; bit for bit as bitsandbytes.
    func quantiseNF4(_ target: Weight, _ source: Tensor) throws(TrainerError)

    // MARK: Products

    /// `output = alpha * op(left) · op(right)`, added to what `output` holds if `adds`.
    func product(
        _ output: Tensor, _ left: Tensor, _ right: Tensor, transposesLeft: Bool, transposesRight: Bool, alpha: Float, adds: Bool)
    /// `output [T, N] = input [T, K] · Wᵀ`, where the weights' rows stacked are W, `[N, K]`; terms are added to their columns. They are in the
    /// order of their columns and do not overlap.
    func linear(_ output: Tensor, _ input: Tensor, _ weights: [Weight], adding terms: [LowRankTerm]) throws(TrainerError)
    /// `inputGradient [T, K] = outputGradient [T, N] · W` with a term added, or added to what it holds.
    func linearInputGradient(
        _ inputGradient: Tensor, _ outputGradient: Tensor, _ weights: [Weight], adding term: LowRankTerm?, adds: Bool) throws(TrainerError)

    // MARK: Norm, rotary embedding, gated activation

    /// RMSNorm (arXiv:1910.07467): writes `output [T, C]` and `rstd [1, T]`.
    func rmsNorm(_ output: Tensor, rstd: Tensor, _ input: Tensor, gain: Tensor, epsilon: Float)
    /// The same output again, from the `rstd` that was saved.
    func rmsNormAgain(_ output: Tensor, _ input: Tensor, rstd: Tensor, gain: Tensor)
    /// Adds the norm's input gradient to `inputGradient` and, if given, the gain's gradient to `gainGradient [1, C]`.
    func rmsNormBackward(
        addingTo inputGradient: Tensor, gainGradient: Tensor?, _ outputGradient: Tensor, input: Tensor, rstd: Tensor, gain: Tensor)
        throws(TrainerError)
    /// Rotates `values [T, heads * D]` in place by their positions (RoFormer, arXiv:2104.09864; pairs i and i + D/2); `inverse` turns back.
    func rotate(_ values: Tensor, headSize: Int, cosine: Tensor, sine: Tensor, positions: Tensor, inverse: Bool)
    /// SwiGLU (arXiv:2002.05202): `output [T, F] = silu(gate) * up`, with `gateUp [T, 2F]` gate columns first.
    func swiGLU(_ output: Tensor, _ gateUp: Tensor)
    /// Overwrites `gateUp` with its gradient.
    func swiGLUBackward(_ gateUp: Tensor, _ outputGradient: Tensor)

    // MARK: Attention

    /// Attention within each span (FlashAttention, arXiv:2205.14135): writes `output [T, H * D]` and `logSumExp [T, H]`.
    ///
    /// With `adds` both hold what the spans' queries have made of other keys, and tell of these too when it returns.
    func attention(
        _ output: Tensor, logSumExp: Tensor, query: Tensor, key: Tensor, value: Tensor, heads: AttentionHeads, spans: [AttentionSpan], adds: Bool)
        throws(TrainerError)
    /// Writes the gradients of key and value, which are column views of one tensor, as are key and value; writes that of query, or adds to it.
    ///
    /// `output` and `logSumExp` are of all keys that the queries see, also where the spans have some of them only.
    func attentionBackward(
        queryGradient: Tensor, keyGradient: Tensor, valueGradient: Tensor, outputGradient: Tensor, output: Tensor, logSumExp: Tensor,
        query: Tensor, key: Tensor, value: Tensor, heads: AttentionHeads, spans: [AttentionSpan], addsQueryGradient: Bool) throws(TrainerError)

    // MARK: Embedding, loss

    /// Writes the rows of a table `[V, C]` that `tokens [1, T]` (int32) name, zeros for those that it lacks.
    ///
    /// - Parameter firstRow: The token whose row the table's first is: not 0 where the table is a part of one.
    func embed(_ output: Tensor, _ table: Weight, tokens: Tensor, firstRow: Int)
    /// Adds each token's row of `outputGradient [T, C]` to its row of `gradient [V, C]`, if it has one.
    func embedBackward(_ gradient: Tensor, _ outputGradient: Tensor, tokens: Tensor, firstRow: Int)
    /// `output[r] = input[indices[r]]`; indices int32 `[1, rows]`.
    func gatherRows(_ output: Tensor, _ input: Tensor, indices: Tensor)
    /// `output[indices[r]] = input[r]`; no index twice.
    func scatterRows(_ output: Tensor, _ input: Tensor, indices: Tensor)
    /// `losses[r] = logsumexp(logits[r]) - logits[r, targets[r]]`; with a scale, `logits` become the gradient of `scale * sum(losses)`.
    func crossEntropy(losses: Tensor, logits: Tensor, targets: Tensor, gradientScale: Float?)
    /// Of a part of the vocabulary: writes `logSumExp [1, n]` and `targetLogits [1, n]`, 0 where the target lies elsewhere; with a scale,
    /// `logits` become `scale * e^(logit - logSumExp)`.
    func partialCrossEntropy(
        logSumExp: Tensor, targetLogits: Tensor, logits: Tensor, targets: Tensor, firstToken: Int, gradientScale: Float?)
    /// Turns those into the gradient: multiplies each row by its factor and takes the scale off at the target, if it lies here.
    func finishCrossEntropy(logits: Tensor, factors: Tensor, targets: Tensor, firstToken: Int, gradientScale: Float)

    // MARK: Elementwise

    /// Adds `source` to `target`. Each is float32, bfloat16 or float16; they are added in float32, and the sum is rounded to the target's type.
    func add(_ target: Tensor, _ source: Tensor)
    func scale(_ target: Tensor, by factor: Float)
    /// Inverted dropout (arXiv:1207.0580) with the mask that (key, stream, token position, channel) determine; output may be input.
    ///
    /// - Parameter firstChannel: The channel that the first column is: not 0 where the tensors are a part of the channels.
    func dropout(_ output: Tensor, _ input: Tensor, mask: DropoutMask, tokenPositions: Tensor, firstChannel: Int)
    /// The sum of squares of a contiguous tensor, in double; not finite if any element is not.
    func sumOfSquares(_ values: Tensor) -> Double
    /// A fingerprint of a contiguous tensor's values that goes on from `start`, whatever the number of threads; `start` where there are no values.
    func fingerprint(_ values: Tensor, start: UInt64) -> UInt64
    /// The index of the first element that is not finite.
    func firstNonFinite(_ values: Tensor) -> Int?

    // MARK: Optimizer

    /// One AdamW update (arXiv:1711.05101, algorithm 2) of contiguous tensors of one length.
    func adamW(parameter: Tensor, gradient: Tensor, firstMoment: Tensor, secondMoment: Tensor, _ update: AdamWUpdate)
    /// The same with moments of 8 bits (arXiv:2110.02861), whose blocks are counted from the tensors' first element.
    func adamW8Bit(parameter: Tensor, gradient: Tensor, firstMoment: BlockwiseMoment, secondMoment: BlockwiseMoment, _ update: AdamWUpdate)
}

/// Heads of grouped-query attention (arXiv:2305.13245) and the factor on the scores.
public struct AttentionHeads: Equatable, Sendable {
    public var queryHeads: Int
    public var keyHeads: Int
    public var headSize: Int
    public var scale: Float

    public init(queryHeads: Int, keyHeads: Int, headSize: Int, scale: Float) {
        self.queryHeads = queryHeads
        self.keyHeads = keyHeads
        self.headSize = headSize
        self.scale = scale
    }
}

/// One sequence, or some keys of it: rows of its queries and rows of its keys and values.
public struct AttentionSpan: Equatable, Sendable {
    public var queries: Range<Int>
    public var keys: Range<Int>
    /// Whether the last query sees the last key and query i keys up to `i + keys.count - queries.count`; otherwise all see all.
    public var isCausal: Bool

    public init(queries: Range<Int>, keys: Range<Int>, isCausal: Bool = true) {
        self.queries = queries
        self.keys = keys
        self.isCausal = isCausal
    }
}

/// Which dropout mask: a pure function of these, the token's position in the step and the channel.
public struct DropoutMask: Sendable {
    public var random: Philox
    /// Step and layer, so that no two uses share a mask.
    public var stream: UInt64
    public var probability: Float

    public init(random: Philox, stream: UInt64, probability: Float) {
        self.random = random
        self.stream = stream
        self.probability = probability
    }
}

/// A running mean in 8 bits: a code for each element, and for each block of 256 its greatest magnitude.
public struct BlockwiseMoment {
    /// Elements that share one greatest magnitude.
    public static let blockSize = DynamicType.blockSize

    /// `[1, n]`, uint8.
    public let codes: Tensor
    /// `[1, n / 256]` rounded up, float32.
    public let maxima: Tensor

    public init(codes: Tensor, maxima: Tensor) {
        self.codes = codes
        self.maxima = maxima
    }
}

/// The numbers of one AdamW update.
public struct AdamWUpdate: Equatable, Sendable {
    public var learningRate: Double
    public var beta1: Double
    public var beta2: Double
    public var epsilon: Double
    public var weightDecay: Double
    /// Updates done, this one included; the bias corrections are `1 - beta^step`.
    public var step: Int
    /// The gradient is multiplied by this first: clipping.
    public var gradientScale: Double

    public init(learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double, step: Int, gradientScale: Double) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.step = step
        self.gradientScale = gradientScale
    }
}
