import Kernels
import Support

/// Where the matrices of a product lie.
struct WideOperands {
    let output: UnsafeMutablePointer<Float>
    let outputStride: Int
    let left: UnsafePointer<Float>
    let leftStride: Int
    let transposesLeft: Bool
    let right: UnsafePointer<Float>
    let rightStride: Int
    let transposesRight: Bool

    /// The right operand from this depth and column on.
    func right(_ depth: Int, _ column: Int) -> UnsafePointer<Float> {
        transposesRight ? right + column * rightStride + depth : right + depth * rightStride + column
    }

    /// Rows of the left operand, from this depth on.
    func rows(_ rows: Range<Int>, _ depth: Int) -> WideRows {
        let first = transposesLeft ? left + depth * leftStride + rows.lowerBound : left + rows.lowerBound * leftStride + depth
        return WideRows(left: first, stride: leftStride, transposed: transposesLeft, count: rows.count)
    }
}

extension CPUDevice {
    /// Below so many rows or columns OpenBLAS's smaller tiles are faster.
    static let wideProductLimit = 128

    /// A product block by block: the threads pack a block of the right operand together, then take rows as they come free, since neighbours on
    /// a shared processor slow down one thread more than another.
    func wideProduct(_ operands: WideOperands, m: Int, n: Int, k: Int, alpha: Float, adds: Bool) {
        let blocks = WideBlocks(n: n, k: k)
        let tiles = (m + wideTileRows - 1) / wideTileRows
        let perThread = (tiles + WideBlocks.maximumTiles * pool.threadCount - 1) / (WideBlocks.maximumTiles * pool.threadCount)
        let pieces = perThread * pool.threadCount
        let (packed, scratch) = packing
        for firstColumn in stride(from: 0, to: n, by: blocks.columns) {
            let columns = min(blocks.columns, n - firstColumn)
            for firstDepth in stride(from: 0, to: max(k, 1), by: blocks.depth) {
                let depth = min(blocks.depth, k - firstDepth)
                pool.parallelItems((columns + wideTileColumns - 1) / wideTileColumns) { panel, _ in
                    let column = panel * wideTileColumns
                    packWidePanel(
                        packed + WideBlocks.panelOffset(column, depth: depth), operands.right(firstDepth, firstColumn + column),
                        stride: operands.rightStride, transposed: operands.transposesRight, depth: depth,
                        columns: min(wideTileColumns, columns - column), factor: alpha)
                }
                pool.parallelItems(pieces) { piece, thread in
                    let rows = tiles * piece / pieces * wideTileRows..<min(m, tiles * (piece + 1) / pieces * wideTileRows)
                    if rows.isEmpty { return }
                    Kernels.wideProduct(
                        output: operands.output + rows.lowerBound * operands.outputStride + firstColumn, outputStride: operands.outputStride,
                        rows: operands.rows(rows, firstDepth), packed: packed, columns: columns, depth: depth, adds: adds || firstDepth > 0,
                        scratch: scratch + thread * WideBlocks.leftCount)
                }
            }
        }
    }
}
