/// Sums over many rows of products of a narrow matrix with a wide one, as the gradients of low-rank adapters are:
/// `output = factor * narrowᵀ * wide`, or added to `output` if `adds`.
///
///     output[r, c] += factor * sum over t of narrow[t, r] * wide[t, c]
///
/// The wide matrix is read once, in place, where `sgemm` packs all of it for little work. Sums run in float32 in the order of t, so no result
/// depends on how columns are handed to threads.
///
/// - Parameters:
///   - output: Written, or added to: `[rows, columns]`, or `[columns, rows]` if `transposesOutput`. Overlaps no operand.
///   - narrow: Read, `[depth, rows]`; at most `narrowProductLimit` rows.
///   - wide: Read, `[depth, columns]`.
public func narrowGradient(
    output: UnsafeMutablePointer<Float>, outputStride: Int, transposesOutput: Bool, narrow: UnsafePointer<Float>, narrowStride: Int,
    wide: UnsafePointer<Float>, wideStride: Int, rows: Int, columns: Int, depth: Int, factor: Float, adds: Bool
) {
    let height = (rows + tileRows - 1) / tileRows * tileRows
    withUnsafeTemporaryAllocation(of: Float.self, capacity: (blockColumns + blockDepth) * height + blockDepth * tileColumns) { scratch in
        guard let sums = scratch.baseAddress else { return }
        let packed = sums + blockColumns * height
        let edge = packed + blockDepth * height
        for firstColumn in stride(from: 0, to: columns, by: blockColumns) {
            let columnCount = min(blockColumns, columns - firstColumn)
            for firstDepth in stride(from: 0, to: max(depth, 1), by: blockDepth) {
                let depthCount = min(blockDepth, depth - firstDepth)
                packNarrow(packed, narrow + firstDepth * narrowStride, narrowStride, rows: rows, height: height, depth: depthCount, factor: factor)
                let block = wide + firstDepth * wideStride + firstColumn
                multiplyBlock(sums, packed, height, block, wideStride, columns: columnCount, depth: depthCount, adds: firstDepth > 0, edge)
            }
            for row in 0..<rows {
                for column in 0..<columnCount {
                    let place = transposesOutput ? (firstColumn + column) * outputStride + row : row * outputStride + firstColumn + column
                    output[place] = (adds ? output[place] : 0) + sums[row * blockColumns + column]
                }
            }
        }
    }
}

/// Columns and rows of the wide matrix that are worked on at a time: 512 KB with 2 KB of each row, for the second-level cache.
private let blockColumns = 512
private let blockDepth = 256

/// Rows of the narrow matrix next to each other, filled up with zeros to whole tiles.
private func packNarrow(
    _ packed: UnsafeMutablePointer<Float>, _ narrow: UnsafePointer<Float>, _ stride: Int, rows: Int, height: Int, depth: Int, factor: Float
) {
    for d in 0..<depth {
        for row in 0..<height { packed[d * height + row] = row < rows ? narrow[d * stride + row] * factor : 0 }
    }
}

/// `sums [height, 512] = packedᵀ * block`, or added to it, 32 columns at a time; `edge` takes a copy of last ones that are fewer.
private func multiplyBlock(
    _ sums: UnsafeMutablePointer<Float>, _ packed: UnsafeMutablePointer<Float>, _ height: Int, _ block: UnsafePointer<Float>, _ stride: Int,
    columns: Int, depth: Int, adds: Bool, _ edge: UnsafeMutablePointer<Float>
) {
    for column in Swift.stride(from: 0, to: columns, by: tileColumns) {
        var (right, rightStride) = (block + column, stride)
        let left = columns - column
        if left < tileColumns {
            packRows(edge, right, stride: stride, rows: depth, width: left, paddedRows: depth, paddedWidth: tileColumns)
            (right, rightStride) = (UnsafePointer(edge), tileColumns)
        }
        for row in Swift.stride(from: 0, to: height, by: tileRows) {
            tileProduct(
                sums + row * blockColumns + column, blockColumns, .columns(packed + row, height), right, rightStride, depth: 0..<depth, adds: adds)
        }
    }
}
