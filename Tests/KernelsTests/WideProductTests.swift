import Kernels
import TestSupport
import Testing

@Suite struct WideProductTests {
    /// An operand and how it is stored.
    struct Operand {
        let values: [Float]
        let stride: Int
        let transposed: Bool

        subscript(row: Int, column: Int) -> Float { transposed ? values[column * stride + row] : values[row * stride + column] }
        func place(_ row: Int, _ column: Int) -> Int { transposed ? column * stride + row : row * stride + column }
    }

    /// A product of a whole left operand by blocks, as a device with one thread would go about it; the addition goes with the last block.
    private static func product(
        _ output: inout [Float], _ outputStride: Int, _ left: Operand, _ right: Operand, addition: (left: Operand, right: Operand, depth: Int)? = nil,
        m: Int, n: Int, k: Int, alpha: Float, adds: Bool, rowsAtATime: Int
    ) {
        let blocks = WideBlocks(n: n, k: k)
        let packed = UnsafeMutablePointer<Float>.allocate(capacity: WideBlocks.rightCount + WideBlocks.leftCount)
        defer { packed.deallocate() }
        packed.initialize(repeating: .nan, count: WideBlocks.rightCount + WideBlocks.leftCount)
        func pack(_ place: UnsafeMutablePointer<Float>, _ right: Operand, _ depths: Range<Int>, column: Int, columns: Int) {
            right.values.withUnsafeBufferPointer { values in
                guard let start = values.baseAddress else { return }
                packWidePanel(
                    place, start + right.place(depths.lowerBound, column), stride: right.stride, transposed: right.transposed, depth: depths.count,
                    columns: columns, factor: alpha)
            }
        }
        func rows(_ operand: Operand, _ start: UnsafePointer<Float>, from row: Int, _ depths: Range<Int>) -> WideRows {
            WideRows(
                left: start + operand.place(row, depths.lowerBound), stride: operand.stride, transposed: operand.transposed, depth: depths.count)
        }
        for c in stride(from: 0, to: n, by: blocks.columns) {
            let columns = min(blocks.columns, n - c)
            for d in stride(from: 0, to: k, by: blocks.depth) {
                let depths = d..<min(d + blocks.depth, k)
                let addition = depths.upperBound == k ? addition : nil
                for panel in stride(from: 0, to: columns, by: wideTileColumns) {
                    let place = packed + panel * (depths.count + (addition?.depth ?? 0))
                    let width = min(wideTileColumns, columns - panel)
                    pack(place, right, depths, column: c + panel, columns: width)
                    if let addition {
                        pack(place + depths.count * wideTileColumns, addition.right, 0..<addition.depth, column: c + panel, columns: width)
                    }
                }
                for row in stride(from: 0, to: m, by: rowsAtATime) {
                    left.values.withUnsafeBufferPointer { leftValues in
                        (addition?.left.values ?? []).withUnsafeBufferPointer { addedValues in
                            output.withUnsafeMutableBufferPointer { target in
                                guard let target = target.baseAddress, let leftStart = leftValues.baseAddress else { return }
                                let added = addition.flatMap { addition in
                                    addedValues.baseAddress.map { rows(addition.left, $0, from: row, 0..<addition.depth) }
                                }
                                wideProduct(
                                    output: target + row * outputStride + c, outputStride: outputStride, rowCount: min(rowsAtATime, m - row),
                                    left: rows(left, leftStart, from: row, depths), addition: added, packed: packed, columns: columns,
                                    adds: adds || d > 0, scratch: packed + WideBlocks.rightCount)
                            }
                        }
                    }
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
        "wideProduct: agrees with a Double loop for whole and part tiles and several blocks, scaled, added, with an addition, and with gaps between rows, and writes nothing else",
        arguments: shapes, [(false, false), (false, true), (true, false), (true, true)])
    func agrees(shape: Shape, transposes: (left: Bool, right: Bool)) {
        let (m, n, k, gap) = (shape.m, shape.n, shape.k, 3)
        let (leftStride, rightStride) = ((transposes.left ? m : k) + gap, (transposes.right ? k : n) + gap)
        let left = Operand(
            values: randomFloats((transposes.left ? k : m) * leftStride, seed: 1), stride: leftStride, transposed: transposes.left)
        let right = Operand(
            values: randomFloats((transposes.right ? n : k) * rightStride, seed: 2), stride: rightStride, transposed: transposes.right)
        let before = randomFloats(m * (n + gap), seed: 3)
        for (adds, extra) in [(false, 0), (true, 0), (false, 5), (true, 16)] where extra == 0 || !transposes.left {
            let addedLeft = Operand(values: randomFloats(m * (extra + gap), seed: 6), stride: extra + gap, transposed: false)
            let addedStride = (transposes.right ? extra : n) + gap
            let addedRight = Operand(
                values: randomFloats((transposes.right ? n : extra) * addedStride + n, seed: 7), stride: addedStride, transposed: transposes.right)
            var output = before
            Self.product(
                &output, n + gap, left, right, addition: extra > 0 ? (addedLeft, addedRight, extra) : nil, m: m, n: n, k: k, alpha: 1.5, adds: adds,
                rowsAtATime: 144)
            var wanted = before
            for row in 0..<m {
                for column in 0..<n {
                    var sum = adds ? Double(before[row * (n + gap) + column]) : 0
                    for d in 0..<k { sum += 1.5 * Double(left[row, d]) * Double(right[d, column]) }
                    for d in 0..<extra { sum += 1.5 * Double(addedLeft[row, d]) * Double(addedRight[d, column]) }
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
        let left = Operand(values: randomFloats(m * k, seed: 4), stride: transposesLeft ? m : k, transposed: transposesLeft)
        let right = Operand(values: randomFloats(n * k, seed: 5), stride: k, transposed: true)
        var outputs: [[Float]] = []
        for rowsAtATime in [144, 9, 45] {
            var output = [Float](repeating: 0, count: m * n)
            Self.product(&output, n, left, right, m: m, n: n, k: k, alpha: 1, adds: false, rowsAtATime: rowsAtATime)
            outputs.append(output)
        }
        #expect(outputs[1] == outputs[0])
        #expect(outputs[2] == outputs[0])
    }
}
