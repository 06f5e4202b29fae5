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
/// The right operand is packed block by block, in panels of 48 columns that all threads share; rows of the left one are read in place, or, if
/// it is stored transposed, packed by each thread for itself. A block may be deepened by an addition: a second product of little depth whose
/// sums go on in the same registers. Every element of the output is summed over a block's depth in registers and over the blocks in their
/// order, so no result depends on how rows are handed to threads.
public struct WideBlocks: Sendable {
    /// Depth of a block, and columns of a block, a multiple of 48.
    public let depth: Int
    public let columns: Int

    /// Floats of a packed block of the right operand: 4 MB, for the third-level cache.
    public static let rightCount = 1 << 20
    /// The greatest depth of a block and of its addition, and the most tiles of rows at a time: a panel of the right operand, 220 KB, stays in
    /// the second-level cache, as do rows of the left one, 590 KB. The deeper a block, the less often the output is read and written.
    public static let maximumDepth = 1024
    public static let maximumAddition = 128
    public static let maximumTiles = 16
    /// The fewest: the block of the right operand is read once for each piece.
    private static let minimumTiles = 4

    /// Floats that `wideProduct` packs rows of the left operand into, and a last tile's output.
    public static let leftCount = maximumTiles * (maximumDepth * wideTileRows + vectorLanes) + wideTileRows * wideTileColumns

    public init(n: Int, k: Int) {
        let blocks = max(1, (k + Self.maximumDepth - 1) / Self.maximumDepth)
        depth = max(1, (k + blocks - 1) / blocks)
        let fitting = Self.rightCount / (depth + Self.maximumAddition) / wideTileColumns
        let panels = (n + wideTileColumns - 1) / wideTileColumns
        let columnBlocks = max(1, (panels + fitting - 1) / fitting)
        columns = (panels + columnBlocks - 1) / columnBlocks * wideTileColumns
    }

    /// Tiles of rows as the threads take them, ever fewer towards the end, so that none waits long for the last to come back (guided
    /// self-scheduling, Polychronopoulos and Kuck 1987).
    public static func pieces(tiles: Int, threadCount: Int) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var first = 0
        while first < tiles {
            let share = (tiles - first) / (2 * threadCount)
            let last = min(tiles, first + max(minimumTiles, min(maximumTiles, share)))
            pieces.append(first..<last)
            first = last
        }
        return pieces
    }
}

/// Packs one panel of a block of the right operand, `factor * op(right)`: `packed[d * 48 + c]`, with zeros where there is no column or depth.
///
/// - Parameters:
///   - packed: Written, `[depth, 48]`.
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
}

/// Some rows of a left operand, and where they are in memory.
public struct WideRows {
    /// The first element: of `[rows, depth]`, or of `[depth, rows]` if `transposed`.
    public let left: UnsafePointer<Float>
    public let stride: Int
    public let transposed: Bool
    public let depth: Int

    public init(left: UnsafePointer<Float>, stride: Int, transposed: Bool, depth: Int) {
        self.left = left
        self.stride = stride
        self.transposed = transposed
        self.depth = depth
    }

    /// The tile of rows from `row` on.
    fileprivate func tile(_ row: Int) -> BlockOperand {
        BlockOperand(values: left + row * stride, rowStride: stride, depthStride: 1)
    }
}

/// A float32 matrix product of some rows with a packed block: `output = op(left) * block`, or added to `output` if `adds`.
///
/// With an addition the block's last rows are its right operand: `output = op(left) * block[..<depth] + addition * block[depth...]`.
///
/// - Parameters:
///   - output: Written, or added to, `[rowCount, columns]`, rows `outputStride` apart. Overlaps no operand.
///   - rowCount: At most 16 tiles of 9.
///   - left: Read; as deep as the block without the addition, at most `WideBlocks.maximumDepth`.
///   - addition: Read, if not nil; neither operand is transposed then; at most `WideBlocks.maximumAddition` deep.
///   - packed: Read, the block's panels one after another, each made by `packWidePanel` for `left` and then for the addition.
///   - columns: Of the block; those of a last panel that do not exist are not written.
///   - scratch: Written, `WideBlocks.leftCount` floats that no other thread uses.
public func wideProduct(
    output: UnsafeMutablePointer<Float>, outputStride: Int, rowCount: Int, left: WideRows, addition: WideRows?, packed: UnsafePointer<Float>,
    columns: Int, adds: Bool, scratch: UnsafeMutablePointer<Float>
) {
    precondition(!left.transposed || addition == nil, "wideProduct: an addition to a transposed operand")
    let panelDepth = left.depth + (addition?.depth ?? 0)
    let operands = tiles(left, addition, rowCount: rowCount, scratch)
    let whole = scratch + WideBlocks.leftCount - wideTileRows * wideTileColumns
    for column in stride(from: 0, to: columns, by: wideTileColumns) {
        let panel = packed + column * panelDepth
        let columnCount = min(wideTileColumns, columns - column)
        for (tile, row) in stride(from: 0, to: rowCount, by: wideTileRows).enumerated() {
            let target = output + row * outputStride + column
            let count = min(wideTileRows, rowCount - row)
            if row + wideTileRows < rowCount { fetch(target + wideTileRows * outputStride, outputStride) }
            if count == wideTileRows, columnCount == wideTileColumns {
                wideTile(target, outputStride, operands(tile), panel, adds: adds)
                continue
            }
            wideTile(whole, wideTileColumns, operands(tile), panel, adds: false)
            for r in 0..<count {
                for c in 0..<columnCount {
                    let before = adds ? target[r * outputStride + c] : 0
                    target[r * outputStride + c] = before + whole[r * wideTileColumns + c]
                }
            }
        }
    }
}

/// Sends for a tile of the output while the one before it is computed: it is far away, and every sum of it would wait.
@inline(__always)
private func fetch(_ output: UnsafeMutablePointer<Float>, _ stride: Int) {
    for row in 0..<wideTileRows {
        for lane in Swift.stride(from: 0, to: wideTileColumns, by: vectorLanes) { clinux_prefetch_for_writing(output + row * stride + lane) }
    }
}

/// A tile's left operand, and that of what is added to it.
private struct WideOperand {
    let left: BlockOperand
    let depth: Int
    let addition: BlockOperand
    let additionDepth: Int
}

/// Where the left operand of each tile lies: in place, or in scratch if it is transposed or a last tile that is not whole.
private func tiles(
    _ left: WideRows, _ addition: WideRows?, rowCount: Int, _ scratch: UnsafeMutablePointer<Float>
) -> (_ tile: Int) -> WideOperand {
    let packedTile = left.depth * wideTileRows + vectorLanes
    func operand(_ left: BlockOperand, _ added: BlockOperand?, _ leftDepth: Int) -> WideOperand {
        WideOperand(left: left, depth: leftDepth, addition: added ?? left, additionDepth: addition?.depth ?? 0)
    }
    if left.transposed {
        packColumnsOfLeft(scratch, left, rowCount: rowCount)
        return { operand(BlockOperand(values: UnsafePointer(scratch + $0 * packedTile), rowStride: 1, depthStride: wideTileRows), nil, left.depth) }
    }
    let (wholeTiles, rest) = rowCount.quotientAndRemainder(dividingBy: wideTileRows)
    // Nothing lies behind the last rows: they are copied and filled up with zeros.
    let first = wholeTiles * wideTileRows
    let last = operand(
        filled(scratch, left.tile(first), rows: rest, depth: left.depth),
        addition.map { filled(scratch + packedTile, $0.tile(first), rows: rest, depth: $0.depth) }, left.depth)
    return { $0 == wholeTiles ? last : operand(left.tile($0 * wideTileRows), addition?.tile($0 * wideTileRows), left.depth) }
}

/// A tile of which only some rows exist, made whole; as it is if there are none.
private func filled(_ target: UnsafeMutablePointer<Float>, _ operand: BlockOperand, rows: Int, depth: Int) -> BlockOperand {
    guard rows > 0 else { return operand }
    for row in 0..<wideTileRows {
        for d in 0..<depth { target[row * depth + d] = row < rows ? operand.values[row * operand.rowStride + d] : 0 }
    }
    return .rows(target, depth)
}

/// Packs rows that lie as columns, 9 values of each depth next to each other: in place each would lie on a page of its own.
private func packColumnsOfLeft(_ packed: UnsafeMutablePointer<Float>, _ rows: WideRows, rowCount: Int) {
    let packedTile = rows.depth * wideTileRows + vectorLanes
    for d in 0..<rows.depth {
        for (tile, first) in stride(from: 0, to: rowCount, by: wideTileRows).enumerated() {
            let left = rowCount - first
            // Each store runs 7 values into the next depth, which is stored after it.
            let lanes = min(vectorLanes, left < wideTileRows ? left : max(wideTileRows, left))
            (packed + tile * packedTile).store((rows.left + d * rows.stride).vector(first, lanes), d * wideTileRows)
        }
    }
}

/// Twenty-seven accumulators as rows of three vectors: the compiler keeps at most 16 elements of an array in registers.
private typealias WideSums = InlineArray<9, (Vector, Vector, Vector)>

/// One tile, `[9, 48]`: `output[r, c] = sum over d of left[d, r] * right[d, c]`, or added to it; the sums run in float32 in the order of d,
/// through the operand and what is added to it, whose right operands lie one after the other.
@inline(never)
private func wideTile(
    _ output: UnsafeMutablePointer<Float>, _ outputStride: Int, _ operand: WideOperand, _ right: UnsafePointer<Float>, adds: Bool
) {
    var sums = WideSums(repeating: (Vector(repeating: 0), Vector(repeating: 0), Vector(repeating: 0)))
    if adds {
        for row in 0..<wideTileRows {
            let start = row * outputStride
            sums[row] = (output.vector(start), output.vector(start + vectorLanes), output.vector(start + 2 * vectorLanes))
        }
    }
    accumulate(&sums, operand.left, right, depth: operand.depth)
    accumulate(&sums, operand.addition, right + operand.depth * wideTileColumns, depth: operand.additionDepth)
    for row in 0..<wideTileRows {
        let start = row * outputStride
        output.store(sums[row].0, start)
        output.store(sums[row].1, start + vectorLanes)
        output.store(sums[row].2, start + 2 * vectorLanes)
    }
}

@inline(__always)
private func accumulate(_ sums: inout WideSums, _ left: BlockOperand, _ right: UnsafePointer<Float>, depth: Int) {
    var (a, b) = (left.values, right)
    for _ in 0..<depth {
        let (b0, b1, b2) = (b.vector(0), b.vector(vectorLanes), b.vector(2 * vectorLanes))
        for row in 0..<wideTileRows {
            let value = Vector(repeating: a[row * left.rowStride])
            sums[row].0 = sums[row].0.addingProduct(value, b0)
            sums[row].1 = sums[row].1.addingProduct(value, b1)
            sums[row].2 = sums[row].2.addingProduct(value, b2)
        }
        a += left.depthStride
        b += wideTileColumns
    }
}
