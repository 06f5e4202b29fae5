import Kernels
import Support

/// One product of those whose sum a matrix is: `alpha * op(left) · op(right)`, over a depth.
struct WideTerm {
    let left: UnsafePointer<Float>
    let leftStride: Int
    let transposesLeft: Bool
    let right: UnsafePointer<Float>
    let rightStride: Int
    let transposesRight: Bool
    let depth: Int
    let alpha: Float

    init(_ left: Tensor, _ right: Tensor, transposesLeft: Bool, transposesRight: Bool, alpha: Float) {
        self.left = UnsafePointer(left.floats)
        leftStride = left.rowStride
        self.transposesLeft = transposesLeft
        self.right = UnsafePointer(right.floats)
        rightStride = right.rowStride
        self.transposesRight = transposesRight
        depth = transposesLeft ? left.rows : left.columns
        self.alpha = alpha
    }

    /// Packs the panel of the right operand that starts at a column, for these depths.
    func pack(_ packed: UnsafeMutablePointer<Float>, _ depths: Range<Int>, column: Int, columns: Int) {
        let first = transposesRight ? column * rightStride + depths.lowerBound : depths.lowerBound * rightStride + column
        packWidePanel(
            packed, right + first, stride: rightStride, transposed: transposesRight, depth: depths.count, columns: columns, factor: alpha)
    }

    /// The left operand from a row on, for these depths.
    func rows(from row: Int, _ depths: Range<Int>) -> WideRows {
        let first = transposesLeft ? depths.lowerBound * leftStride + row : row * leftStride + depths.lowerBound
        return WideRows(left: left + first, stride: leftStride, transposed: transposesLeft, depth: depths.count)
    }
}

extension CPUDevice {
    /// Below so many rows or columns OpenBLAS's smaller tiles are faster.
    static let wideProductLimit = 128

    /// A product block by block: the threads pack a block of the right operand together, then take rows as they come free, since neighbours on
    /// a shared processor slow down one thread more than another.
    ///
    /// - Parameter addition: A product of little depth that is summed along with the last block, in the same registers.
    func wideProduct(_ output: Tensor, _ term: WideTerm, addition: WideTerm? = nil, adds: Bool) {
        let (m, n) = (output.rows, output.columns)
        let (target, outputStride) = (output.floats, output.rowStride)
        let blocks = WideBlocks(n: n, k: term.depth)
        let tiles = (m + wideTileRows - 1) / wideTileRows
        let pieces = WideBlocks.pieces(tiles: tiles, threadCount: pool.threadCount)
        let (packed, scratch) = packing
        for firstColumn in stride(from: 0, to: n, by: blocks.columns) {
            let columns = min(blocks.columns, n - firstColumn)
            for firstDepth in stride(from: 0, to: max(term.depth, 1), by: blocks.depth) {
                let depths = firstDepth..<min(firstDepth + blocks.depth, term.depth)
                let addition = depths.upperBound == term.depth ? addition : nil
                let panelDepth = depths.count + (addition?.depth ?? 0)
                pool.parallelItems((columns + wideTileColumns - 1) / wideTileColumns) { panel, _ in
                    let column = panel * wideTileColumns
                    let (place, width) = (packed + column * panelDepth, min(wideTileColumns, columns - column))
                    term.pack(place, depths, column: firstColumn + column, columns: width)
                    addition?.pack(place + depths.count * wideTileColumns, 0..<(addition?.depth ?? 0), column: firstColumn + column, columns: width)
                }
                pool.parallelItems(pieces.count) { piece, thread in
                    // A product may take a tenth of a second, in which a network would stand still.
                    if thread == 0 { self.progress?() }
                    let rows = pieces[piece].lowerBound * wideTileRows..<min(m, pieces[piece].upperBound * wideTileRows)
                    Kernels.wideProduct(
                        output: target + rows.lowerBound * outputStride + firstColumn, outputStride: outputStride, rowCount: rows.count,
                        left: term.rows(from: rows.lowerBound, depths),
                        addition: addition.map { $0.rows(from: rows.lowerBound, 0..<$0.depth) }, packed: packed, columns: columns,
                        adds: adds || firstDepth > 0, scratch: scratch + thread * WideBlocks.leftCount)
                }
            }
        }
    }
}
