import Glibc
import Kernels
import TestSupport
import Testing

@Suite struct AttentionBackwardTests {
    private struct Gradients {
        var query: [Float]
        var key: [Float]
        var value: [Float]
    }

    /// Forward of the kernels over all keys and backward over one part of the keys after the other, for all heads, of the weighted sum of outputs.
    private func run(
        _ reference: AttentionReference, parts: [Range<Int>]? = nil, _ query: [Float], _ key: [Float], _ value: [Float], _ weights: [Float]
    ) -> Gradients {
        // Queries, keys and values lie in one row, as the fused product leaves them.
        let shape = reference.shape
        let (queryWidth, keyWidth) = (shape.queryHeads * shape.headSize, shape.keyHeads * shape.headSize)
        let stride = queryWidth + 2 * keyWidth
        let rowCount = max(query.count / queryWidth, key.count / keyWidth)
        var packed = [Float](repeating: 0, count: rowCount * stride)
        for (part, width, first) in [(query, queryWidth, 0), (key, keyWidth, queryWidth), (value, keyWidth, queryWidth + keyWidth)] {
            for index in part.indices { packed[index / width * stride + first + index % width] = part[index] }
        }
        var gradient = [Float](repeating: .nan, count: packed.count)
        var output = [Float](repeating: 0, count: query.count)
        var logSums = [Float](repeating: 0, count: query.count / shape.headSize)
        let scratchCount = attentionScratchCount(shape: shape, queryCount: reference.queryRows.count, keyCount: reference.keyRows.count)
        var scratch = [Float](repeating: .nan, count: scratchCount)
        packed.withUnsafeBufferPointer { packed in
            gradient.withUnsafeMutableBufferPointer { gradient in
                guard let start = packed.baseAddress, let dStart = gradient.baseAddress else { return }
                for head in 0..<shape.queryHeads {
                    attentionForward(
                        output: &output, outputStride: queryWidth, logSumExp: &logSums, query: start, queryStride: stride, key: start + queryWidth,
                        keyStride: stride, value: start + queryWidth + keyWidth, valueStride: stride, shape: shape, queryRows: reference.queryRows,
                        keyRows: reference.keyRows, isCausal: reference.isCausal, adds: false, head: head, scratch: &scratch)
                }
                for (index, part) in (parts ?? [reference.keyRows]).enumerated() {
                    for index in scratch.indices { scratch[index] = .nan }
                    for keyHead in 0..<shape.keyHeads {
                        attentionBackward(
                            queryGradient: dStart, queryGradientStride: stride, keyGradient: dStart + queryWidth,
                            valueGradient: dStart + queryWidth + keyWidth, keyGradientStride: stride, outputGradient: weights, output: output,
                            outputStride: queryWidth, logSumExp: logSums, query: start, queryStride: stride, key: start + queryWidth,
                            value: start + queryWidth + keyWidth, keyStride: stride, shape: shape, queryRows: reference.queryRows, keyRows: part,
                            isCausal: reference.isCausal, adds: index > 0, keyHead: keyHead, scratch: &scratch)
                    }
                }
            }
        }
        func columns(_ first: Int, _ width: Int, _ rows: Range<Int>) -> [Float] {
            let others = (0..<rowCount).filter { !rows.contains($0) }
            #expect(others.allSatisfy { gradient[$0 * stride + first..<$0 * stride + first + width].allSatisfy(\.isNaN) }, "others' rows stay")
            return rows.flatMap { gradient[$0 * stride + first..<$0 * stride + first + width] }
        }
        return Gradients(
            query: columns(0, queryWidth, reference.queryRows), key: columns(queryWidth, keyWidth, reference.keyRows),
            value: columns(queryWidth + keyWidth, keyWidth, reference.keyRows))
    }

    /// The same by plain Double loops.
    private func wanted(
        _ reference: AttentionReference, _ query: [Double], _ key: [Double], _ value: [Double], _ weights: [Double]
    ) -> Gradients {
        let (shape, queryRows, keyRows) = (reference.shape, reference.queryRows, reference.keyRows)
        let (heads, size, scale) = (shape.queryHeads, shape.headSize, Double(shape.scale))
        let (queryWidth, keyWidth) = (heads * size, shape.keyHeads * size)
        let forward = reference.forward(query, key, value)
        var dQuery = [Double](repeating: 0, count: query.count)
        var (dKey, dValue) = ([Double](repeating: 0, count: key.count), [Double](repeating: 0, count: key.count))
        for head in 0..<heads {
            let keyColumn = head / (heads / shape.keyHeads) * size
            for (i, row) in queryRows.enumerated() {
                let q = row * queryWidth + head * size
                let delta = (q..<q + size).reduce(0) { $0 + weights[$1] * forward.output[$1] }
                for j in reference.isCausal ? keyRows.prefix(i + 1) : keyRows {
                    let k = j * keyWidth + keyColumn
                    let score = (0..<size).reduce(0) { $0 + query[q + $1] * key[k + $1] } * scale
                    let probability = exp(score - forward.logSumExp[row * heads + head])
                    let dScore = probability * ((0..<size).reduce(0) { $0 + weights[q + $1] * value[k + $1] } - delta) * scale
                    for d in 0..<size {
                        dQuery[q + d] += dScore * key[k + d]
                        dKey[k + d] += dScore * query[q + d]
                        dValue[k + d] += probability * weights[q + d]
                    }
                }
            }
        }
        func cut(_ values: [Double], _ width: Int, _ rows: Range<Int>) -> [Float] {
            Array(values[rows.lowerBound * width..<rows.upperBound * width]).floats
        }
        return Gradients(query: cut(dQuery, queryWidth, queryRows), key: cut(dKey, keyWidth, keyRows), value: cut(dValue, keyWidth, keyRows))
    }

    private func inputs(
        _ shape: AttentionShape, queries: Int, keys: Int
    ) -> (query: [Float], key: [Float], value: [Float], weights: [Float]) {
        let (queryWidth, keyWidth) = (shape.queryHeads * shape.headSize, shape.keyHeads * shape.headSize)
        return (
            randomFloats(queries * queryWidth, seed: 1), randomFloats(keys * keyWidth, seed: 2), randomFloats(keys * keyWidth, seed: 3),
            randomFloats(queries * queryWidth, seed: 4)
        )
    }

    private func check(_ reference: AttentionReference, parts: [Range<Int>]? = nil, absolute: Float = 2e-7) {
        let (query, key, value, weights) = inputs(
            reference.shape, queries: reference.queryRows.upperBound + 2, keys: reference.keyRows.upperBound + 2)
        let found = run(reference, parts: parts, query, key, value, weights)
        let wanted = wanted(reference, query.doubles, key.doubles, value.doubles, weights.doubles)
        expectClose(found.query, wanted.query, absolute: absolute, relative: 3e-6, "query gradient of \(reference)")
        expectClose(found.key, wanted.key, absolute: absolute, relative: 3e-6, "key gradient of \(reference)")
        expectClose(found.value, wanted.value, absolute: absolute, relative: 3e-6, "value gradient of \(reference)")
    }

    private func check(_ shape: AttentionShape, _ rows: Range<Int>) { check(AttentionReference(shape: shape, queryRows: rows, keyRows: rows)) }

    @Test("backward: agrees with Double loops at lengths around the block edges", arguments: [1, 7, 8, 33, 64, 65, 129])
    func lengths(count: Int) {
        let shape = AttentionShape(queryHeads: 2, keyHeads: 1, headSize: 32, scale: 0.2)
        check(shape, 0..<count)
        check(shape, 3..<(3 + count))
    }

    @Test("backward: head sizes that fill no vector, one tile or several", arguments: [1, 8, 20, 32, 72, 80, 128])
    func headSizes(size: Int) {
        check(AttentionShape(queryHeads: 2, keyHeads: 2, headSize: size, scale: 0.3), 0..<68)
    }

    @Test(
        "backward: without a mask, keys in one part or in several, whose query gradients add up",
        arguments: [(1, 1), (1, 131), (5, 3), (33, 64), (64, 1), (70, 131), (130, 65)])
    func unmasked(queries: Int, keys: Int) {
        let reference = AttentionReference(
            shape: AttentionShape(queryHeads: 2, keyHeads: 1, headSize: 20, scale: 0.3), queryRows: 2..<(2 + queries), keyRows: 1..<(1 + keys),
            isCausal: false)
        // The gradient of one key alone is zero: what is left of 128 products is their rounding.
        check(reference, absolute: 1e-6)
        let cuts = [1, 1 + keys / 3, 1 + keys / 2, 1 + keys]
        check(reference, parts: zip(cuts, cuts.dropFirst()).map { $0..<$1 }.filter { !$0.isEmpty }.reversed(), absolute: 1e-6)
    }

    @Test("backward: agrees with central differences of the Double forward")
    func differences() {
        let shape = AttentionShape(queryHeads: 2, keyHeads: 1, headSize: 4, scale: 0.5)
        let (query, key, value, weights) = inputs(shape, queries: 6, keys: 6)
        let double = AttentionReference(shape: shape, queryRows: 0..<6, keyRows: 0..<6)
        let found = run(double, query, key, value, weights)
        let (q, k, v, w) = (query.doubles, key.doubles, value.doubles, weights.doubles)
        expectClose(found.query, centralDifferences(q) { dot(double.forward($0, k, v).output, w) }.floats, relative: 1e-5, "query gradient")
        expectClose(found.key, centralDifferences(k) { dot(double.forward(q, $0, v).output, w) }.floats, relative: 1e-5, "key gradient")
        expectClose(found.value, centralDifferences(v) { dot(double.forward(q, k, $0).output, w) }.floats, relative: 1e-5, "value gradient")
    }
}
