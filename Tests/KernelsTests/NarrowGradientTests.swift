import Kernels
import TestSupport
import Testing

@Suite struct NarrowGradientTests {
    struct Shape: CustomTestStringConvertible {
        var rows, columns, depth: Int
        var testDescription: String { "[\(depth), \(rows)]ᵀ · [\(depth), \(columns)]" }
    }

    private static let shapes = [
        Shape(rows: 16, columns: 70, depth: 300), Shape(rows: 8, columns: 1100, depth: 9), Shape(rows: 7, columns: 33, depth: 5),
        Shape(rows: 64, columns: 64, depth: 17), Shape(rows: 1, columns: 1, depth: 1),
    ]

    @Test(
        "narrowGradient: agrees with a Double loop for whole and part tiles and several blocks, either way round, added, and with gaps between rows, and writes nothing else",
        arguments: shapes, [false, true])
    func agrees(shape: Shape, transposesOutput: Bool) {
        let (m, n, k, gap) = (shape.rows, shape.columns, shape.depth, 3)
        let (narrow, wide) = (randomFloats(k * (m + gap), seed: 1), randomFloats(k * (n + gap), seed: 2))
        let outputStride = (transposesOutput ? m : n) + gap
        let before = randomFloats((transposesOutput ? n : m) * outputStride, seed: 3)
        for adds in [false, true] {
            var output = before
            narrowGradient(
                output: &output, outputStride: outputStride, transposesOutput: transposesOutput, narrow: narrow, narrowStride: m + gap, wide: wide,
                wideStride: n + gap, rows: m, columns: n, depth: k, factor: 1.5, adds: adds)
            var wanted = before
            for row in 0..<m {
                for column in 0..<n {
                    let place = transposesOutput ? column * outputStride + row : row * outputStride + column
                    var sum = adds ? Double(before[place]) : 0
                    for t in 0..<k { sum += 1.5 * Double(narrow[t * (m + gap) + row]) * Double(wide[t * (n + gap) + column]) }
                    wanted[place] = Float(sum)
                }
            }
            // Sums of up to 300 terms of size 1 in float32.
            expectClose(output, wanted, relative: 2e-5, "output")
        }
    }

    @Test("narrowGradient: no column depends on how columns are handed out")
    func columns() {
        let (m, n, k) = (16, 200, 600)
        let (narrow, wide) = (randomFloats(m * k, seed: 4), randomFloats(n * k, seed: 5))
        var (whole, parts) = ([Float](repeating: 0, count: m * n), [Float](repeating: 0, count: m * n))
        func compute(_ output: inout [Float], _ columns: Range<Int>) {
            let first = columns.lowerBound
            output.withUnsafeMutableBufferPointer { output in
                wide.withUnsafeBufferPointer { wide in
                    guard let output = output.baseAddress, let wide = wide.baseAddress else { return }
                    narrowGradient(
                        output: output + first, outputStride: n, transposesOutput: false, narrow: narrow, narrowStride: m, wide: wide + first,
                        wideStride: n, rows: m, columns: columns.count, depth: k, factor: 1, adds: false)
                }
            }
        }
        compute(&whole, 0..<n)
        for first in [0, 96] { compute(&parts, first..<(first == 0 ? 96 : n)) }
        #expect(parts == whole)
    }
}
