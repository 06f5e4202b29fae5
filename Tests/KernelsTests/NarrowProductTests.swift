import Kernels
import TestSupport
import Testing

@Suite struct NarrowProductTests {
    /// A product's shape: `m` rows, `n` columns, sums over `k`.
    struct Shape: CustomTestStringConvertible {
        var m, n, k: Int
        var testDescription: String { "[\(m), \(k)] · [\(k), \(n)]" }
    }

    private static let shapes = [
        Shape(m: 64, n: 16, k: 576), Shape(m: 65, n: 48, k: 33), Shape(m: 16, n: 1537, k: 16), Shape(m: 3, n: 5, k: 7),
        Shape(m: 24, n: 7000, k: 17), Shape(m: 9, n: 16, k: 5000), Shape(m: 8, n: 33, k: 1),
    ]

    @Test(
        "narrowProduct: agrees with a Double loop for whole and part tiles and for several blocks, scaled, added, and with gaps between rows",
        arguments: shapes, [false, true])
    func agrees(shape: Shape, transposesRight: Bool) {
        let (m, n, k, gap) = (shape.m, shape.n, shape.k, 3)
        let left = randomFloats(m * (k + gap), seed: 1)
        let right = randomFloats(max(n, k) * (max(n, k) + gap), seed: 2)
        let rightStride = (transposesRight ? k : n) + gap
        let before = randomFloats(m * (n + gap), seed: 3)
        for adds in [false, true] {
            var output = before
            narrowProduct(
                output: &output, outputStride: n + gap, left: left, leftStride: k + gap, right: right, rightStride: rightStride,
                transposesRight: transposesRight, m: m, n: n, k: k, alpha: 1.5, adds: adds)
            var wanted = before
            for row in 0..<m {
                for column in 0..<n {
                    var sum = adds ? Double(before[row * (n + gap) + column]) : 0
                    for d in 0..<k {
                        let value = transposesRight ? right[column * rightStride + d] : right[d * rightStride + column]
                        sum += 1.5 * Double(left[row * (k + gap) + d]) * Double(value)
                    }
                    wanted[row * (n + gap) + column] = Float(sum)
                }
            }
            // Sums of k terms of size 1 in float32 are off by about 1e-7 times the root of k, times the sum's size.
            expectClose(output, wanted, relative: 2e-5, "output")
        }
    }

    @Test("narrowProduct: no row depends on how many others there are")
    func rows() {
        let (m, n, k) = (40, 48, 700)
        let (left, right) = (randomFloats(m * k, seed: 4), randomFloats(n * k, seed: 5))
        var (whole, part) = ([Float](repeating: 0, count: m * n), [Float](repeating: 0, count: 13 * n))
        narrowProduct(
            output: &whole, outputStride: n, left: left, leftStride: k, right: right, rightStride: k, transposesRight: true, m: m, n: n, k: k,
            alpha: 1, adds: false)
        narrowProduct(
            output: &part, outputStride: n, left: left, leftStride: k, right: right, rightStride: k, transposesRight: true, m: 13, n: n, k: k,
            alpha: 1, adds: false)
        #expect(part == Array(whole[..<(13 * n)]))
    }
}
