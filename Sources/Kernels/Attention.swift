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

/// Keys, and in backward queries, that are worked on at a time: a block of scores is half a first-level cache.
let attentionBlock = 64

/// Queries that `attentionForward` works on at a time: the more, the less often keys and values are copied.
private let queryBlock = 128

let log2OfE: Float = 1.442_695
let ln2: Float = 0.693_147_2

/// Up to this many queries are worked on one by one: a tile of one costs as much as one of 32.
private let fewQueries = 4

/// Floats of scratch that one `attentionForward` or `attentionBackward` needs: a few blocks, and in backward a number for each query and head of a group.
public func attentionScratchCount(shape: AttentionShape, queryCount: Int, keyCount: Int) -> Int {
    let block = attentionBlock
    let alignment = vectorLanes
    let forward = queryBlock * (shape.headSize + shape.paddedHeadSize + block + 3) + block * (shape.headSize + shape.paddedHeadSize)
    let group = shape.queryHeads / shape.keyHeads
    let backward = block * (2 * shape.headSize + 6 * shape.paddedHeadSize + 2 * block) + 2 * group * (queryCount + block)
    return max(forward, backward) + alignment
}

/// The next address in scratch that is a multiple of 64 bytes, so that no vector straddles two cache lines.
func aligned(_ scratch: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
    let address = UInt(bitPattern: scratch)
    return scratch + Int((64 - address % 64) % 64) / 4
}

/// Attention of one query head over one sequence, or over some of its keys.
///
///     output[i, h, :] = sum over the j seen of e^(scale * q[i] · k[j] - logSumExp[i, h]) * v[j, :]
///     logSumExp[i, h] = log(sum over the same j of e^(scale * q[i] · k[j]))
///
/// With m queries and n keys and a causal mask query i sees `j <= i + n - m`: the last query sees all keys, as when the keys before the queries
/// come from a cache. Computed a block of queries against a block of keys at a time with a running greatest score and sum (Dao et al. 2022,
/// arXiv:2205.14135, algorithm 1); blocks that no query sees are skipped. With `adds` the running values start from what the queries have made of
/// other keys, so attention over all keys may be computed in parts, in any order. Products and sums are in Float. Agrees with the Double loop in
/// `AttentionTests` to 2e-6, in one part or several.
///
/// - Precondition: With `adds`, each query has seen a key before.
/// - Parameters:
///   - output: Written at head `head`, rows of `H * D` values `outputStride` apart; read first if `adds`.
///   - logSumExp: Written at head `head`, `[T, H]`; read first if `adds`. Backward needs it. A query that sees no key gets minus infinity, and zeros
///     as output.
///   - query: Read, rows of `H * D` values, `queryStride` apart.
///   - key: Read, rows of `K * D` values, `keyStride` apart.
///   - value: Read, rows of `K * D` values, `valueStride` apart.
///   - queryRows: The sequence's rows of `query`, `output` and `logSumExp`.
///   - keyRows: The sequence's rows of `key` and `value`.
///   - isCausal: Whether keys are hidden from earlier queries; otherwise every query sees every key.
///   - adds: Whether the queries have seen other keys before, which `output` and `logSumExp` tell of.
///   - head: The query head.
///   - scratch: Overwritten, `attentionScratchCount` values.
public func attentionForward(
    output: UnsafeMutablePointer<Float>, outputStride: Int, logSumExp: UnsafeMutablePointer<Float>, query: UnsafePointer<Float>, queryStride: Int,
    key: UnsafePointer<Float>, keyStride: Int, value: UnsafePointer<Float>, valueStride: Int, shape: AttentionShape, queryRows: Range<Int>,
    keyRows: Range<Int>, isCausal: Bool, adds: Bool, head: Int, scratch: UnsafeMutablePointer<Float>
) {
    let size = shape.headSize
    let keyHead = head / (shape.queryHeads / shape.keyHeads)
    let keys = key + keyRows.lowerBound * keyStride + keyHead * size
    let values = value + keyRows.lowerBound * valueStride + keyHead * size
    if queryRows.count <= fewQueries {
        for (index, row) in queryRows.enumerated() {
            let place = row * shape.queryHeads + head
            logSumExp[place] = attendSingle(
                output: output + row * outputStride + head * size, before: adds ? logSumExp[place] : -.infinity,
                query: query + row * queryStride + head * size, key: keys, keyStride: keyStride, value: values, valueStride: valueStride,
                count: isCausal ? max(0, index + 1 + keyRows.count - queryRows.count) : keyRows.count, size: size, scale: shape.scale,
                scratch: aligned(scratch))
        }
        return
    }

    let block = AttentionForwardBlock(shape: shape, scratch: aligned(scratch))
    for firstQuery in stride(from: 0, to: queryRows.count, by: queryBlock) {
        let queries = min(queryBlock, queryRows.count - firstQuery)
        let row = queryRows.lowerBound + firstQuery
        let (result, logSums) = (output + row * outputStride + head * size, logSumExp + row * shape.queryHeads + head)
        // The last key that the block's first query sees, and how many keys its last one sees.
        let seen = isCausal ? firstQuery + keyRows.count - queryRows.count : keyRows.count - 1
        let end = isCausal ? seen + queries : keyRows.count
        block.start(query + row * queryStride + head * size, queryStride, queries)
        if adds { block.resume(result, outputStride, logSums, shape.queryHeads, queries) }
        for firstKey in stride(from: 0, to: end, by: attentionBlock) {
            block.add(
                keys + firstKey * keyStride, keyStride, values + firstKey * valueStride, valueStride,
                keys: min(attentionBlock, end - firstKey), queries: queries, lastSeen: isCausal ? seen - firstKey : attentionBlock,
                isFirst: firstKey == 0 && !adds)
        }
        block.finish(
            result, outputStride, logSums, shape.queryHeads, queries: queries, blind: adds ? 0 : end > 0 ? max(0, -seen) : queries)
    }
}

/// A block of queries on its way over the blocks of keys. Scores lie transposed, a row per key and a lane per query, in panels of 32 queries, so that
/// greatest values and sums of 16 queries are taken at once. Queries start panels at multiples of 32.
private struct AttentionForwardBlock {
    let shape: AttentionShape
    /// Panels `[D, 32]`, times scale and log2(e).
    let queryColumns: UnsafeMutablePointer<Float>
    /// `[64, D]`.
    let keys: UnsafeMutablePointer<Float>
    /// `[64, D padded]`.
    let values: UnsafeMutablePointer<Float>
    /// Panels `[64 keys, 32 queries]`, then the exponentials in their place.
    let scores: UnsafeMutablePointer<Float>
    /// `[128, D padded]`, not yet divided by the sums.
    let sums: UnsafeMutablePointer<Float>
    /// `[128]` each: the greatest score so far, in powers of 2; the sum of exponentials; what the last block of keys shrank both by.
    let greatest: UnsafeMutablePointer<Float>
    let total: UnsafeMutablePointer<Float>
    let shrink: UnsafeMutablePointer<Float>

    init(shape: AttentionShape, scratch: UnsafeMutablePointer<Float>) {
        self.shape = shape
        values = scratch
        sums = values + attentionBlock * shape.paddedHeadSize
        scores = sums + queryBlock * shape.paddedHeadSize
        greatest = scores + attentionBlock * queryBlock
        total = greatest + queryBlock
        shrink = total + queryBlock
        queryColumns = shrink + queryBlock
        keys = queryColumns + queryBlock * shape.headSize
    }

    func start(_ query: UnsafePointer<Float>, _ stride: Int, _ queries: Int) {
        for lane in Swift.stride(from: 0, to: queries, by: tileColumns) {
            packColumns(
                queryColumns + lane * shape.headSize, query + lane * stride, stride: stride, rows: min(tileColumns, queries - lane),
                width: shape.headSize, factor: shape.scale * log2OfE)
        }
        greatest.update(repeating: -0x1p100, count: queryBlock)
        total.update(repeating: 0, count: queryBlock)
    }

    /// Goes on from what the queries have made of other keys: exponentials whose logarithms add up to `logSumExp` are one of that score.
    func resume(
        _ output: UnsafePointer<Float>, _ outputStride: Int, _ logSumExp: UnsafePointer<Float>, _ headStride: Int, _ queries: Int
    ) {
        packRows(
            sums, output, stride: outputStride, rows: queries, width: shape.headSize, paddedRows: queryBlock, paddedWidth: shape.paddedHeadSize)
        for query in 0..<queries {
            greatest[query] = logSumExp[query * headStride] * log2OfE
            total[query] = 1
        }
    }

    /// Takes in a block of keys. Query i sees its keys 0 to `lastSeen + i`.
    func add(
        _ key: UnsafePointer<Float>, _ keyStride: Int, _ value: UnsafePointer<Float>, _ valueStride: Int, keys count: Int, queries: Int,
        lastSeen: Int, isFirst: Bool
    ) {
        let (size, padded) = (shape.headSize, shape.paddedHeadSize)
        let rows = (count + tileRows - 1) / tileRows * tileRows
        // The rows that fill up the last tile are hidden from the queries where the mask does it, else left out.
        let taken = lastSeen < count ? rows : count
        packRows(keys, key, stride: keyStride, rows: count, width: size, paddedRows: rows, paddedWidth: size)
        packRows(values, value, stride: valueStride, rows: count, width: size, paddedRows: rows, paddedWidth: padded)

        for lane in stride(from: 0, to: queries, by: tileColumns) {
            for row in stride(from: 0, to: min(rows, lastSeen + lane + tileColumns), by: tileRows) {
                tileProduct(
                    panel(lane) + row * tileColumns, tileColumns, .rows(keys + row * size, size), queryColumns + lane * size, tileColumns,
                    depth: 0..<size, adds: false)
            }
            exponentiate(lane, rows: max(0, min(taken, lastSeen + lane + tileColumns)), firstHidden: lastSeen + lane + 1)
        }
        if !isFirst { shrinkSums(queries) }
        for row in stride(from: 0, to: queries, by: tileRows) {
            let depth = 0..<max(0, min(taken, lastSeen + row + tileRows))
            let weights = panel(row / tileColumns * tileColumns) + row % tileColumns
            for column in stride(from: 0, to: padded, by: tileColumns) {
                tileProduct(
                    sums + row * padded + column, padded, .columns(weights, tileColumns), values + column, padded, depth: depth, adds: !isFirst)
            }
        }
    }

    /// Replaces the scores of 32 queries by 2^(score - greatest), 0 where a query does not see the key, and brings their greatest and sum up to date.
    ///
    /// All 32 queries see the keys before `firstHidden`, and each query one more than the query before it.
    private func exponentiate(_ lane: Int, rows: Int, firstHidden: Int) {
        let scores = panel(lane)
        let low = Vector(repeating: -0x1p100)
        for row in min(max(0, firstHidden), rows)..<rows {
            let (index, hidden) = (row * tileColumns, Float(row - firstHidden))
            scores.store(scores.vector(index).replacing(with: low, where: laneNumbers .<= hidden), index)
            let other = index + vectorLanes
            scores.store(scores.vector(other).replacing(with: low, where: laneNumbers .<= hidden - Float(vectorLanes)), other)
        }
        let (before0, before1) = (greatest.vector(lane), greatest.vector(lane + vectorLanes))
        var (top0, top1) = (before0, before1)
        for index in stride(from: 0, to: rows * tileColumns, by: tileColumns) {
            top0 = top0.greater(scores.vector(index))
            top1 = top1.greater(scores.vector(index + vectorLanes))
        }
        var (sum0, sum1) = (Vector(repeating: 0), Vector(repeating: 0))
        for index in stride(from: 0, to: rows * tileColumns, by: tileColumns) {
            let (power0, power1) = (exponential2(scores.vector(index) - top0), exponential2(scores.vector(index + vectorLanes) - top1))
            scores.store(power0, index)
            scores.store(power1, index + vectorLanes)
            sum0 += power0
            sum1 += power1
        }
        keep(lane, before0, top0, sum0)
        keep(lane + vectorLanes, before1, top1, sum1)
    }

    @inline(__always) private func keep(_ lane: Int, _ before: Vector, _ top: Vector, _ sum: Vector) {
        let factor = exponential2(before - top)
        shrink.store(factor, lane)
        total.store(total.vector(lane) * factor + sum, lane)
        greatest.store(top, lane)
    }

    /// The scores of the 32 queries from `lane` on.
    private func panel(_ lane: Int) -> UnsafeMutablePointer<Float> { scores + lane * attentionBlock }

    private func shrinkSums(_ queries: Int) {
        for query in 0..<queries where shrink[query] != 1 {
            scaleInPlace(target: sums + query * shape.paddedHeadSize, factor: shrink[query], range: 0..<shape.paddedHeadSize)
        }
    }

    /// - Parameter blind: How many of the first queries have seen no key.
    func finish(
        _ output: UnsafeMutablePointer<Float>, _ outputStride: Int, _ logSumExp: UnsafeMutablePointer<Float>, _ headStride: Int, queries: Int,
        blind: Int
    ) {
        for query in 0..<queries {
            let seesNothing = query < blind
            let (row, sum) = (output + query * outputStride, sums + query * shape.paddedHeadSize)
            let factor = 1 / total[query]
            forEachVector(0..<shape.headSize) { d, lanes in
                row.store(seesNothing ? Vector(repeating: 0) : sum.vector(d, lanes) * factor, d, lanes)
            }
            logSumExp[query * headStride] = seesNothing ? -.infinity : greatest[query] * ln2 + log(total[query])
        }
    }
}
