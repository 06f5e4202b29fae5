/// Gradients of `attentionForward` on one sequence, or on some of its keys, for one key head and all query heads that share it.
///
///     p[i, j]  = e^(scale * q[i] · k[j] - logSumExp[i])                     for the j seen, else 0
///     ds[i, j] = scale * p[i, j] * (do[i] · v[j] - delta[i]),               delta[i] = do[i] · o[i]
///     dq[i] = sum over j of ds[i, j] * k[j],   dk[j] = sum over heads and i of ds[i, j] * q[i],   dv[j] = sum over heads and i of p[i, j] * do[i]
///
/// Dao 2023, arXiv:2307.08691, algorithm 2: a block of keys at a time against the blocks of queries that see it. Products and sums are in Float.
/// Forward must have saved `output` and `logSumExp`. Both are of all keys, also where these are some of them: then the gradients of the keys are
/// what they are, and those of the queries add up over the parts.
///
/// - Precondition: With a causal mask there are as many queries as keys; without one there is a key.
/// - Parameters:
///   - queryGradient: Written at the group's query heads, rows of `H * D` values `queryGradientStride` apart; added to if `adds`.
///   - keyGradient: Written at the key head, rows of `K * D` values `keyGradientStride` apart.
///   - valueGradient: Written at the key head, as `keyGradient`.
///   - outputGradient: Read, rows of `H * D` values.
///   - output: Read, forward's output.
///   - outputStride: From one row to the next of `outputGradient` and `output`.
///   - logSumExp: Read, `[T, H]`.
///   - query: Read, rows of `H * D` values `queryStride` apart.
///   - key: Read, rows of `K * D` values `keyStride` apart.
///   - value: Read, as `key`.
///   - queryRows: The sequence's rows of `query`, its gradient, `outputGradient`, `output` and `logSumExp`.
///   - keyRows: The sequence's rows of `key`, `value` and their gradients.
///   - isCausal: Whether keys are hidden from earlier queries; otherwise every query sees every key.
///   - adds: Whether the query gradient is added to.
///   - keyHead: The key head.
///   - scratch: Overwritten, `attentionScratchCount` values.
public func attentionBackward(
    queryGradient: UnsafeMutablePointer<Float>, queryGradientStride: Int, keyGradient: UnsafeMutablePointer<Float>,
    valueGradient: UnsafeMutablePointer<Float>, keyGradientStride: Int, outputGradient: UnsafePointer<Float>, output: UnsafePointer<Float>,
    outputStride: Int, logSumExp: UnsafePointer<Float>, query: UnsafePointer<Float>, queryStride: Int, key: UnsafePointer<Float>,
    value: UnsafePointer<Float>, keyStride: Int, shape: AttentionShape, queryRows: Range<Int>, keyRows: Range<Int>, isCausal: Bool, adds: Bool,
    keyHead: Int, scratch: UnsafeMutablePointer<Float>
) {
    let (size, group) = (shape.headSize, shape.queryHeads / shape.keyHeads)
    let first = queryRows.lowerBound
    let queryColumn = keyHead * group * size
    let keyColumn = keyHead * size
    let block = AttentionBackwardBlock(shape: shape, rowCount: queryRows.count, scratch: aligned(scratch))
    let dOutput = outputGradient + first * outputStride + queryColumn
    block.prepare(
        dOutput, output + first * outputStride + queryColumn, outputStride, logSumExp + first * shape.queryHeads + keyHead * group)

    for firstKey in Swift.stride(from: 0, to: keyRows.count, by: attentionBlock) {
        let keys = min(attentionBlock, keyRows.count - firstKey)
        let keyRow = keyRows.lowerBound + firstKey
        block.start(key + keyRow * keyStride + keyColumn, value + keyRow * keyStride + keyColumn, keyStride, keys)
        for head in 0..<group {
            for firstQuery in Swift.stride(from: isCausal ? firstKey : 0, to: queryRows.count, by: attentionBlock) {
                let queries = min(attentionBlock, queryRows.count - firstQuery)
                let column = queryColumn + head * size
                block.add(
                    queryGradient + (first + firstQuery) * queryGradientStride + column, queryGradientStride,
                    query + (first + firstQuery) * queryStride + column, queryStride, dOutput + firstQuery * outputStride + head * size,
                    outputStride, queries: queries, keys: keys, head: head, firstQuery: firstQuery,
                    lastSeen: isCausal ? firstQuery - firstKey : attentionBlock, addsGradient: adds || firstKey > 0)
            }
        }
        block.finish(
            keyGradient + keyRow * keyGradientStride + keyColumn, valueGradient + keyRow * keyGradientStride + keyColumn, keyGradientStride, keys)
    }
}

/// A block of keys on its way over the blocks of queries. Scores lie a row per query and a lane per key.
private struct AttentionBackwardBlock {
    let shape: AttentionShape
    let rowCount: Int
    /// Two panels `[D, 32]` each: keys times scale and log2(e), values.
    let keyColumns: UnsafeMutablePointer<Float>
    let valueColumns: UnsafeMutablePointer<Float>
    /// `[64, D padded]` each.
    let keys: UnsafeMutablePointer<Float>
    let queries: UnsafeMutablePointer<Float>
    let dOutput: UnsafeMutablePointer<Float>
    let dKeys: UnsafeMutablePointer<Float>
    let dValues: UnsafeMutablePointer<Float>
    let dQueries: UnsafeMutablePointer<Float>
    /// `[64 queries, 64 keys]` each: scores, then probabilities; gradients of probabilities, then of scores.
    let scores: UnsafeMutablePointer<Float>
    let dScores: UnsafeMutablePointer<Float>
    /// `[H/K, T]` each, from the group's heads: logSumExp in powers of 2, and delta.
    let logSums: UnsafeMutablePointer<Float>
    let deltas: UnsafeMutablePointer<Float>

    init(shape: AttentionShape, rowCount: Int, scratch: UnsafeMutablePointer<Float>) {
        self.shape = shape
        self.rowCount = rowCount
        let (block, padded) = (attentionBlock, shape.paddedHeadSize)
        keys = scratch
        queries = keys + block * padded
        dOutput = queries + block * padded
        dKeys = dOutput + block * padded
        dValues = dKeys + block * padded
        dQueries = dValues + block * padded
        scores = dQueries + block * padded
        dScores = scores + block * block
        keyColumns = dScores + block * block
        valueColumns = keyColumns + block * shape.headSize
        logSums = valueColumns + block * shape.headSize
        deltas = logSums + shape.queryHeads / shape.keyHeads * rowCount
    }

    func prepare(_ outputGradient: UnsafePointer<Float>, _ output: UnsafePointer<Float>, _ stride: Int, _ logSumExp: UnsafePointer<Float>) {
        for head in 0..<shape.queryHeads / shape.keyHeads {
            for row in 0..<rowCount {
                let start = row * stride + head * shape.headSize
                var products = Vector(repeating: 0)
                forEachVector(start..<start + shape.headSize) { d, lanes in
                    products = products.addingProduct(outputGradient.vector(d, lanes), output.vector(d, lanes))
                }
                deltas[head * rowCount + row] = products.laneSum()
                logSums[head * rowCount + row] = logSumExp[row * shape.queryHeads + head] * log2OfE
            }
        }
    }

    func start(_ key: UnsafePointer<Float>, _ value: UnsafePointer<Float>, _ stride: Int, _ count: Int) {
        let (size, padded) = (shape.headSize, shape.paddedHeadSize)
        for lane in Swift.stride(from: 0, to: count, by: tileColumns) {
            let (row, rows) = (lane * stride, min(tileColumns, count - lane))
            packColumns(keyColumns + lane * size, key + row, stride: stride, rows: rows, width: size, factor: shape.scale * log2OfE)
            packColumns(valueColumns + lane * size, value + row, stride: stride, rows: rows, width: size, factor: 1)
        }
        packRows(keys, key, stride: stride, rows: count, width: size, paddedRows: attentionBlock, paddedWidth: padded)
        dKeys.update(repeating: 0, count: attentionBlock * padded)
        dValues.update(repeating: 0, count: attentionBlock * padded)
    }

    /// Takes in a block of queries of one head, and adds or writes its gradient. Query i sees the block's keys 0 to `lastSeen + i`.
    func add(
        _ queryGradient: UnsafeMutablePointer<Float>, _ gradientStride: Int, _ query: UnsafePointer<Float>, _ stride: Int,
        _ outputGradient: UnsafePointer<Float>, _ outputStride: Int, queries count: Int, keys keyCount: Int, head: Int, firstQuery: Int,
        lastSeen: Int, addsGradient: Bool
    ) {
        let (size, padded, block) = (shape.headSize, shape.paddedHeadSize, attentionBlock)
        let rows = (count + tileRows - 1) / tileRows * tileRows
        packRows(queries, query, stride: stride, rows: count, width: size, paddedRows: rows, paddedWidth: padded)
        packRows(dOutput, outputGradient, stride: outputStride, rows: count, width: size, paddedRows: rows, paddedWidth: padded)

        for lane in Swift.stride(from: 0, to: keyCount, by: tileColumns) {
            for row in Swift.stride(from: max(0, (lane - lastSeen) / tileRows * tileRows), to: rows, by: tileRows) {
                tileProduct(
                    scores + row * block + lane, block, .rows(queries + row * padded, padded), keyColumns + lane * size, tileColumns, depth: 0..<size,
                    adds: false)
                tileProduct(
                    dScores + row * block + lane, block, .rows(dOutput + row * padded, padded), valueColumns + lane * size, tileColumns,
                    depth: 0..<size,
                    adds: false)
            }
        }
        differentiate(count, keyCount, lastSeen, head * rowCount + firstQuery)

        for column in Swift.stride(from: 0, to: padded, by: tileColumns) {
            for row in Swift.stride(from: 0, to: keyCount, by: tileRows) {
                let depth = min(count, max(0, row - lastSeen))..<count
                tileProduct(
                    dValues + row * padded + column, padded, .columns(scores + row, block), dOutput + column, padded, depth: depth, adds: true)
                tileProduct(
                    dKeys + row * padded + column, padded, .columns(dScores + row, block), queries + column, padded, depth: depth, adds: true)
            }
            for row in Swift.stride(from: 0, to: rows, by: tileRows) {
                let depth = 0..<min(keyCount, lastSeen + row + tileRows)
                tileProduct(
                    dQueries + row * padded + column, padded, .rows(dScores + row * block, block), keys + column, padded, depth: depth, adds: false)
            }
        }
        for row in 0..<count {
            let (source, target) = (dQueries + row * padded, queryGradient + row * gradientStride)
            forEachVector(0..<size) { d, lanes in
                let gradient = source.vector(d, lanes)
                target.store(addsGradient ? gradient + target.vector(d, lanes) : gradient, d, lanes)
            }
        }
    }

    /// Makes probabilities of scores, and gradients of scores of those of probabilities; 0 where a query does not see the key.
    private func differentiate(_ count: Int, _ keyCount: Int, _ lastSeen: Int, _ firstNumber: Int) {
        for row in 0..<count {
            let seen = min(keyCount, lastSeen + row + 1)
            let (logSum, delta) = (logSums[firstNumber + row], deltas[firstNumber + row])
            // The products read a tile's rows beyond what this query sees.
            for lane in Swift.stride(from: 0, to: min(attentionBlock, seen + tileRows), by: vectorLanes) {
                let index = row * attentionBlock + lane
                var probability = exponential2(scores.vector(index) - logSum)
                var gradient = probability * (dScores.vector(index) - delta) * shape.scale
                if seen < lane + vectorLanes {
                    let hidden = laneNumbers .>= Float(seen - lane)
                    probability.replace(with: 0, where: hidden)
                    gradient.replace(with: 0, where: hidden)
                }
                scores.store(probability, index)
                dScores.store(gradient, index)
            }
        }
    }

    func finish(_ keyGradient: UnsafeMutablePointer<Float>, _ valueGradient: UnsafeMutablePointer<Float>, _ stride: Int, _ count: Int) {
        for row in 0..<count {
            let source = row * shape.paddedHeadSize
            forEachVector(0..<shape.headSize) { d, lanes in
                (keyGradient + row * stride).store(dKeys.vector(source + d, lanes), d, lanes)
                (valueGradient + row * stride).store(dValues.vector(source + d, lanes), d, lanes)
            }
        }
    }
}
