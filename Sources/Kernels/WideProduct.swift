internal import CLinux

/// The register tile of `wideProduct`: 9 rows of 48 columns are 27 accumulators, which with three vectors of the right operand and a broadcast
/// value are 31 of AVX-512's 32 registers. Each multiply-add then costs 1.44 instructions, where 8 rows of 32 columns cost 1.63: what counts
/// on a processor whose other hyperthread is busy.
public let wideTileRows = 9
public let wideTileColumns = 48

/// Whether this program was compiled for the registers that `wideProduct` needs; without them OpenBLAS is faster.
public let hasWideProduct = String(cString: clinux_compiled_instruction_sets()).split(separator: " ").contains("avx512f")

/// How a matrix product is cut into blocks whose packed operands stay in the caches.
///
/// The right operand is packed block by block, in panels of 48 columns that all threads share; each thread packs a few rows of the left one for
/// itself. Every element of the output is summed over a block's depth in registers and over the blocks in their order, so no result depends on
/// how rows are handed to threads.
public struct WideBlocks: Sendable {
    /// Depth of a block, a multiple of 4, and columns of a block, a multiple of 48.
    public let depth: Int
    public let columns: Int

    /// Floats of a packed block of the right operand: 4 MB, for the third-level cache.
    public static let rightCount = 1 << 20
    /// The greatest depth of a block, and the most tiles of rows that a thread packs at a time: 400 KB, for the second-level cache.
    public static let maximumDepth = 640
    public static let maximumTiles = 16

    /// Floats that `wideProduct` packs rows of the left operand into, and a last tile's output.
    public static let leftCount = maximumTiles * (maximumDepth * wideTileRows + vectorLanes) + wideTileRows * wideTileColumns

    /// Where the panel of a block that starts at a column lies in the packed block.
    public static func panelOffset(_ column: Int, depth: Int) -> Int { column * padded(depth) }

    public init(n: Int, k: Int) {
        let blocks = max(1, (k + Self.maximumDepth - 1) / Self.maximumDepth)
        depth = max(4, padded((k + blocks - 1) / blocks))
        let fitting = Self.rightCount / depth / wideTileColumns
        let panels = (n + wideTileColumns - 1) / wideTileColumns
        let columnBlocks = max(1, (panels + fitting - 1) / fitting)
        columns = (panels + columnBlocks - 1) / columnBlocks * wideTileColumns
    }
}

/// Depths are packed in steps of four, filled up with zeros: the tile's loop is unrolled so.
private func padded(_ depth: Int) -> Int { (depth + 3) / 4 * 4 }

/// Packs one panel of a block of the right operand, `factor * op(right)`: `packed[d * 48 + c]`, with zeros where there is no column or depth.
///
/// - Parameters:
///   - packed: Written, `[depth, 48]` with the depth rounded up to a multiple of 4.
///   - right: Read, from the panel's first element on: `[depth, columns]`, or `[columns, depth]` if `transposed`.
///   - columns: 1 to 48.
public func packWidePanel(
    _ packed: UnsafeMutablePointer<Float>, _ right: UnsafePointer<Float>, stride: Int, transposed: Bool, depth: Int, columns: Int, factor: Float
) {
    if transposed {
        packColumns(packed, right, stride: stride, rows: columns, width: depth, factor: factor, panelWidth: wideTileColumns)
    } else {
        for d in 0..<depth {
            for lane in Swift.stride(from: 0, to: wideTileColumns, by: vectorLanes) {
                let lanes = max(0, min(vectorLanes, columns - lane))
                packed.store((right + d * stride).vector(lane, lanes) * factor, d * wideTileColumns + lane)
            }
        }
    }
    (packed + depth * wideTileColumns).update(repeating: 0, count: (padded(depth) - depth) * wideTileColumns)
}

/// The rows of one piece of a left operand, and where they are in memory.
public struct WideRows {
    /// The piece's first element: `[rows, depth]`, or `[depth, rows]` if `transposed`.
    public let left: UnsafePointer<Float>
    public let stride: Int
    public let transposed: Bool
    public let count: Int

    public init(left: UnsafePointer<Float>, stride: Int, transposed: Bool, count: Int) {
        self.left = left
        self.stride = stride
        self.transposed = transposed
        self.count = count
    }
}

/// A float32 matrix product of some rows with a packed block: `output = op(left) * block`, or added to `output` if `adds`.
///
/// - Parameters:
///   - output: Written, or added to, `[rows, columns]`, rows `outputStride` apart. Overlaps no operand.
///   - rows: Read; at most 16 tiles of 9.
///   - packed: Read, the block's panels one after another, made by `packWidePanel`.
///   - columns: Of the block; those of a last panel that do not exist are not written.
///   - depth: Of the block, at most `WideBlocks.maximumDepth`.
///   - scratch: Written, `WideBlocks.leftCount` floats that no other thread uses.
public func wideProduct(
    output: UnsafeMutablePointer<Float>, outputStride: Int, rows: WideRows, packed: UnsafePointer<Float>, columns: Int, depth: Int, adds: Bool,
    scratch: UnsafeMutablePointer<Float>
) {
    let panelStride = padded(depth) * wideTileRows + vectorLanes
    if rows.transposed { packColumnsOfLeft(scratch, rows, depth: depth) } else { packRowsOfLeft(scratch, rows, depth: depth) }
    let whole = scratch + WideBlocks.leftCount - wideTileRows * wideTileColumns
    for column in stride(from: 0, to: columns, by: wideTileColumns) {
        let panel = packed + WideBlocks.panelOffset(column, depth: depth)
        let columnCount = min(wideTileColumns, columns - column)
        for (tile, row) in stride(from: 0, to: rows.count, by: wideTileRows).enumerated() {
            let target = output + row * outputStride + column
            let rowCount = min(wideTileRows, rows.count - row)
            if rowCount == wideTileRows, columnCount == wideTileColumns {
                wideTile(target, outputStride, scratch + tile * panelStride, panel, depth: padded(depth), adds: adds)
                continue
            }
            wideTile(whole, wideTileColumns, scratch + tile * panelStride, panel, depth: padded(depth), adds: false)
            for r in 0..<rowCount {
                for c in 0..<columnCount {
                    let before = adds ? target[r * outputStride + c] : 0
                    target[r * outputStride + c] = before + whole[r * wideTileColumns + c]
                }
            }
        }
    }
}

/// Packs rows that lie one after another: panels of 9 rows, `[depth, 9]` each, by way of transposed squares of 16.
private func packRowsOfLeft(_ packed: UnsafeMutablePointer<Float>, _ rows: WideRows, depth: Int) {
    let panelStride = padded(depth) * wideTileRows + vectorLanes
    for (tile, first) in stride(from: 0, to: rows.count, by: wideTileRows).enumerated() {
        let panel = packed + tile * panelStride
        let source = rows.left + first * rows.stride
        let count = min(wideTileRows, rows.count - first)
        if count == wideTileRows {
            packRowsOfTile(panel, source, rows.stride, rows: wideTileRows, depth: depth)
        } else {
            packRowsOfTile(panel, source, rows.stride, rows: count, depth: depth)
        }
    }
}

/// Packs the rows of one tile; inlined, so that whole tiles have a loop of their own whose count is known.
@inline(__always)
private func packRowsOfTile(
    _ panel: UnsafeMutablePointer<Float>, _ source: UnsafePointer<Float>, _ stride: Int, rows count: Int, depth: Int
) {
    @inline(__always) func pack(_ d: Int, _ lanes: Int) {
        var square = InlineArray<16, Vector>(repeating: Vector(repeating: 0))
        for row in 0..<count { square[row] = (source + row * stride).vector(d, lanes) }
        transpose(&square)
        // Each store runs 7 values into the next row, which is stored after it.
        for lane in 0..<padded(lanes) { panel.store(square[lane], (d + lane) * wideTileRows) }
    }
    forEachVector(0..<depth, pack)
}

/// Packs rows that lie as columns: 9 values of each depth are next to each other already.
private func packColumnsOfLeft(_ packed: UnsafeMutablePointer<Float>, _ rows: WideRows, depth: Int) {
    let panelStride = padded(depth) * wideTileRows + vectorLanes
    for d in 0..<padded(depth) {
        for (tile, first) in stride(from: 0, to: rows.count, by: wideTileRows).enumerated() {
            let left = rows.count - first
            let lanes = d < depth ? min(vectorLanes, left < wideTileRows ? left : max(wideTileRows, left)) : 0
            (packed + tile * panelStride).store((rows.left + min(d, depth - 1) * rows.stride).vector(first, lanes), d * wideTileRows)
        }
    }
}

/// One tile, `[9, 48]`: `output[r, c] = sum over d of left[d, r] * right[d, c]`, or added to it; the sums run in float32 in the order of d.
@inline(never)
private func wideTile(
    _ output: UnsafeMutablePointer<Float>, _ outputStride: Int, _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, depth: Int, adds: Bool
) {
    // Rows of three vectors: the compiler keeps at most 16 elements of an array in registers.
    var sums = InlineArray<9, (Vector, Vector, Vector)>(
        repeating: (Vector(repeating: 0), Vector(repeating: 0), Vector(repeating: 0)))
    if adds {
        for row in 0..<wideTileRows {
            let start = row * outputStride
            sums[row] = (output.vector(start), output.vector(start + vectorLanes), output.vector(start + 2 * vectorLanes))
        }
    }
    var (a, b) = (left, right)
    for _ in 0..<depth / 4 {
        for step in 0..<4 {
            let b0 = b.vector(step * wideTileColumns)
            let b1 = b.vector(step * wideTileColumns + vectorLanes)
            let b2 = b.vector(step * wideTileColumns + 2 * vectorLanes)
            for row in 0..<wideTileRows {
                let value = Vector(repeating: a[step * wideTileRows + row])
                sums[row].0 = sums[row].0.addingProduct(value, b0)
                sums[row].1 = sums[row].1.addingProduct(value, b1)
                sums[row].2 = sums[row].2.addingProduct(value, b2)
            }
        }
        a += 4 * wideTileRows
        b += 4 * wideTileColumns
    }
    for row in 0..<wideTileRows {
        let start = row * outputStride
        output.store(sums[row].0, start)
        output.store(sums[row].1, start + vectorLanes)
        output.store(sums[row].2, start + 2 * vectorLanes)
    }
}
