public import Support

/// A device whose operations are recorded in a trace, each with the shape that says how much work it is.
///
/// It hands every call on, and its tensors belong to it, so that what is called through a tensor's device is recorded, too.
public final class TracedDevice: Device {
    private let device: any Device
    private let trace: Trace

    public init(_ device: any Device, _ trace: Trace) {
        self.device = device
        self.trace = trace
    }

    public var ledger: MemoryLedger {
        get { device.ledger }
        set { device.ledger = newValue }
    }
    public var progress: (() -> Void)? {
        get { device.progress }
        set { device.progress = newValue }
    }
    public var holdsValues: Bool { device.holdsValues }

    private func record<Failure: Error>(_ name: String, _ tensors: Tensor..., body: () throws(Failure) -> Void) throws(Failure) {
        try trace.record(.operation, name, tensors.map { "[\($0.rows), \($0.columns)]" }.joined(separator: " · "), body)
    }

    // MARK: Memory

    public func allocate(byteCount: Int, kind: MemoryKind) throws(TrainerError) -> Buffer {
        let buffer = try device.allocate(byteCount: byteCount, kind: kind)
        buffer.device = self
        return buffer
    }

    public func release(address: UnsafeMutableRawPointer?, byteCount: Int, kind: MemoryKind) {
        device.release(address: address, byteCount: byteCount, kind: kind)
    }

    public func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) { record("upload", tensor) { device.upload(bytes, to: tensor) } }
    public func download(_ tensor: Tensor, to bytes: UnsafeMutableRawBufferPointer) {
        record("download", tensor) { device.download(tensor, to: bytes) }
    }
    public func zero(_ tensor: Tensor) { record("zero", tensor) { device.zero(tensor) } }
    public func copy(_ target: Tensor, _ source: Tensor) { record("copy", target) { device.copy(target, source) } }
    public func decode(_ target: Tensor, _ weight: Weight, rows: Range<Int>) {
        record("decode", target) { device.decode(target, weight, rows: rows) }
    }
    public func encode(_ target: Tensor, _ source: Tensor) { record("encode", target) { device.encode(target, source) } }
    public func quantiseNF4(_ target: Weight, _ source: Tensor) throws(TrainerError) {
        try record("quantise NF4", source) { () throws(TrainerError) in try device.quantiseNF4(target, source) }
    }

    // MARK: Products

    public func product(
        _ output: Tensor, _ left: Tensor, _ right: Tensor, transposesLeft: Bool, transposesRight: Bool, alpha: Float, adds: Bool
    ) {
        record("product", left, right) {
            device.product(
                output, left, right, transposesLeft: transposesLeft, transposesRight: transposesRight, alpha: alpha, adds: adds)
        }
    }

    public func linear(_ output: Tensor, _ input: Tensor, _ weights: [Weight], adding terms: [LowRankTerm]) throws(TrainerError) {
        try record("linear", input, output) { () throws(TrainerError) in try device.linear(output, input, weights, adding: terms) }
    }

    public func linearInputGradient(
        _ inputGradient: Tensor, _ outputGradient: Tensor, _ weights: [Weight], adding term: LowRankTerm?, adds: Bool
    ) throws(TrainerError) {
        try record("linear, input gradient", outputGradient, inputGradient) { () throws(TrainerError) in
            try device.linearInputGradient(inputGradient, outputGradient, weights, adding: term, adds: adds)
        }
    }

    // MARK: Norm, rotary embedding, gated activation

    public func rmsNorm(_ output: Tensor, rstd: Tensor, _ input: Tensor, gain: Tensor, epsilon: Float) {
        record("norm", input) { device.rmsNorm(output, rstd: rstd, input, gain: gain, epsilon: epsilon) }
    }

    public func rmsNormAgain(_ output: Tensor, _ input: Tensor, rstd: Tensor, gain: Tensor) {
        record("norm again", input) { device.rmsNormAgain(output, input, rstd: rstd, gain: gain) }
    }

    public func rmsNormBackward(
        addingTo inputGradient: Tensor, gainGradient: Tensor?, _ outputGradient: Tensor, input: Tensor, rstd: Tensor, gain: Tensor
    ) throws(TrainerError) {
        try record("norm, backward", input) { () throws(TrainerError) in
            try device.rmsNormBackward(
                addingTo: inputGradient, gainGradient: gainGradient, outputGradient, input: input, rstd: rstd, gain: gain)
        }
    }

    public func rotate(_ values: Tensor, headSize: Int, cosine: Tensor, sine: Tensor, positions: Tensor, inverse: Bool) {
        record(inverse ? "rotate back" : "rotate", values) {
            device.rotate(values, headSize: headSize, cosine: cosine, sine: sine, positions: positions, inverse: inverse)
        }
    }

    public func swiGLU(_ output: Tensor, _ gateUp: Tensor) { record("SwiGLU", gateUp) { device.swiGLU(output, gateUp) } }
    public func swiGLUBackward(_ gateUp: Tensor, _ outputGradient: Tensor) {
        record("SwiGLU, backward", gateUp) { device.swiGLUBackward(gateUp, outputGradient) }
    }

    // MARK: Attention

    public func attention(
        _ output: Tensor, logSumExp: Tensor, query: Tensor, key: Tensor, value: Tensor, heads: AttentionHeads, spans: [AttentionSpan],
        adds: Bool
    ) throws(TrainerError) {
        try record("attention", query, key) { () throws(TrainerError) in
            try device.attention(output, logSumExp: logSumExp, query: query, key: key, value: value, heads: heads, spans: spans, adds: adds)
        }
    }

    public func attentionBackward(
        queryGradient: Tensor, keyGradient: Tensor, valueGradient: Tensor, outputGradient: Tensor, output: Tensor, logSumExp: Tensor,
        query: Tensor, key: Tensor, value: Tensor, heads: AttentionHeads, spans: [AttentionSpan], addsQueryGradient: Bool
    ) throws(TrainerError) {
        try record("attention, backward", query, key) { () throws(TrainerError) in
            try device.attentionBackward(
                queryGradient: queryGradient, keyGradient: keyGradient, valueGradient: valueGradient, outputGradient: outputGradient, output: output,
                logSumExp: logSumExp, query: query, key: key, value: value, heads: heads, spans: spans, addsQueryGradient: addsQueryGradient)
        }
    }

    // MARK: Embedding, loss

    public func embed(_ output: Tensor, _ table: Weight, tokens: Tensor, firstRow: Int) {
        record("embed", output) { device.embed(output, table, tokens: tokens, firstRow: firstRow) }
    }
    public func embedBackward(_ gradient: Tensor, _ outputGradient: Tensor, tokens: Tensor, firstRow: Int) {
        record("embed, backward", outputGradient) { device.embedBackward(gradient, outputGradient, tokens: tokens, firstRow: firstRow) }
    }
    public func gatherRows(_ output: Tensor, _ input: Tensor, indices: Tensor) {
        record("gather rows", output) { device.gatherRows(output, input, indices: indices) }
    }
    public func scatterRows(_ output: Tensor, _ input: Tensor, indices: Tensor) {
        record("scatter rows", input) { device.scatterRows(output, input, indices: indices) }
    }
    public func crossEntropy(losses: Tensor, logits: Tensor, targets: Tensor, gradientScale: Float?) {
        record("cross entropy", logits) { device.crossEntropy(losses: losses, logits: logits, targets: targets, gradientScale: gradientScale) }
    }
    public func partialCrossEntropy(
        logSumExp: Tensor, targetLogits: Tensor, logits: Tensor, targets: Tensor, firstToken: Int, gradientScale: Float?
    ) {
        record("cross entropy of a part", logits) {
            device.partialCrossEntropy(
                logSumExp: logSumExp, targetLogits: targetLogits, logits: logits, targets: targets, firstToken: firstToken,
                gradientScale: gradientScale)
        }
    }
    public func finishCrossEntropy(logits: Tensor, factors: Tensor, targets: Tensor, firstToken: Int, gradientScale: Float) {
        record("cross entropy of a part, backward", logits) {
            device.finishCrossEntropy(logits: logits, factors: factors, targets: targets, firstToken: firstToken, gradientScale: gradientScale)
        }
    }

    // MARK: Elementwise, optimizer

    public func add(_ target: Tensor, _ source: Tensor) { record("add", target) { device.add(target, source) } }
    public func scale(_ target: Tensor, by factor: Float) { record("scale", target) { device.scale(target, by: factor) } }
    public func dropout(_ output: Tensor, _ input: Tensor, mask: DropoutMask, tokenPositions: Tensor, firstChannel: Int) {
        record("dropout", input) { device.dropout(output, input, mask: mask, tokenPositions: tokenPositions, firstChannel: firstChannel) }
    }
    public func sumOfSquares(_ values: Tensor) -> Double {
        trace.record(.operation, "sum of squares", "[\(values.rows), \(values.columns)]") { device.sumOfSquares(values) }
    }
    public func fingerprint(_ values: Tensor, start: UInt64) -> UInt64 {
        trace.record(.operation, "fingerprint", "[\(values.rows), \(values.columns)]") { device.fingerprint(values, start: start) }
    }
    public func firstNonFinite(_ values: Tensor) -> Int? { device.firstNonFinite(values) }
    public func adamW(parameter: Tensor, gradient: Tensor, firstMoment: Tensor, secondMoment: Tensor, _ update: AdamWUpdate) {
        record("AdamW", parameter) {
            device.adamW(parameter: parameter, gradient: gradient, firstMoment: firstMoment, secondMoment: secondMoment, update)
        }
    }
    public func adamW8Bit(
        parameter: Tensor, gradient: Tensor, firstMoment: BlockwiseMoment, secondMoment: BlockwiseMoment, _ update: AdamWUpdate
    ) {
        record("AdamW of 8 bits", parameter) {
            device.adamW8Bit(parameter: parameter, gradient: gradient, firstMoment: firstMoment, secondMoment: secondMoment, update)
        }
    }
}
