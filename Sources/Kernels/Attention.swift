import Glibc

/// Heads of grouped-query attention (Ainslie et al. 2023, arXiv:2305.13245) and the factor on their scores.
public struct AttentionShape: Sendable {
    /// H.
    public var queryHeads: Int
    /// K; divides H. Query heads `k * H/K` and the `H/K - 1` after it share key head k.
    public var keyHeads: Int
    /// D.
    public var headSize: Int
    /// What the products of queries and keys are multiplied by: 1 / sqrt(D) in most models.
    public var scale: Float

    public init(queryHeads: Int, keyHeads: Int, headSize: Int, scale: Float) {
        self.queryHeads = queryHeads
        self.keyHeads = keyHeads
        self.headSize = headSize
        self.scale = scale
    }

    /// D rounded up to whole register tiles.
    var paddedHeadSize: Int { (headSize + tileColumns - 1) / tileColumns * tileColumns }
}

/// Queries, and keys, that are worked on at a time: four vectors of lanes, and a block of scores is half a first-level cache.
let attentionBlock = 64

let log2OfE: Float = 1.442_695
let ln2: Float = 0.693_147_2

/// Up to this many queries are worked on one by one: a tile of one costs as much as one of 32.
private let fewQueries = 4

/// Floats of scratch that one `attentionForward` or `attentionBackward` needs: a few blocks, and in backward a number for each query and head of a group.
public func attentionScratchCount(shape: AttentionShape, queryCount: Int, keyCount: Int) -> Int {
    let block = attentionBlock
    let alignment = vectorLanes
    let forward = block * (2 * shape.headSize + 2 * shape.paddedHeadSize + block + 3)
    let group = shape.queryHeads / shape.keyHeads
    let backward = block * (2 * shape.headSize + 6 * shape.paddedHeadSize + 2 * block) + 2 * group * (queryCount + block)
    return max(forward, backward) + alignment
}

/// The next address in scratch that is a multiple of 64 bytes, so that no vector straddles two cache lines.
func aligned(_ scratch: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
    let address = UInt(bitPattern: scratch)
    return scratch + Int((64 - address % 64) % 64) / 4
}

/// Causal attention of one query head over one sequence.
///
///     output[i, h, :] = sum over j <= i + n - m of e^(scale * q[i] · k[j] - logSumExp[i, h]) * v[j, :]
///     logSumExp[i, h] = log(sum over the same j of e^(scale * q[i] · k[j]))
///
/// with m queries and n keys: the last query sees all keys, as when the keys before the queries come from a cache. Computed a block of
/// queries against a block of keys at a time with a running greatest score and sum (Dao et al. 2022, arXiv:2205.14135, algorithm 1); blocks that
/// no query sees are skipped. Products and sums are in Float. Agrees with the Double loop in `AttentionTests` to 2e-6.
///
/// - Parameters:
///   - output: Written at head `head`, rows of `H * D` values `outputStride` apart.
///   - logSumExp: Written at head `head`, `[T, H]`. Backward needs it. A query that sees no key gets minus infinity, and zeros as output.
///   - query: Read, rows of `H * D` values, `queryStride` apart.
///   - key: Read, rows of `K * D` values, `keyStride` apart.
///   - value: Read, rows of `K * D` values, `valueStride` apart.
///   - queryRows: The sequence's rows of `query`, `output` and `logSumExp`.
///   - keyRows: The sequence's rows of `key` and `value`.
///   - head: The query head.
///   - scratch: Overwritten, `attentionScratchCount` values.
public func attentionForward(
    output: UnsafeMutablePointer<Float>, outputStride: Int, logSumExp: UnsafeMutablePointer<Float>, query: UnsafePointer<Float>, queryStride: Int,
    key: UnsafePointer<Float>, keyStride: Int, value: UnsafePointer<Float>, valueStride: Int, shape: AttentionShape, queryRows: Range<Int>,
    keyRows: Range<Int>, head: Int, scratch: UnsafeMutablePointer<Float>
) {
    let size = shape.headSize
    let keyHead = head / (shape.queryHeads / shape.keyHeads)
    let keys = key + keyRows.lowerBound * keyStride + keyHead * size
    let values = value + keyRows.lowerBound * valueStride + keyHead * size
    if queryRows.count <= fewQueries {
        for (index, row) in queryRows.enumerated() {
            logSumExp[row * shape.queryHeads + head] = attendSingle(
                output: output + row * outputStride + head * size, query: query + row * queryStride + head * size, key: keys, keyStride: keyStride,
                value: values, valueStride: valueStride, count: max(0, index + 1 + keyRows.count - queryRows.count), size: size,
                scale: shape.scale, scratch: aligned(scratch))
        }
        return
    }

    let block = AttentionForwardBlock(shape: shape, scratch: aligned(scratch))
    for firstQuery in stride(from: 0, to: queryRows.count, by: attentionBlock) {
        let queries = min(attentionBlock, queryRows.count - firstQuery)
        let row = queryRows.lowerBound + firstQuery
        let seen = firstQuery + keyRows.count - queryRows.count  // the last key that the block's first query sees
        block.start(query + row * queryStride + head * size, queryStride, queries)
        for firstKey in stride(from: 0, to: seen + queries, by: attentionBlock) {
            let count = min(attentionBlock, seen + queries - firstKey)
            block.add(
                keys + firstKey * keyStride, keyStride, values + firstKey * valueStride, valueStride, keys: count, queries: queries,
                lastSeen: seen - firstKey, isFirst: firstKey == 0)
        }
        block.finish(
            output + row * outputStride + head * size, outputStride, logSumExp + row * shape.queryHeads + head, shape.queryHeads,
            queries: queries, lastSeen: seen)
    }
}

/// A block of queries on its way over the blocks of keys. Scores lie transposed, a row per key and a lane per query, so that greatest values and sums
/// of 16 queries are taken at once.
private struct AttentionForwardBlock {
    let shape: AttentionShape
    /// `[D, 64]`, times scale and log2(e).
    let queryColumns: UnsafeMutablePointer<Float>
    /// `[64, D]`.
    let keys: UnsafeMutablePointer<Float>
    /// `[64, D padded]`.
    let values: UnsafeMutablePointer<Float>
    /// `[64 keys, 64 queries]`, then the exponentials in their place.
    let scores: UnsafeMutablePointer<Float>
    /// `[64, D padded]`, not yet divided by the sums.
    let sums: UnsafeMutablePointer<Float>
    /// `[64]` each: the greatest score so far, in powers of 2; the sum of exponentials; what the last block of keys shrank both by.
    let greatest: UnsafeMutablePointer<Float>
    let total: UnsafeMutablePointer<Float>
    let shrink: UnsafeMutablePointer<Float>

    init(shape: AttentionShape, scratch: UnsafeMutablePointer<Float>) {
        self.shape = shape
        let (block, padded) = (attentionBlock, shape.paddedHeadSize)
        values = scratch
        sums = values + block * padded
        scores = sums + block * padded
        greatest = scores + block * block
        total = greatest + block
        shrink = total + block
        queryColumns = shrink + block
        keys = queryColumns + block * shape.headSize
    }

    func start(_ query: UnsafePointer<Float>, _ stride: Int, _ queries: Int) {
        packColumns(queryColumns, query, stride: stride, rows: queries, width: shape.headSize, factor: shape.scale * log2OfE)
        greatest.update(repeating: -0x1p100, count: attentionBlock)
        total.update(repeating: 0, count: attentionBlock)
    }

    /// Takes in a block of keys. Query i sees its keys 0 to `lastSeen + i`.
    func add(
        _ key: UnsafePointer<Float>, _ keyStride: Int, _ value: UnsafePointer<Float>, _ valueStride: Int, keys count: Int, queries: Int,
        lastSeen: Int, isFirst: Bool
    ) {
        let (size, padded, block) = (shape.headSize, shape.paddedHeadSize, attentionBlock)
        let rows = (count + tileRows - 1) / tileRows * tileRows
        packRows(keys, key, stride: keyStride, rows: count, width: size, paddedRows: rows, paddedWidth: size)
        packRows(values, value, stride: valueStride, rows: count, width: size, paddedRows: rows, paddedWidth: padded)

        for lane in stride(from: 0, to: queries, by: tileColumns) {
            for row in stride(from: 0, to: min(rows, lastSeen + lane + tileColumns), by: tileRows) {
                tileProduct(
                    scores + row * block + lane, block, .rows(keys + row * size, size), queryColumns + lane, block, depth: 0..<size, adds: false)
            }
        }
        for row in max(0, lastSeen + 1)..<max(rows, lastSeen + 1) {
            (scores + row * block).update(repeating: -0x1p100, count: min(block, row - lastSeen))
        }
        exponentiate(rows)
        if !isFirst { shrinkSums(queries) }
        for row in stride(from: 0, to: queries, by: tileRows) {
            let depth = 0..<max(0, min(rows, lastSeen + row + tileRows))
            for column in stride(from: 0, to: padded, by: tileColumns) {
                tileProduct(
                    sums + row * padded + column, padded, .columns(scores + row, block), values + column, padded, depth: depth, adds: !isFirst)
            }
        }
    }

    /// Replaces the scores of all keys by 2^(score - greatest), and brings the running greatest and sum up to date.
    private func exponentiate(_ rows: Int) {
        var top = InlineArray<4, Vector> { greatest.vector($0 * vectorLanes) }
        for row in 0..<rows {
            for part in 0..<4 { top[part] = top[part].greater(scores.vector(row * attentionBlock + part * vectorLanes)) }
        }
        var sum = InlineArray<4, Vector>(repeating: Vector(repeating: 0))
        for row in 0..<rows {
            for part in 0..<4 {
                let index = row * attentionBlock + part * vectorLanes
                let power = exponential2(scores.vector(index) - top[part])
                scores.store(power, index)
                sum[part] += power
            }
        }
        for part in 0..<4 {
            let index = part * vectorLanes
            let factor = exponential2(greatest.vector(index) - top[part])
            shrink.store(factor, index)
            total.store(total.vector(index) * factor + sum[part], index)
            greatest.store(top[part], index)
        }
    }

    private func shrinkSums(_ queries: Int) {
        for query in 0..<queries where shrink[query] != 1 {
            scaleInPlace(target: sums + query * shape.paddedHeadSize, factor: shrink[query], range: 0..<shape.paddedHeadSize)
        }
    }

    func finish(
        _ output: UnsafeMutablePointer<Float>, _ outputStride: Int, _ logSumExp: UnsafeMutablePointer<Float>, _ headStride: Int, queries: Int,
        lastSeen: Int
    ) {
        for query in 0..<queries {
            let seesNothing = lastSeen + query < 0
            let (row, sum) = (output + query * outputStride, sums + query * shape.paddedHeadSize)
            let factor = 1 / total[query]
            forEachVector(0..<shape.headSize) { d, lanes in
                row.store(seesNothing ? Vector(repeating: 0) : sum.vector(d, lanes) * factor, d, lanes)
            }
            logSumExp[query * headStride] = seesNothing ? -.infinity : greatest[query] * ln2 + log(total[query])
        }
    }
}
