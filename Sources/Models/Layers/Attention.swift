import Support
import Tensors

/// `x + attention(norm(x))`: the first half of a decoder block.
///
/// Grouped-query attention (Ainslie et al. 2023, arXiv:2305.13245) with rotary positions, causal within each packed sequence.
///
/// A rank of a tensor group has some of the heads, for all tokens; input and output are its own rows. A rank of a context group has all heads for its
/// shard of the tokens, and keys and values go round (`RingAttention`).
final class Attention: Layer {
    let norm: Norm
    let queryKeyValue: Linear
    let output: Linear
    let heads: AttentionHeads
    let rotary: RotaryTable
    let layer: Int
    /// False in the first block when nothing below it is trained.
    var needsInputGradient = true

    init(norm: Norm, queryKeyValue: Linear, output: Linear, heads: AttentionHeads, rotary: RotaryTable, layer: Int) {
        self.norm = norm
        self.queryKeyValue = queryKeyValue
        self.output = output
        self.heads = heads
        self.rotary = rotary
        self.layer = layer
    }

    private var queryColumns: Range<Int> { 0..<heads.queryHeads * heads.headSize }
    private var keyColumns: Range<Int> { queryColumns.upperBound..<queryColumns.upperBound + heads.keyHeads * heads.headSize }
    private var valueColumns: Range<Int> { keyColumns.upperBound..<keyColumns.upperBound + heads.keyHeads * heads.headSize }
    private var keyValueColumns: Range<Int> { keyColumns.lowerBound..<valueColumns.upperBound }

    func forward(_ input: Tensor, _ pass: Pass) throws(TrainerError) -> Tensor {
        let device = pass.device
        let (normed, rstd) = try norm.forward(input)
        let qkv = try queryKeyValue.forward(pass.gatherRows(normed), pass)
        try rotate(qkv, pass, inverse: false)
        try pass.stack.push(input)
        try pass.stack.push(rstd, exactly: true)
        try pass.stack.push(qkv, exactly: true)
        let attended = try device.tensor(qkv.rows, queryColumns.count)
        let logSumExp = try device.tensor(qkv.rows, heads.queryHeads)
        try attend(attended, logSumExp: logSumExp, qkv, pass)
        let result = try pass.sumRows(output.forward(attended, pass))
        try pass.stack.push(logSumExp, exactly: true)
        try pass.stack.push(attended)
        device.add(result, input)
        return result
    }

    func backward(_ outputGradient: Tensor, _ pass: Pass) throws(TrainerError) -> Tensor {
        let device = pass.device
        let attended = try pass.stack.pop()
        let logSumExp = try pass.stack.pop()
        let attendedGradient = try output.backward(pass.keptRows(outputGradient), input: attended, pass)
        let qkv = try pass.stack.pop()
        let rstd = try pass.stack.pop()
        let input = try pass.stack.pop()
        let gradient = try device.tensor(qkv.rows, qkv.columns)
        try attendBackward(gradient, attendedGradient, attended: attended, logSumExp: logSumExp, qkv, pass)
        try rotate(gradient, pass, inverse: true)
        let normed = queryKeyValue.needsInput ? try pass.gatherRows(norm.again(input, rstd: rstd)) : nil
        let normedGradient = try queryKeyValue.backward(gradient, input: normed, pass, needsInputGradient: needsInputGradient)
        guard needsInputGradient else { return outputGradient }
        try norm.backward(pass.sumRows(normedGradient), input: input, rstd: rstd, addingTo: outputGradient, pass)
        return outputGradient
    }

    private func rotate(_ qkv: Tensor, _ pass: Pass, inverse: Bool) throws(TrainerError) {
        // A cache reaches back before the batch, and a shard's sequences reach beyond it.
        let positions = pass.spans.reduce(pass.batch.longestSequence) { max($0, $1.keys.count) }
        let (cosine, sine) = try rotary.tables(positions, on: pass.device)
        let rotated = qkv.columns(0..<keyColumns.upperBound)
        pass.device.rotate(rotated, headSize: heads.headSize, cosine: cosine, sine: sine, positions: pass.positions, inverse: inverse)
    }

    // MARK: Attention proper

    /// The ring that keys and values go round; nil where the rank has whole sequences.
    private func ring(_ pass: Pass) -> RingAttention? {
        pass.batch.cut.map { RingAttention(cut: $0, group: pass.groups.context, heads: heads, name: "layer \(layer)") }
    }

    private func attend(_ attended: Tensor, logSumExp: Tensor, _ qkv: Tensor, _ pass: Pass) throws(TrainerError) {
        if let ring = ring(pass) {
            return try ring.forward(attended, logSumExp: logSumExp, query: qkv.columns(queryColumns), keyValues: qkv.columns(keyValueColumns))
        }
        var (keys, values) = (qkv.columns(keyColumns), qkv.columns(valueColumns))
        if let cache = pass.cache {
            (keys, values) = try cache.append(qkv.columns(keyValueColumns), layer: layer, ranges: pass.spans)
        }
        try pass.device.attention(
            attended, logSumExp: logSumExp, query: qkv.columns(queryColumns), key: keys, value: values, heads: heads, spans: pass.spans, adds: false)
    }

    /// Writes the gradient of the rotated queries, keys and values.
    private func attendBackward(
        _ gradient: Tensor, _ attendedGradient: Tensor, attended: Tensor, logSumExp: Tensor, _ qkv: Tensor, _ pass: Pass
    ) throws(TrainerError) {
        if let ring = ring(pass) {
            return try ring.backward(
                queryGradient: gradient.columns(queryColumns), keyValueGradient: gradient.columns(keyValueColumns),
                outputGradient: attendedGradient, output: attended, logSumExp: logSumExp, query: qkv.columns(queryColumns),
                keyValues: qkv.columns(keyValueColumns))
        }
        try pass.device.attentionBackward(
            queryGradient: gradient.columns(queryColumns), keyGradient: gradient.columns(keyColumns), valueGradient: gradient.columns(valueColumns),
            outputGradient: attendedGradient, output: attended, logSumExp: logSumExp, query: qkv.columns(queryColumns), key: qkv.columns(keyColumns),
            value: qkv.columns(valueColumns), heads: heads, spans: pass.spans, addsQueryGradient: false)
    }
}
