/// Up to this many rows or columns of the right operand `narrowProduct` is faster than `sgemm`.
public let narrowProductLimit = 64

/// A float32 matrix product with a right operand that is narrow one way, as low-rank adapters have them: `output = alpha * left * op(right)`,
/// or added to `output` if `adds`.
///
/// All matrices are row-major; `op` transposes where asked. `output` is `[m, n]`, `left` `[m, k]`, `op(right)` `[k, n]`; strides count
/// elements from one row as stored to the next. `sgemm` packs both operands whole whatever it then computes with them, and falls to a third of
/// its speed where a dimension is 16; here the right one is packed in blocks that stay in the second-level cache, the left one is read in
/// place, and the output is visited once for each block. Sums run in float32 in the order of k, so no result depends on `m`.
///
/// - Parameters:
///   - output: Written, or added to. Overlaps no operand.
///   - alpha: Multiplies `right` while that is packed.
public func narrowProduct(
    output: UnsafeMutablePointer<Float>, outputStride: Int, left: UnsafePointer<Float>, leftStride: Int, right: UnsafePointer<Float>,
    rightStride: Int, transposesRight: Bool, m: Int, n: Int, k: Int, alpha: Float, adds: Bool
) {
    guard m > 0, n > 0 else { return }
    let width = roundedUp(n, vectorLanes)
    let depth = min(max(k, 1), max(16, packedCount / min(width, packedCount / 16) / 8 * 8))
    let columns = min(width, max(tileColumns, packedCount / depth / tileColumns * tileColumns))
    withUnsafeTemporaryAllocation(of: Float.self, capacity: depth * roundedUp(columns, tileColumns) + tileRows * (depth + tileColumns)) { scratch in
        guard let packed = scratch.baseAddress else { return }
        let edge = NarrowEdge(left: packed + depth * roundedUp(columns, tileColumns), depth: depth)
        for firstColumn in stride(from: 0, to: n, by: columns) {
            let columnCount = min(columns, n - firstColumn)
            for firstDepth in stride(from: 0, to: max(k, 1), by: depth) {
                let depthCount = min(depth, k - firstDepth)
                let block = transposesRight ? right + firstColumn * rightStride + firstDepth : right + firstDepth * rightStride + firstColumn
                packPanels(packed, block, stride: rightStride, transposed: transposesRight, depth: depthCount, columns: columnCount, factor: alpha)
                let part = BlockOperand(values: left + firstDepth, rowStride: leftStride, depthStride: 1)
                multiply(
                    output + firstColumn, outputStride, part, packed, rows: m, columns: columnCount, depth: depthCount,
                    adds: adds || firstDepth > 0, edge)
            }
        }
    }
}

/// Floats of a packed block of the right operand: a quarter of a mebibyte, which a second-level cache holds beside all else.
private let packedCount = 1 << 16

private func roundedUp(_ count: Int, _ unit: Int) -> Int { (count + unit - 1) / unit * unit }

/// Room for a last tile that is not whole: rows of the left operand filled up with zeros, and a tile of output.
private struct NarrowEdge {
    let left: UnsafeMutablePointer<Float>
    let depth: Int

    var output: UnsafeMutablePointer<Float> { left + tileRows * depth }

    /// Copies `rows` rows and fills up to whole tiles with zeros.
    func fill(_ operand: BlockOperand, rows: Int, depth count: Int) -> BlockOperand {
        for row in 0..<tileRows {
            for d in 0..<count {
                left[row * depth + d] = row < rows ? operand.values[row * operand.rowStride + d * operand.depthStride] : 0
            }
        }
        return .rows(left, depth)
    }
}

/// Packs `[depth, columns]` as panels of 32 columns, each `[depth, 32]`; a last panel of at most 16 columns is `[depth, 16]`. Missing columns
/// are zero.
private func packPanels(
    _ packed: UnsafeMutablePointer<Float>, _ block: UnsafePointer<Float>, stride: Int, transposed: Bool, depth: Int, columns: Int, factor: Float
) {
    for first in Swift.stride(from: 0, to: columns, by: tileColumns) {
        let panel = packed + first * depth
        let count = min(tileColumns, columns - first)
        let width = count > vectorLanes ? tileColumns : vectorLanes
        if transposed {
            packColumns(panel, block + first * stride, stride: stride, rows: count, width: depth, factor: factor, panelWidth: width)
            continue
        }
        for row in 0..<depth {
            let source = block + row * stride + first
            for lane in Swift.stride(from: 0, to: width, by: vectorLanes) {
                panel.store(source.vector(lane, max(0, min(vectorLanes, count - lane))) * factor, row * width + lane)
            }
        }
    }
}

/// All tiles of `output [rows, columns]` from one packed block.
private func multiply(
    _ output: UnsafeMutablePointer<Float>, _ outputStride: Int, _ left: BlockOperand, _ packed: UnsafePointer<Float>, rows: Int, columns: Int,
    depth: Int, adds: Bool, _ edge: NarrowEdge
) {
    for row in stride(from: 0, to: rows, by: tileRows) {
        let rowCount = min(tileRows, rows - row)
        let start = BlockOperand(values: left.values + row * left.rowStride, rowStride: left.rowStride, depthStride: left.depthStride)
        let operand = rowCount == tileRows ? start : edge.fill(start, rows: rowCount, depth: depth)
        for column in stride(from: 0, to: columns, by: tileColumns) {
            let columnCount = min(tileColumns, columns - column)
            let panel = packed + column * depth
            let target = output + row * outputStride + column
            if rowCount == tileRows, columnCount == tileColumns {
                tileProduct(target, outputStride, operand, panel, tileColumns, depth: 0..<depth, adds: adds)
            } else if rowCount == tileRows, columnCount == vectorLanes {
                halfTileProduct(target, outputStride, operand, panel, depth: depth, adds: adds)
            } else {
                partTile(target, outputStride, operand, panel, rows: rowCount, columns: columnCount, depth: depth, adds: adds, edge.output)
            }
        }
    }
}

/// A tile of which only `rows` and `columns` exist: made whole aside and copied.
private func partTile(
    _ output: UnsafeMutablePointer<Float>, _ outputStride: Int, _ left: BlockOperand, _ panel: UnsafePointer<Float>, rows: Int, columns: Int,
    depth: Int, adds: Bool, _ whole: UnsafeMutablePointer<Float>
) {
    let width = columns > vectorLanes ? tileColumns : vectorLanes
    if width == tileColumns {
        tileProduct(whole, width, left, panel, width, depth: 0..<depth, adds: false)
    } else {
        halfTileProduct(whole, width, left, panel, depth: depth, adds: false)
    }
    for row in 0..<rows {
        let target = output + row * outputStride
        for column in 0..<columns { target[column] = (adds ? target[column] : 0) + whole[row * width + column] }
    }
}

/// `tileProduct` of 16 columns; `right` is `[depth, 16]` without gaps.
@inline(never)
private func halfTileProduct(
    _ output: UnsafeMutablePointer<Float>, _ outputStride: Int, _ left: BlockOperand, _ right: UnsafePointer<Float>, depth: Int, adds: Bool
) {
    var sums = InlineArray<8, Vector>(repeating: Vector(repeating: 0))
    if adds {
        for row in 0..<tileRows { sums[row] = output.vector(row * outputStride) }
    }
    var a = left.values
    var b = right
    for _ in 0..<depth {
        let b0 = b.vector(0)
        for row in 0..<tileRows { sums[row] = sums[row].addingProduct(Vector(repeating: a[row * left.rowStride]), b0) }
        a += left.depthStride
        b += vectorLanes
    }
    for row in 0..<tileRows { output.store(sums[row], row * outputStride) }
}
