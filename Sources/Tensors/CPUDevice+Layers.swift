import Kernels
public import Support

extension CPUDevice {
    // MARK: Norm, rotary embedding, gated activation

    public func rmsNorm(_ output: Tensor, rstd: Tensor, _ input: Tensor, gain: Tensor, epsilon: Float) {
        let (y, r, x, g) = (output.floats, rstd.floats, input.floats, gain.floats)
        pool.parallelFor(input.rows, grain: 4) {
            rmsNormForward(output: y, rstd: r, input: x, gain: g, rows: $0, channels: input.columns, epsilon: epsilon)
        }
        finished()
    }

    public func rmsNormAgain(_ output: Tensor, _ input: Tensor, rstd: Tensor, gain: Tensor) {
        let (y, r, x, g) = (output.floats, rstd.floats, input.floats, gain.floats)
        pool.parallelFor(input.rows, grain: 4) { rmsNormReapply(output: y, input: x, rstd: r, gain: g, rows: $0, channels: input.columns) }
        finished()
    }

    public func rmsNormBackward(
        addingTo inputGradient: Tensor, gainGradient: Tensor?, _ outputGradient: Tensor, input: Tensor, rstd: Tensor, gain: Tensor
    ) throws(TrainerError) {
        let channels = input.columns
        let (dx, dy, x, r, g) = (inputGradient.floats, outputGradient.floats, input.floats, rstd.floats, gain.floats)
        let threads = pool.threadCount
        var partials: Tensor?
        if gainGradient != nil, threads > 1 {
            partials = try zeros(threads - 1, channels, .float32, .scratch)
        }
        defer { withExtendedLifetime(partials) {} }
        let (first, others) = (gainGradient?.floats, partials?.floats)
        pool.onEachThread { thread in
            let rows = input.rows * thread / threads..<input.rows * (thread + 1) / threads
            let sums = thread == 0 ? first : others.map { $0 + (thread - 1) * channels }
            Kernels.rmsNormBackward(
                inputGradient: dx, adds: true, gainGradient: sums, outputGradient: dy, input: x, rstd: r, gain: g, rows: rows, channels: channels)
        }
        if let first, let others {
            for thread in 0..<threads - 1 { addInto(target: first, source: others + thread * channels, range: 0..<channels) }
        }
        finished()
    }

    public func rotate(_ values: Tensor, headSize: Int, cosine: Tensor, sine: Tensor, positions: Tensor, inverse: Bool) {
        let (x, c, s, p) = (values.floats, cosine.floats, sine.floats, positions.int32s)
        pool.parallelFor(values.rows, grain: 4) {
            rotaryRotate(
                values: x, rowStride: values.rowStride, headCount: values.columns / headSize, headSize: headSize, cosine: c, sine: s, positions: p,
                rows: $0, inverse: inverse)
        }
        finished()
    }

    public func swiGLU(_ output: Tensor, _ gateUp: Tensor) {
        let (y, x) = (output.floats, gateUp.floats)
        pool.parallelFor(output.rows, grain: 4) { swiGLUForward(output: y, gateUp: x, rows: $0, width: output.columns) }
        finished()
    }

    public func swiGLUBackward(_ gateUp: Tensor, _ outputGradient: Tensor) {
        let (x, dy) = (gateUp.floats, outputGradient.floats)
        pool.parallelFor(gateUp.rows, grain: 4) {
            Kernels.swiGLUBackward(gateUpGradient: x, outputGradient: dy, gateUp: x, rows: $0, width: outputGradient.columns)
        }
        finished()
    }

    // MARK: Attention

    public func attention(
        _ output: Tensor, logSumExp: Tensor, query: Tensor, key: Tensor, value: Tensor, heads: AttentionHeads, spans: [AttentionSpan],
        adds: Bool
    ) throws(TrainerError) {
        let shape = AttentionShape(heads)
        let size = ScratchPlan.attention(shape, spans)
        let scratchTensor = try tensor(pool.threadCount, size, .float32, .scratch)
        defer { withExtendedLifetime(scratchTensor) {} }
        let scratch = scratchTensor.floats
        let (y, l, q, k, v) = (output.floats, logSumExp.floats, query.floats, key.floats, value.floats)
        pool.parallelItems(spans.count * heads.queryHeads) { item, thread in
            if thread == 0 { self.progress?() }
            let span = spans[item / heads.queryHeads]
            attentionForward(
                output: y, outputStride: output.rowStride, logSumExp: l, query: q, queryStride: query.rowStride, key: k, keyStride: key.rowStride,
                value: v, valueStride: value.rowStride, shape: shape, queryRows: span.queries, keyRows: span.keys,
                isCausal: span.isCausal, adds: adds, head: item % heads.queryHeads, scratch: scratch + thread * size)
        }
        finished()
    }

    public func attentionBackward(
        queryGradient: Tensor, keyGradient: Tensor, valueGradient: Tensor, outputGradient: Tensor, output: Tensor, logSumExp: Tensor,
        query: Tensor, key: Tensor, value: Tensor, heads: AttentionHeads, spans: [AttentionSpan], addsQueryGradient: Bool
    ) throws(TrainerError) {
        precondition(
            key.rowStride == value.rowStride && keyGradient.rowStride == valueGradient.rowStride && outputGradient.rowStride == output.rowStride,
            "CPUDevice.attentionBackward: strides differ")
        precondition(
            spans.allSatisfy { $0.isCausal ? $0.queries.count == $0.keys.count : !$0.keys.isEmpty }, "CPUDevice.attentionBackward: spans of \(spans)")
        let shape = AttentionShape(heads)
        let size = ScratchPlan.attention(shape, spans)
        let scratchTensor = try tensor(pool.threadCount, size, .float32, .scratch)
        defer { withExtendedLifetime(scratchTensor) {} }
        let scratch = scratchTensor.floats
        let (dq, dk, dv, dy) = (queryGradient.floats, keyGradient.floats, valueGradient.floats, outputGradient.floats)
        let (y, l, q, k, v) = (output.floats, logSumExp.floats, query.floats, key.floats, value.floats)
        pool.parallelItems(spans.count * heads.keyHeads) { item, thread in
            if thread == 0 { self.progress?() }
            let span = spans[item / heads.keyHeads]
            Kernels.attentionBackward(
                queryGradient: dq, queryGradientStride: queryGradient.rowStride, keyGradient: dk, valueGradient: dv,
                keyGradientStride: keyGradient.rowStride, outputGradient: dy, output: y, outputStride: output.rowStride, logSumExp: l, query: q,
                queryStride: query.rowStride, key: k, value: v, keyStride: key.rowStride, shape: shape, queryRows: span.queries, keyRows: span.keys,
                isCausal: span.isCausal, adds: addsQueryGradient, keyHead: item % heads.keyHeads, scratch: scratch + thread * size)
        }
        finished()
    }

    // MARK: Embedding, loss

    public func embed(_ output: Tensor, _ table: Weight, tokens: Tensor, firstRow: Int) {
        let (y, t) = (output.floats, tokens.int32s)
        pool.parallelFor(output.rows, grain: 16) { rows in
            for row in rows {
                let (target, place) = (y + row * output.columns, Int(t[row]) - firstRow)
                if (0..<table.rows).contains(place) {
                    self.decodeRows(target, table, rows: place..<place + 1)
                } else {
                    target.update(repeating: 0, count: output.columns)
                }
            }
        }
        finished()
    }

    public func embedBackward(_ gradient: Tensor, _ outputGradient: Tensor, tokens: Tensor, firstRow: Int) {
        let (g, dy, t) = (gradient.floats, outputGradient.floats, tokens.int32s)
        pool.parallelFor(gradient.columns, grain: 16) {
            embeddingBackward(
                gradient: g, outputGradient: dy, tokens: t, tokenCount: outputGradient.rows,
                tableRows: firstRow..<firstRow + gradient.rows, channelRange: $0, channels: gradient.columns)
        }
        finished()
    }

    public func gatherRows(_ output: Tensor, _ input: Tensor, indices: Tensor) {
        let (y, x, i) = (output.floats, input.floats, indices.int32s)
        pool.parallelFor(output.rows, grain: 16) { Kernels.gatherRows(output: y, input: x, rowIndices: i, rows: $0, channels: input.columns) }
        finished()
    }

    public func scatterRows(_ output: Tensor, _ input: Tensor, indices: Tensor) {
        let (y, x, i) = (output.floats, input.floats, indices.int32s)
        pool.parallelFor(input.rows, grain: 16) { Kernels.scatterRows(output: y, input: x, rowIndices: i, rows: $0, channels: input.columns) }
        finished()
    }

    public func crossEntropy(losses: Tensor, logits: Tensor, targets: Tensor, gradientScale: Float?) {
        let (l, z, t) = (losses.floats, logits.floats, targets.int32s)
        pool.parallelFor(logits.rows) { rows in
            if let gradientScale {
                crossEntropyForwardBackward(losses: l, logits: z, targets: t, scale: gradientScale, rows: rows, vocabulary: logits.columns)
            } else {
                crossEntropyForward(losses: l, logits: z, targets: t, rows: rows, vocabulary: logits.columns)
            }
        }
        finished()
    }

    public func partialCrossEntropy(
        logSumExp: Tensor, targetLogits: Tensor, logits: Tensor, targets: Tensor, firstToken: Int, gradientScale: Float?
    ) {
        let (sums, found, z, t) = (logSumExp.floats, targetLogits.floats, logits.floats, targets.int32s)
        let tokens = firstToken..<firstToken + logits.columns
        pool.parallelFor(logits.rows) {
            crossEntropyPart(logSumExp: sums, targetLogits: found, logits: z, targets: t, tokens: tokens, scale: gradientScale, rows: $0)
        }
        finished()
    }

    public func finishCrossEntropy(logits: Tensor, factors: Tensor, targets: Tensor, firstToken: Int, gradientScale: Float) {
        let (z, f, t) = (logits.floats, factors.floats, targets.int32s)
        let tokens = firstToken..<firstToken + logits.columns
        pool.parallelFor(logits.rows) {
            crossEntropyPartBackward(logits: z, factors: f, targets: t, tokens: tokens, scale: gradientScale, rows: $0)
        }
        finished()
    }
}

extension AttentionShape {
    init(_ heads: AttentionHeads) {
        self.init(queryHeads: heads.queryHeads, keyHeads: heads.keyHeads, headSize: heads.headSize, scale: heads.scale)
    }
}
