import Kernels
import TestSupport
import Testing

@Suite struct WideProductTests {
    /// A product of a whole left operand by blocks, as a device with one thread would go about it.
    private static func product(
        _ output: UnsafeMutablePointer<Float>, _ outputStride: Int, _ left: UnsafePointer<Float>, _ leftStride: Int, transposesLeft: Bool,
        _ right: UnsafePointer<Float>, _ rightStride: Int, transposesRight: Bool, m: Int, n: Int, k: Int, alpha: Float, adds: Bool, rowsAtATime: Int
    ) {
        let blocks = WideBlocks(n: n, k: k)
        let packed = UnsafeMutablePointer<Float>.allocate(capacity: WideBlocks.rightCount + WideBlocks.leftCount)
        defer { packed.deallocate() }
        packed.initialize(repeating: .nan, count: WideBlocks.rightCount + WideBlocks.leftCount)
        for c in stride(from: 0, to: n, by: blocks.columns) {
            let columns = min(blocks.columns, n - c)
            for d in stride(from: 0, to: k, by: blocks.depth) {
                let depth = min(blocks.depth, k - d)
                for panel in stride(from: 0, to: columns, by: wideTileColumns) {
                    packWidePanel(
                        packed + WideBlocks.panelOffset(panel, depth: depth),
                        right + (transposesRight ? (c + panel) * rightStride + d : d * rightStride + c + panel), stride: rightStride,
                        transposed: transposesRight, depth: depth, columns: min(wideTileColumns, columns - panel), factor: alpha)
                }
                for row in stride(from: 0, to: m, by: rowsAtATime) {
                    let rows = WideRows(
                        left: left + (transposesLeft ? d * leftStride + row : row * leftStride + d), stride: leftStride, transposed: transposesLeft,
                        count: min(rowsAtATime, m - row))
                    wideProduct(
                        output: output + row * outputStride + c, outputStride: outputStride, rows: rows, packed: packed, columns: columns,
                        depth: depth, adds: adds || d > 0, scratch: packed + WideBlocks.rightCount)
                }
            }
        }
    }

    struct Shape: CustomTestStringConvertible {
        var m, n, k: Int
        var testDescription: String { "[\(m), \(k)] · [\(k), \(n)]" }
    }

    private static let shapes = [
        Shape(m: 9, n: 48, k: 4), Shape(m: 144, n: 96, k: 576), Shape(m: 65, n: 49, k: 33), Shape(m: 3, n: 5, k: 7), Shape(m: 150, n: 47, k: 641),
        Shape(m: 10, n: 2100, k: 601), Shape(m: 16, n: 64, k: 1300), Shape(m: 1, n: 1, k: 1),
    ]

    @Test(
        "wideProduct: agrees with a Double loop for whole and part tiles and several blocks, scaled, added, and with gaps between rows, and writes nothing else",
        arguments: shapes, [(false, false), (false, true), (true, false), (true, true)])
    func agrees(shape: Shape, transposes: (left: Bool, right: Bool)) {
        let (m, n, k, gap) = (shape.m, shape.n, shape.k, 3)
        let (leftStride, rightStride) = ((transposes.left ? m : k) + gap, (transposes.right ? k : n) + gap)
        let left = randomFloats((transposes.left ? k : m) * leftStride, seed: 1)
        let right = randomFloats((transposes.right ? n : k) * rightStride, seed: 2)
        let before = randomFloats(m * (n + gap), seed: 3)
        for adds in [false, true] {
            var output = before
            Self.product(
                &output, n + gap, left, leftStride, transposesLeft: transposes.left, right, rightStride, transposesRight: transposes.right, m: m,
                n: n, k: k, alpha: 1.5, adds: adds, rowsAtATime: 144)
            var wanted = before
            for row in 0..<m {
                for column in 0..<n {
                    var sum = adds ? Double(before[row * (n + gap) + column]) : 0
                    for d in 0..<k {
                        let a = transposes.left ? left[d * leftStride + row] : left[row * leftStride + d]
                        let b = transposes.right ? right[column * rightStride + d] : right[d * rightStride + column]
                        sum += 1.5 * Double(a) * Double(b)
                    }
                    wanted[row * (n + gap) + column] = Float(sum)
                }
            }
            // Sums of k terms of size 1 in float32 are off by about 1e-7 times the root of k, times the sum's size.
            expectClose(output, wanted, relative: 2e-5, "output")
        }
    }

    @Test("wideProduct: no row depends on how rows are handed out", arguments: [false, true])
    func rows(transposesLeft: Bool) {
        let (m, n, k) = (200, 100, 700)
        let (left, right) = (randomFloats(m * k, seed: 4), randomFloats(n * k, seed: 5))
        var outputs: [[Float]] = []
        for rowsAtATime in [144, 9, 45] {
            var output = [Float](repeating: 0, count: m * n)
            Self.product(
                &output, n, left, transposesLeft ? m : k, transposesLeft: transposesLeft, right, k, transposesRight: true, m: m, n: n, k: k,
                alpha: 1, adds: false, rowsAtATime: rowsAtATime)
            outputs.append(output)
        }
        #expect(outputs[1] == outputs[0])
        #expect(outputs[2] == outputs[0])
    }
}
