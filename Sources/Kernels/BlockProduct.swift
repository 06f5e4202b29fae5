/// The register tile of `blockProduct`: 8 rows of 32 columns are 16 accumulators, which with two vectors of `right` and a broadcast value
/// leave AVX-512's 32 registers room, and are more than the 8 that two multipliers of latency 4 need.
let tileRows = 8
let tileColumns = 2 * vectorLanes

/// A small matrix that a block product reads by single values: element (row, depth) lies at `row * rowStride + depth * depthStride`,
/// so a transposed one costs nothing.
struct BlockOperand {
    let values: UnsafePointer<Float>
    let rowStride: Int
    let depthStride: Int

    /// Stored with its rows one after another.
    static func rows(_ values: UnsafeMutablePointer<Float>, _ stride: Int) -> BlockOperand {
        BlockOperand(values: UnsafePointer(values), rowStride: stride, depthStride: 1)
    }

    /// Stored with its columns one after another.
    static func columns(_ values: UnsafeMutablePointer<Float>, _ stride: Int) -> BlockOperand {
        BlockOperand(values: UnsafePointer(values), rowStride: 1, depthStride: stride)
    }
}

/// One tile of a matrix product: 8 rows and 32 columns of `output = left * right`, or `output += left * right` if `adds`.
///
///     output[r, n] = sum over k in depth of left[r, k] * right[k, n]
///
/// Sums run in Float, in the order of k.
///
/// - Parameters:
///   - output: Written or added to, rows `outputStride` apart.
///   - left: Read, from the tile's first row on.
///   - right: Read, `[depth, 32]`, rows `rightStride` apart.
///   - depth: The values of k to sum over.
@inline(never)
func tileProduct(
    _ output: UnsafeMutablePointer<Float>, _ outputStride: Int, _ left: BlockOperand, _ right: UnsafePointer<Float>, _ rightStride: Int,
    depth: Range<Int>, adds: Bool
) {
    var sums = InlineArray<8, (Vector, Vector)>(repeating: (Vector(repeating: 0), Vector(repeating: 0)))
    if adds {
        for row in 0..<tileRows {
            sums[row] = (output.vector(row * outputStride), output.vector(row * outputStride + vectorLanes))
        }
    }
    var a = left.values + depth.lowerBound * left.depthStride
    var b = right + depth.lowerBound * rightStride
    for _ in depth {
        let b0 = b.vector(0)
        let b1 = b.vector(vectorLanes)
        for row in 0..<tileRows {
            let value = Vector(repeating: a[row * left.rowStride])
            sums[row].0 = sums[row].0.addingProduct(value, b0)
            sums[row].1 = sums[row].1.addingProduct(value, b1)
        }
        a += left.depthStride
        b += rightStride
    }
    for row in 0..<tileRows {
        output.store(sums[row].0, row * outputStride)
        output.store(sums[row].1, row * outputStride + vectorLanes)
    }
}

// MARK: Packing

/// Copies rows next to each other, `width` values each, and fills up with zeros to `paddedWidth` columns and `paddedRows` rows.
func packRows(
    _ output: UnsafeMutablePointer<Float>, _ input: UnsafePointer<Float>, stride: Int, rows: Int, width: Int, paddedRows: Int, paddedWidth: Int
) {
    for row in 0..<rows {
        let target = output + row * paddedWidth
        target.update(from: input + row * stride, count: width)
        for index in width..<paddedWidth { target[index] = 0 }
    }
    (output + rows * paddedWidth).update(repeating: 0, count: (paddedRows - rows) * paddedWidth)
}

/// Copies up to `panelWidth` (16 or 32) rows as the columns of a panel, times `factor`:
/// `output[d * panelWidth + r] = factor * input[r * stride + d]` for d < width, zero for r from `rows` on.
func packColumns(
    _ output: UnsafeMutablePointer<Float>, _ input: UnsafePointer<Float>, stride: Int, rows: Int, width: Int, factor: Float,
    panelWidth: Int = tileColumns
) {
    for first in Swift.stride(from: 0, to: panelWidth, by: vectorLanes) {
        forEachVector(0..<width) { d, lanes in
            var square = InlineArray<16, Vector>(repeating: Vector(repeating: 0))
            for row in 0..<max(0, min(vectorLanes, rows - first)) {
                square[row] = (input + (first + row) * stride).vector(d, lanes) * factor
            }
            transpose(&square)
            for lane in 0..<lanes { output.store(square[lane], (d + lane) * panelWidth + first) }
        }
    }
}

/// Swaps rows and columns of 16 rows of 16 values.
///
/// Zipping rows i and i + 8 turns the 8 bits of (row, column) by one place; four times swap row and column.
@inline(__always)
func transpose(_ square: inout InlineArray<16, Vector>) {
    for _ in 0..<4 {
        let before = square
        for i in 0..<8 { (square[2 * i], square[2 * i + 1]) = zipped(before[i], before[i + 8]) }
    }
}
