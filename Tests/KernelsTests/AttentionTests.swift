import Glibc
import Kernels
import TestSupport
import Testing

/// Attention by plain Double loops over packed `[T, H * D]` queries and `[T, K * D]` keys and values.
struct AttentionReference {
    var shape: AttentionShape
    var queryRows: Range<Int>
    var keyRows: Range<Int>
    var isCausal = true

    func forward(_ query: [Double], _ key: [Double], _ value: [Double]) -> (output: [Double], logSumExp: [Double]) {
        let (heads, size) = (shape.queryHeads, shape.headSize)
        let keyWidth = shape.keyHeads * size
        var output = [Double](repeating: 0, count: query.count)
        var logSums = [Double](repeating: -.infinity, count: query.count / size)
        for (i, row) in queryRows.enumerated() {
            let seen = isCausal ? keyRows.prefix(max(0, i + 1 + keyRows.count - queryRows.count)) : keyRows
            for head in 0..<heads {
                let (q, k) = (row * heads * size + head * size, head / (heads / shape.keyHeads) * size)
                let scores = seen.map { j in (0..<size).reduce(0) { $0 + query[q + $1] * key[j * keyWidth + k + $1] } * Double(shape.scale) }
                guard let greatest = scores.max() else { continue }
                let total = scores.reduce(0) { $0 + exp($1 - greatest) }
                logSums[row * heads + head] = log(total) + greatest
                for (j, score) in zip(seen, scores) {
                    let weight = exp(score - greatest) / total
                    for d in 0..<size { output[q + d] += weight * value[j * keyWidth + k + d] }
                }
            }
        }
        return (output, logSums)
    }
}

@Suite struct AttentionTests {
    /// Runs the kernel for all heads and returns the packed result, added to what other keys gave, if anything.
    private func run(
        _ reference: AttentionReference, _ query: [Float], _ key: [Float], _ value: [Float],
        addingTo earlier: (output: [Float], logSumExp: [Float])? = nil
    ) -> (output: [Float], logSumExp: [Float]) {
        let shape = reference.shape
        let scratchCount = attentionScratchCount(shape: shape, queryCount: reference.queryRows.count, keyCount: reference.keyRows.count)
        var scratch = [Float](repeating: .nan, count: scratchCount)
        var output = earlier?.output ?? [Float](repeating: 0, count: query.count)
        var logSums = earlier?.logSumExp ?? [Float](repeating: -.infinity, count: query.count / shape.headSize)
        for head in 0..<shape.queryHeads {
            attentionForward(
                output: &output, outputStride: shape.queryHeads * shape.headSize, logSumExp: &logSums, query: query,
                queryStride: shape.queryHeads * shape.headSize, key: key, keyStride: shape.keyHeads * shape.headSize, value: value,
                valueStride: shape.keyHeads * shape.headSize, shape: shape, queryRows: reference.queryRows, keyRows: reference.keyRows,
                isCausal: reference.isCausal, adds: earlier != nil, head: head, scratch: &scratch)
        }
        return (output, logSums)
    }

    private func check(_ shape: AttentionShape, queryRows: Range<Int>, keyRows: Range<Int>, isCausal: Bool = true) {
        let reference = AttentionReference(shape: shape, queryRows: queryRows, keyRows: keyRows, isCausal: isCausal)
        let query = randomFloats((queryRows.upperBound + 1) * shape.queryHeads * shape.headSize, seed: 1)
        let key = randomFloats((keyRows.upperBound + 1) * shape.keyHeads * shape.headSize, seed: 2)
        let value = randomFloats((keyRows.upperBound + 1) * shape.keyHeads * shape.headSize, seed: 3)
        let wanted = reference.forward(query.doubles, key.doubles, value.doubles)
        let found = run(reference, query, key, value)
        expectClose(found.output, wanted.output.floats, absolute: 2e-6, "output of \(queryRows) on \(keyRows)")
        let seen = wanted.logSumExp.indices.filter { wanted.logSumExp[$0].isFinite }
        expectClose(seen.map { found.logSumExp[$0] }, seen.map { Float(wanted.logSumExp[$0]) }, relative: 1e-6, "logSumExp")
        #expect(found.logSumExp.indices.allSatisfy { found.logSumExp[$0].isFinite == wanted.logSumExp[$0].isFinite })
    }

    @Test("forward: agrees with Double loops at lengths around the block edges", arguments: [1, 7, 8, 33, 64, 65, 129])
    func lengths(count: Int) {
        let shape = AttentionShape(queryHeads: 2, keyHeads: 1, headSize: 32, scale: 0.2)
        check(shape, queryRows: 0..<count, keyRows: 0..<count)
        check(shape, queryRows: 5..<(5 + count), keyRows: 3..<(3 + count))
    }

    @Test("forward: head sizes that fill no vector, one tile or several", arguments: [1, 8, 20, 32, 72, 80, 128])
    func headSizes(size: Int) {
        check(AttentionShape(queryHeads: 4, keyHeads: 2, headSize: size, scale: 0.3), queryRows: 0..<68, keyRows: 0..<68)
    }

    @Test("forward: fewer queries than keys see the keys before them, as with a cache; more queries than keys leave the first with nothing")
    func unequal() {
        let shape = AttentionShape(queryHeads: 2, keyHeads: 2, headSize: 32, scale: 0.2)
        for (queries, keys) in [(1, 1), (1, 300), (2, 65), (5, 130), (70, 200), (64, 128), (130, 3), (3, 1), (150, 160), (160, 100)] {
            check(shape, queryRows: 2..<(2 + queries), keyRows: 1..<(1 + keys))
        }
    }

    /// Numbers of queries and of keys: some one by one, some that fill no tile, some that fill several.
    private static let unequalCounts = [(1, 1), (1, 131), (4, 70), (5, 3), (33, 64), (64, 1), (70, 131), (130, 65)]

    @Test("forward: without a mask every query sees every key, however many of either; no keys give zeros", arguments: unequalCounts)
    func unmasked(queries: Int, keys: Int) {
        let shape = AttentionShape(queryHeads: 2, keyHeads: 1, headSize: 20, scale: 0.3)
        check(shape, queryRows: 2..<(2 + queries), keyRows: 1..<(1 + keys), isCausal: false)
        check(shape, queryRows: 2..<(2 + queries), keyRows: 1..<1, isCausal: false)
    }

    @Test("forward: keys in parts, in any order, add up to all keys; a part without keys changes nothing", arguments: unequalCounts)
    func parts(queries: Int, keys: Int) {
        let shape = AttentionShape(queryHeads: 2, keyHeads: 1, headSize: 20, scale: 2)
        let rows = 3..<(3 + queries)
        // The queries' own keys come last in the whole and first in the computation.
        let all = 1..<(1 + keys + queries)
        let query = randomFloats(rows.upperBound * 2 * 20, seed: 1)
        let (key, value) = (randomFloats(all.upperBound * 20, seed: 2), randomFloats(all.upperBound * 20, seed: 3))
        let wanted = AttentionReference(shape: shape, queryRows: rows, keyRows: all).forward(query.doubles, key.doubles, value.doubles)
        var found = run(AttentionReference(shape: shape, queryRows: rows, keyRows: 1 + keys..<all.upperBound), query, key, value)
        for part in [1 + keys / 3..<1 + keys, 5..<5, 1..<1 + keys / 3] {
            found = run(AttentionReference(shape: shape, queryRows: rows, keyRows: part, isCausal: false), query, key, value, addingTo: found)
        }
        expectClose(found.output, wanted.output.floats, absolute: 2e-6, "output")
        expectClose(
            Array(found.logSumExp[(rows.lowerBound * 2)...]), Array(wanted.logSumExp[(rows.lowerBound * 2)...]).floats, relative: 1e-6, "logSumExp")
    }

    @Test("forward: scores of thousands neither overflow nor lose the greatest")
    func largeScores() {
        let shape = AttentionShape(queryHeads: 1, keyHeads: 1, headSize: 16, scale: 1)
        let query = randomFloats(150 * 16, seed: 5, scale: 40)
        let reference = AttentionReference(shape: shape, queryRows: 0..<150, keyRows: 0..<150)
        let value = randomFloats(150 * 16, seed: 6)
        let wanted = reference.forward(query.doubles, query.doubles, value.doubles)
        let found = run(reference, query, query, value)
        expectClose(found.output, wanted.output.floats, absolute: 2e-2, "output")  // a score of 8,000 is rounded to 1e-3
        expectClose(found.logSumExp, wanted.logSumExp.floats, relative: 1e-6, "logSumExp")
    }

    @Test("pain 33: a NaN in a key shows in every later query of its sequence")
    func nonFinite() {
        let shape = AttentionShape(queryHeads: 1, keyHeads: 1, headSize: 32, scale: 0.2)
        let query = randomFloats(100 * 32, seed: 7)
        var key = query
        key[70 * 32 + 3] = .nan
        let found = run(AttentionReference(shape: shape, queryRows: 0..<100, keyRows: 0..<100), query, key, query)
        #expect(found.output[(70 * 32)...].allSatisfy { $0.isNaN })
        #expect(found.output[..<(64 * 32)].allSatisfy { $0.isFinite })
    }
}
