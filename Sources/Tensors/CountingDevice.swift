import Kernels
public import Support

/// The shape of a matrix product: `[m, k] · [k, n]`, and how its operands are stored.
public struct ProductShape: Hashable, Sendable {
    public var m: Int
    public var n: Int
    public var k: Int
    public var transposesLeft: Bool
    public var transposesRight: Bool
    /// Whether it adds to what the output holds.
    public var adds: Bool
}

/// A device that allocates nothing and computes nothing: it adds up bytes alive, floating-point operations and bytes moved.
///
/// The training code runs on it unchanged, so what it counts is what the code will do. Its allocations, scratch included, are those of
/// `CPUDevice` with as many threads. Values are absent: downloads give zeros, sums of squares 0.
public final class CountingDevice: Device {
    public var ledger = MemoryLedger()
    public var progress: (() -> Void)?
    public var holdsValues: Bool { false }
    public let threadCount: Int
    /// Multiplications and additions so far.
    public private(set) var operations = 0.0
    /// How often each shape of matrix product was asked for.
    public private(set) var products: [ProductShape: Int] = [:]
    /// Bytes read and written so far, as if no cache kept anything between operations.
    public private(set) var bytesMoved = 0.0

    public init(threadCount: Int) {
        self.threadCount = threadCount
        ledger.add(ScratchPlan.packing(threadCount: threadCount), .scratch)
    }

    private func count(_ operations: Double = 0, _ tensors: Tensor?...) {
        self.operations += operations
        for case let tensor? in tensors { bytesMoved += Double(tensor.byteCount) }
    }

    /// Takes scratch and gives it back, as the computing device does within an operation.
    private func useScratch(floats: Int) throws(TrainerError) { _ = try tensor(1, floats, .float32, .scratch) }

    // MARK: Memory

    public func allocate(byteCount: Int, kind: MemoryKind) throws(TrainerError) -> Buffer {
        ledger.add(byteCount, kind)
        return Buffer(device: self, address: nil, byteCount: byteCount, kind: kind)
    }

    public func release(address: UnsafeMutableRawPointer?, byteCount: Int, kind: MemoryKind) { ledger.remove(byteCount, kind) }
    public func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) { count(0, tensor) }
    public func download(_ tensor: Tensor, to bytes: UnsafeMutableRawBufferPointer) {
        count(0, tensor)
        for index in bytes.indices { bytes[index] = 0 }
    }
    public func zero(_ tensor: Tensor) { count(0, tensor) }
    public func copy(_ target: Tensor, _ source: Tensor) { count(0, target, source) }
    public func decode(_ target: Tensor, _ weight: Weight, rows: Range<Int>) { count(0, target) }
    public func encode(_ target: Tensor, _ source: Tensor) { count(0, target, source) }
    public func quantiseNF4(_ target: Weight, _ source: Tensor) throws(TrainerError) {
        count(0, target.values, source)
        try useScratch(floats: target.constants?.codes.count ?? 0)
    }

    // MARK: Products

    public func product(
        _ output: Tensor, _ left: Tensor, _ right: Tensor, transposesLeft: Bool, transposesRight: Bool, alpha: Float, adds: Bool
    ) {
        let inner = transposesLeft ? left.rows : left.columns
        let shape = ProductShape(
            m: output.rows, n: output.columns, k: inner, transposesLeft: transposesLeft, transposesRight: transposesRight, adds: adds)
        products[shape, default: 0] += 1
        count(2 * Double(output.count) * Double(inner), output, left, right)
    }

    public func linear(_ output: Tensor, _ input: Tensor, _ weights: [Weight], adding terms: [LowRankTerm]) throws(TrainerError) {
        for term in terms {
            product(
                output.columns(term.columns), term.left, term.right, transposesLeft: false, transposesRight: true, alpha: term.factor, adds: false)
        }
        try countLinear(output, input, weights)
        let shape = ProductShape(
            m: output.rows, n: output.columns, k: input.columns, transposesLeft: false, transposesRight: true, adds: !terms.isEmpty)
        products[shape, default: 0] += 1
    }

    public func linearInputGradient(
        _ inputGradient: Tensor, _ outputGradient: Tensor, _ weights: [Weight], adding term: LowRankTerm?, adds: Bool
    ) throws(TrainerError) {
        if let term {
            product(inputGradient, term.left, term.right, transposesLeft: false, transposesRight: false, alpha: term.factor, adds: adds)
        }
        try countLinear(outputGradient, inputGradient, weights)
        let shape = ProductShape(
            m: inputGradient.rows, n: inputGradient.columns, k: outputGradient.columns, transposesLeft: false, transposesRight: false,
            adds: adds || term != nil)
        products[shape, default: 0] += 1
    }

    private func countLinear(_ wide: Tensor, _ narrow: Tensor, _ weights: [Weight]) throws(TrainerError) {
        let panel = ScratchPlan.panel(weights)
        if panel > 0 { try useScratch(floats: panel) }
        for weight in weights { count(2 * Double(weight.values.count) * Double(wide.rows), weight.values) }
        count(0, wide, narrow)
    }

    // MARK: Norm, rotary embedding, gated activation

    public func rmsNorm(_ output: Tensor, rstd: Tensor, _ input: Tensor, gain: Tensor, epsilon: Float) {
        count(4 * Double(input.count), output, input)
    }

    public func rmsNormAgain(_ output: Tensor, _ input: Tensor, rstd: Tensor, gain: Tensor) { count(2 * Double(input.count), output, input) }

    public func rmsNormBackward(
        addingTo inputGradient: Tensor, gainGradient: Tensor?, _ outputGradient: Tensor, input: Tensor, rstd: Tensor, gain: Tensor
    ) throws(TrainerError) {
        count(8 * Double(input.count), inputGradient, outputGradient, input)
        if gainGradient != nil, threadCount > 1 { try useScratch(floats: (threadCount - 1) * input.columns) }
    }

    public func rotate(_ values: Tensor, headSize: Int, cosine: Tensor, sine: Tensor, positions: Tensor, inverse: Bool) {
        count(3 * Double(values.count), values, values)
    }

    public func swiGLU(_ output: Tensor, _ gateUp: Tensor) { count(5 * Double(output.count), output, gateUp) }
    public func swiGLUBackward(_ gateUp: Tensor, _ outputGradient: Tensor) { count(9 * Double(outputGradient.count), gateUp, gateUp, outputGradient) }

    // MARK: Attention

    public func attention(
        _ output: Tensor, logSumExp: Tensor, query: Tensor, key: Tensor, value: Tensor, heads: AttentionHeads, spans: [AttentionSpan],
        adds: Bool
    ) throws(TrainerError) {
        try useScratch(floats: threadCount * ScratchPlan.attention(AttentionShape(heads), spans))
        count(4 * scores(heads, spans) * Double(heads.headSize), output, query, key, value)
    }

    public func attentionBackward(
        queryGradient: Tensor, keyGradient: Tensor, valueGradient: Tensor, outputGradient: Tensor, output: Tensor, logSumExp: Tensor,
        query: Tensor, key: Tensor, value: Tensor, heads: AttentionHeads, spans: [AttentionSpan], addsQueryGradient: Bool
    ) throws(TrainerError) {
        try useScratch(floats: threadCount * ScratchPlan.attention(AttentionShape(heads), spans))
        count(
            10 * scores(heads, spans) * Double(heads.headSize), query, key, value, queryGradient, keyGradient, valueGradient, output, outputGradient)
    }

    /// Query and key pairs that see each other, over all heads.
    private func scores(_ heads: AttentionHeads, _ spans: [AttentionSpan]) -> Double {
        let pairs = spans.reduce(0.0) { sum, span in
            let (queries, keys) = (Double(span.queries.count), Double(span.keys.count))
            return sum + (span.isCausal ? queries * (keys - queries) + queries * (queries + 1) / 2 : queries * keys)
        }
        return pairs * Double(heads.queryHeads)
    }

    // MARK: Embedding, loss, elementwise, optimizer

    public func embed(_ output: Tensor, _ table: Weight, tokens: Tensor, firstRow: Int) { count(0, output, output) }
    public func embedBackward(_ gradient: Tensor, _ outputGradient: Tensor, tokens: Tensor, firstRow: Int) {
        count(Double(outputGradient.count), outputGradient, outputGradient)
    }
    public func gatherRows(_ output: Tensor, _ input: Tensor, indices: Tensor) { count(0, output, output) }
    public func scatterRows(_ output: Tensor, _ input: Tensor, indices: Tensor) { count(0, input, input) }
    public func crossEntropy(losses: Tensor, logits: Tensor, targets: Tensor, gradientScale: Float?) {
        count(6 * Double(logits.count), logits, logits)
    }
    public func partialCrossEntropy(
        logSumExp: Tensor, targetLogits: Tensor, logits: Tensor, targets: Tensor, firstToken: Int, gradientScale: Float?
    ) { count(6 * Double(logits.count), logits, logits) }
    public func finishCrossEntropy(logits: Tensor, factors: Tensor, targets: Tensor, firstToken: Int, gradientScale: Float) {
        count(Double(logits.count), logits, logits)
    }
    public func add(_ target: Tensor, _ source: Tensor) { count(Double(target.count), target, target, source) }
    public func scale(_ target: Tensor, by factor: Float) { count(Double(target.count), target, target) }
    public func dropout(_ output: Tensor, _ input: Tensor, mask: DropoutMask, tokenPositions: Tensor, firstChannel: Int) {
        count(Double(input.count), output, input)
    }
    public func sumOfSquares(_ values: Tensor) -> Double {
        count(2 * Double(values.count), values)
        return 0
    }
    public func fingerprint(_ values: Tensor, start: UInt64) -> UInt64 { start }
    public func firstNonFinite(_ values: Tensor) -> Int? { nil }
    public func adamW(parameter: Tensor, gradient: Tensor, firstMoment: Tensor, secondMoment: Tensor, _ update: AdamWUpdate) {
        count(14 * Double(parameter.count), parameter, parameter, gradient, firstMoment, firstMoment, secondMoment, secondMoment)
    }
    public func adamW8Bit(
        parameter: Tensor, gradient: Tensor, firstMoment: BlockwiseMoment, secondMoment: BlockwiseMoment, _ update: AdamWUpdate
    ) {
        let moments = [firstMoment.codes, firstMoment.maxima, secondMoment.codes, secondMoment.maxima]
        count(24 * Double(parameter.count), parameter, parameter, gradient)
        for tensor in moments { count(0, tensor, tensor) }
    }
}
