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

    /// Forward and backward of the kernels for all heads, of the weighted sum of outputs.
    private func run(_ shape: AttentionShape, _ rows: Range<Int>, _ query: [Float], _ key: [Float], _ value: [Float], _ weights: [Float]) -> Gradients
    {
        // Queries, keys and values lie in one row, as the fused product leaves them.
        let (queryWidth, keyWidth) = (shape.queryHeads * shape.headSize, shape.keyHeads * shape.headSize)
        let stride = queryWidth + 2 * keyWidth
        let rowCount = query.count / queryWidth
        var packed = [Float]()
        for row in 0..<rowCount {
            for (part, width) in [(query, queryWidth), (key, keyWidth), (value, keyWidth)] { packed += part[row * width..<(row + 1) * width] }
        }
        var gradient = [Float](repeating: .nan, count: packed.count)
        var output = [Float](repeating: 0, count: query.count)
        var logSums = [Float](repeating: 0, count: rowCount * shape.queryHeads)
        var scratch = [Float](repeating: .nan, count: attentionScratchCount(shape: shape, queryCount: rows.count, keyCount: rows.count))
        packed.withUnsafeBufferPointer { packed in
            gradient.withUnsafeMutableBufferPointer { gradient in
                guard let start = packed.baseAddress, let dStart = gradient.baseAddress else { return }
                for head in 0..<shape.queryHeads {
                    attentionForward(
                        output: &output, outputStride: queryWidth, logSumExp: &logSums, query: start, queryStride: stride, key: start + queryWidth,
                        keyStride: stride, value: start + queryWidth + keyWidth, valueStride: stride, shape: shape, queryRows: rows, keyRows: rows,
                        head: head, scratch: &scratch)
                }
                for index in scratch.indices { scratch[index] = .nan }
                for keyHead in 0..<shape.keyHeads {
                    attentionBackward(
                        queryGradient: dStart, keyGradient: dStart + queryWidth, valueGradient: dStart + queryWidth + keyWidth,
                        gradientStride: stride, outputGradient: weights, output: output, outputStride: queryWidth, logSumExp: logSums, query: start,
                        key: start + queryWidth, value: start + queryWidth + keyWidth, stride: stride, shape: shape, rows: rows, keyHead: keyHead,
                        scratch: &scratch)
                }
            }
        }
        func columns(_ first: Int, _ width: Int) -> [Float] {
            rows.flatMap { row in
                let start = row * stride + first
                return gradient[start..<start + width]
            }
        }
        let inside = rows.lowerBound * stride..<rows.upperBound * stride
        #expect(gradient.indices.allSatisfy { inside.contains($0) || gradient[$0].isNaN }, "rows of other sequences are left alone")
        return Gradients(query: columns(0, queryWidth), key: columns(queryWidth, keyWidth), value: columns(queryWidth + keyWidth, keyWidth))
    }

    /// The same by plain Double loops.
    private func reference(_ shape: AttentionShape, _ rows: Range<Int>, _ query: [Double], _ key: [Double], _ value: [Double], _ weights: [Double])
        -> Gradients
    {
        let (heads, size, scale) = (shape.queryHeads, shape.headSize, Double(shape.scale))
        let (queryWidth, keyWidth) = (heads * size, shape.keyHeads * size)
        let forward = AttentionReference(shape: shape, queryRows: rows, keyRows: rows).forward(query, key, value)
        var dQuery = [Double](repeating: 0, count: query.count)
        var (dKey, dValue) = ([Double](repeating: 0, count: key.count), [Double](repeating: 0, count: key.count))
        for head in 0..<heads {
            let keyColumn = head / (heads / shape.keyHeads) * size
            for row in rows {
                let q = row * queryWidth + head * size
                let delta = (q..<q + size).reduce(0) { $0 + weights[$1] * forward.output[$1] }
                for j in rows where j <= row {
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
        func cut(_ values: [Double], _ width: Int) -> [Float] { Array(values[rows.lowerBound * width..<rows.upperBound * width]).floats }
        return Gradients(query: cut(dQuery, queryWidth), key: cut(dKey, keyWidth), value: cut(dValue, keyWidth))
    }

    private func inputs(_ shape: AttentionShape, _ rowCount: Int) -> (query: [Float], key: [Float], value: [Float], weights: [Float]) {
        let (queryWidth, keyWidth) = (shape.queryHeads * shape.headSize, shape.keyHeads * shape.headSize)
        return (
            randomFloats(rowCount * queryWidth, seed: 1), randomFloats(rowCount * keyWidth, seed: 2), randomFloats(rowCount * keyWidth, seed: 3),
            randomFloats(rowCount * queryWidth, seed: 4)
        )
    }

    private func check(_ shape: AttentionShape, _ rows: Range<Int>) {
        let (query, key, value, weights) = inputs(shape, rows.upperBound + 2)
        let found = run(shape, rows, query, key, value, weights)
        let wanted = reference(shape, rows, query.doubles, key.doubles, value.doubles, weights.doubles)
        expectClose(found.query, wanted.query, absolute: 2e-7, relative: 3e-6, "query gradient of \(rows)")
        expectClose(found.key, wanted.key, absolute: 2e-7, relative: 3e-6, "key gradient of \(rows)")
        expectClose(found.value, wanted.value, absolute: 2e-7, relative: 3e-6, "value gradient of \(rows)")
    }

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

    @Test("backward: agrees with central differences of the Double forward")
    func differences() {
        let shape = AttentionShape(queryHeads: 2, keyHeads: 1, headSize: 4, scale: 0.5)
        let rows = 0..<6
        let (query, key, value, weights) = inputs(shape, 6)
        let double = AttentionReference(shape: shape, queryRows: rows, keyRows: rows)
        let found = run(shape, rows, query, key, value, weights)
        let (q, k, v, w) = (query.doubles, key.doubles, value.doubles, weights.doubles)
        expectClose(found.query, centralDifferences(q) { dot(double.forward($0, k, v).output, w) }.floats, relative: 1e-5, "query gradient")
        expectClose(found.key, centralDifferences(k) { dot(double.forward(q, $0, v).output, w) }.floats, relative: 1e-5, "key gradient")
        expectClose(found.value, centralDifferences(v) { dot(double.forward(q, k, $0).output, w) }.floats, relative: 1e-5, "value gradient")
    }
}
