import Glibc
import Kernels
public import Support

/// The processor's cores: float32 compute by Kernels and OpenBLAS, on the threads of one pool.
public final class CPUDevice: Device {
    public var ledger = MemoryLedger()
    public var progress: (() -> Void)?
    public var holdsValues: Bool { true }
    public let pool: ThreadPool
    private let arena: Arena
    /// Where products pack their right operand, for all threads, and rows of their left one, thread by thread.
    let packing: (right: UnsafeMutablePointer<Float>, left: UnsafeMutablePointer<Float>)

    /// - Throws: `memory` if no addresses can be reserved.
    public init(threadCount: Int) throws(TrainerError) {
        pool = ThreadPool(threadCount: threadCount)
        arena = try Arena()
        let packed = try arena.allocate(ScratchPlan.packing(threadCount: threadCount)).assumingMemoryBound(to: Float.self)
        packing = (packed, packed + WideBlocks.rightCount)
        ledger.add(ScratchPlan.packing(threadCount: threadCount), .scratch)
        setOneBLASThread()
    }

    // MARK: Memory

    public func allocate(byteCount: Int, kind: MemoryKind) throws(TrainerError) -> Buffer {
        let address = try arena.allocate(byteCount)
        ledger.add(byteCount, kind)
        return Buffer(device: self, address: address, byteCount: byteCount, kind: kind)
    }

    public func release(address: UnsafeMutableRawPointer?, byteCount: Int, kind: MemoryKind) {
        guard let address else { return }
        arena.release(address, byteCount)
        ledger.remove(byteCount, kind)
    }

    /// Gives memory that nothing uses at the moment back to the system.
    public func trim() { arena.trim() }

    /// A huge page, below which a second thread is not worth waking.
    private static let uploadGrain = 2 << 20

    public func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) {
        precondition(tensor.isContiguous && tensor.byteCount == bytes.count, "CPUDevice.upload: \(bytes.count) bytes into \(tensor.byteCount)")
        guard let source = bytes.baseAddress else { return }
        // The system clears pages that are touched for the first time, which takes longer than the copy.
        pool.parallelFor(bytes.count, grain: Self.uploadGrain) { range in
            (tensor.address + range.lowerBound).copyMemory(from: source + range.lowerBound, byteCount: range.count)
        }
    }

    public func download(_ tensor: Tensor, to bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count == tensor.byteCount, "CPUDevice.download: \(tensor.byteCount) bytes into \(bytes.count)")
        let rowBytes = tensor.elementType.byteCount(tensor.columns)
        let strideBytes = tensor.elementType.byteCount(tensor.rowStride)
        guard let target = bytes.baseAddress else { return }
        for row in 0..<tensor.rows {
            (target + row * rowBytes).copyMemory(from: tensor.address + row * strideBytes, byteCount: rowBytes)
        }
    }

    public func zero(_ tensor: Tensor) {
        let address = tensor.address
        guard tensor.isContiguous else {
            let (rowBytes, strideBytes) = (tensor.elementType.byteCount(tensor.columns), tensor.elementType.byteCount(tensor.rowStride))
            return pool.parallelFor(tensor.rows, grain: 16) { rows in
                for row in rows { memset(address + row * strideBytes, 0, rowBytes) }
            }
        }
        pool.parallelFor(tensor.byteCount, grain: 1 << 16) { memset(address + $0.lowerBound, 0, $0.count) }
    }

    public func copy(_ target: Tensor, _ source: Tensor) {
        precondition(target.rows == source.rows && target.columns == source.columns, "CPUDevice.copy: shapes differ")
        precondition(target.elementType == source.elementType, "CPUDevice.copy: types differ")
        let (to, from, type) = (target.address, source.address, target.elementType)
        if target.isContiguous, source.isContiguous {
            return pool.parallelFor(target.byteCount, grain: 1 << 16) { memcpy(to + $0.lowerBound, from + $0.lowerBound, $0.count) }
        }
        let (rowBytes, toStride, fromStride) = (
            type.byteCount(target.columns), type.byteCount(target.rowStride), type.byteCount(source.rowStride)
        )
        pool.parallelFor(target.rows, grain: 16) { rows in
            for row in rows { memcpy(to + row * toStride, from + row * fromStride, rowBytes) }
        }
    }

    public func decode(_ target: Tensor, _ weight: Weight, rows: Range<Int>) {
        precondition(target.isContiguous && target.rows == rows.count && target.columns == weight.columns, "CPUDevice.decode: shapes differ")
        let output = target.floats
        let columns = weight.columns
        pool.parallelFor(rows.count, grain: 8) { part in
            let first = rows.lowerBound + part.lowerBound
            self.decodeRows(output + part.lowerBound * columns, weight, rows: first..<first + part.count)
        }
    }

    /// Decodes rows on the calling thread.
    func decodeRows(_ output: UnsafeMutablePointer<Float>, _ weight: Weight, rows: Range<Int>) {
        let values = weight.values
        let range = rows.lowerBound * weight.columns..<rows.upperBound * weight.columns
        let input = UnsafeRawPointer(values.address) + (values.elementType == .nf4 ? 0 : values.elementType.byteCount(range.lowerBound))
        switch values.elementType {
        case .float32, .bfloat16, .float16: widen(output, input, values.elementType, range.count)
        case .q8_0: decodeQ8_0(output: output, input: input, count: range.count)
        case .q4_0: decodeQ4_0(output: output, input: input, count: range.count)
        case .q4_1: decodeQ4_1(output: output, input: input, count: range.count)
        case .q5_0: decodeQ5_0(output: output, input: input, count: range.count)
        case .q5_1: decodeQ5_1(output: output, input: input, count: range.count)
        case .q2_K: decodeQ2_K(output: output, input: input, count: range.count)
        case .q3_K: decodeQ3_K(output: output, input: input, count: range.count)
        case .q4_K: decodeQ4_K(output: output, input: input, count: range.count)
        case .q5_K: decodeQ5_K(output: output, input: input, count: range.count)
        case .q6_K: decodeQ6_K(output: output, input: input, count: range.count)
        case .iq4_NL: decodeIQ4_NL(output: output, input: input, count: range.count)
        case .iq4_XS: decodeIQ4_XS(output: output, input: input, count: range.count)
        case .nf4:
            guard let constants = weight.constants else { preconditionFailure("CPUDevice.decodeRows: NF4 without constants") }
            // Rows that lie one after another in the whole matrix are decoded at once.
            for row in constants.skippedBlocks == 0 ? rows.lowerBound..<rows.lowerBound + 1 : rows {
                let range = constants.skippedBlocks == 0 ? range : row * weight.columns..<(row + 1) * weight.columns
                decodeNF4(
                    output: output + (row - rows.lowerBound) * weight.columns, codes: values.uint8s, absmaxCodes: constants.codes.uint8s,
                    absmaxBlockMaxima: constants.blockMaxima.floats, offset: constants.offset.floats[0], range: range,
                    blocksBefore: constants.firstBlock + row * constants.skippedBlocks)
            }
        case .int32, .int64, .uint8: preconditionFailure("CPUDevice.decodeRows: \(values.elementType.rawValue) is no weight's type")
        }
    }

    public func encode(_ target: Tensor, _ source: Tensor) {
        precondition(target.isContiguous && source.isContiguous && target.count == source.count, "CPUDevice.encode: shapes differ")
        let (output, input) = (target.address, UnsafePointer(source.floats))
        if target.elementType == .q8_0 {
            return pool.parallelFor(target.count / 32, grain: 128) { blocks in
                encodeQ8_0(output: output + blocks.lowerBound * 34, input: input + blocks.lowerBound * 32, count: blocks.count * 32)
            }
        }
        pool.parallelFor(target.count, grain: 4096) { range in
            let place = output + target.elementType.byteCount(range.lowerBound)
            self.narrow(place, input + range.lowerBound, target.elementType, range.count)
        }
    }

    /// Widens values of a type of at most four bytes to float32, on the calling thread.
    func widen(_ output: UnsafeMutablePointer<Float>, _ input: UnsafeRawPointer, _ type: ElementType, _ count: Int) {
        switch type {
        case .float32: memcpy(output, input, count * 4)
        case .bfloat16: decodeBFloat16(output: output, input: input, count: count)
        case .float16: decodeFloat16(output: output, input: input, count: count)
        default: preconditionFailure("CPUDevice.widen: \(type.rawValue) is no type of one value after another")
        }
    }

    /// Rounds float32 values to such a type, on the calling thread.
    func narrow(_ output: UnsafeMutableRawPointer, _ input: UnsafePointer<Float>, _ type: ElementType, _ count: Int) {
        switch type {
        case .float32: memcpy(output, input, count * 4)
        case .bfloat16: encodeBFloat16(output: output, input: input, count: count)
        case .float16: encodeFloat16(output: output, input: input, count: count)
        default: preconditionFailure("CPUDevice.narrow: \(type.rawValue) can't be encoded to")
        }
    }

    public func quantiseNF4(_ target: Weight, _ source: Tensor) throws(TrainerError) {
        guard let constants = target.constants else { preconditionFailure("CPUDevice.quantiseNF4: the target is not NF4") }
        precondition(source.isContiguous && source.count == target.values.count, "CPUDevice.quantiseNF4: shapes differ")
        let maxima = try tensor(1, constants.codes.count, .float32, .scratch)
        defer { withExtendedLifetime(maxima) {} }
        let (codes, absmax, input) = (target.values.uint8s, maxima.floats, UnsafePointer(source.floats))
        pool.parallelFor(source.count, grain: 4096) { range in
            nf4Quantise(
                codes: codes + range.lowerBound / 2, absmax: absmax + range.lowerBound / 64, input: input + range.lowerBound, count: range.count)
        }
        constants.offset.floats[0] = doubleQuantise(
            codes: constants.codes.uint8s, blockMaxima: constants.blockMaxima.floats, absmax: absmax, blockCount: maxima.count)
    }

    /// Ends an operation: lets communication under way move on.
    func finished() { progress?() }
}
