public import Support

/// A block of a device's memory; it goes back to the device when nothing refers to it any more.
public final class Buffer {
    /// Who takes the bytes back, and whose operations work on them.
    var device: any Device
    /// Where the bytes lie; nil on a device that holds no values.
    let address: UnsafeMutableRawPointer?
    let byteCount: Int
    let kind: MemoryKind

    init(device: any Device, address: UnsafeMutableRawPointer?, byteCount: Int, kind: MemoryKind) {
        self.device = device
        self.address = address
        self.byteCount = byteCount
        self.kind = kind
    }

    deinit { device.release(address: address, byteCount: byteCount, kind: kind) }
}

/// A matrix `[rows, columns]` in a device's memory: a view of a buffer.
///
/// Copies share the buffer. Vectors are matrices of one row. `rowStride` counts elements from a row to the next; a view of some columns
/// keeps its parent's stride.
public struct Tensor {
    public let buffer: Buffer
    public let elementType: ElementType
    public let rows: Int
    public let columns: Int
    public let rowStride: Int
    let byteOffset: Int

    init(buffer: Buffer, elementType: ElementType, rows: Int, columns: Int, rowStride: Int, byteOffset: Int) {
        self.buffer = buffer
        self.elementType = elementType
        self.rows = rows
        self.columns = columns
        self.rowStride = rowStride
        self.byteOffset = byteOffset
    }

    public var device: any Device { buffer.device }
    public var count: Int { rows * columns }
    public var isContiguous: Bool { rowStride == columns || rows <= 1 }
    /// Bytes of the elements, without gaps between rows.
    public var byteCount: Int { elementType.byteCount(count) }

    /// The columns of a range; block types must be cut on block edges.
    public func columns(_ range: Range<Int>) -> Tensor {
        precondition(range.lowerBound >= 0 && range.upperBound <= columns, "Tensor.columns: \(range) of \(columns)")
        let offset = byteOffset + elementType.byteCount(range.lowerBound)
        return Tensor(buffer: buffer, elementType: elementType, rows: rows, columns: range.count, rowStride: rowStride, byteOffset: offset)
    }

    /// The rows of a range.
    public func rows(_ range: Range<Int>) -> Tensor {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "Tensor.rows: \(range) of \(rows)")
        let offset = byteOffset + elementType.byteCount(range.lowerBound * rowStride)
        return Tensor(buffer: buffer, elementType: elementType, rows: range.count, columns: columns, rowStride: rowStride, byteOffset: offset)
    }

    /// The same contiguous elements, counted from `first`, as a matrix.
    public func reshaped(from first: Int = 0, rows: Int, columns: Int) -> Tensor {
        precondition(
            isContiguous && first >= 0 && first + rows * columns <= count, "Tensor.reshaped: \(rows) x \(columns) from \(first) in \(count) elements")
        let offset = byteOffset + elementType.byteCount(first)
        return Tensor(buffer: buffer, elementType: elementType, rows: rows, columns: columns, rowStride: columns, byteOffset: offset)
    }

    /// Bytes of a contiguous tensor of bytes, counted from `first`, as a matrix of another type.
    public func elements(_ type: ElementType, from first: Int, rows: Int, columns: Int) -> Tensor {
        precondition(
            isContiguous && elementType == .uint8 && first + type.byteCount(rows * columns) <= count,
            "Tensor.elements: \(rows) x \(columns) \(type.rawValue) from byte \(first) of \(count)")
        return Tensor(buffer: buffer, elementType: type, rows: rows, columns: columns, rowStride: columns, byteOffset: byteOffset + first)
    }

    /// A contiguous tensor of any type as its bytes, `[1, n]`.
    public var bytes: Tensor {
        precondition(isContiguous, "Tensor.bytes: the tensor has gaps")
        return Tensor(buffer: buffer, elementType: .uint8, rows: 1, columns: byteCount, rowStride: byteCount, byteOffset: byteOffset)
    }

    /// The tensors as one matrix if they are dense, of one width, and lie one right after another in a buffer.
    public static func stacked(_ tensors: [Tensor]) -> Tensor? {
        guard let first = tensors.first else { return nil }
        var end = first.byteOffset
        for tensor in tensors {
            guard tensor.buffer === first.buffer, tensor.elementType == first.elementType, tensor.columns == first.columns, tensor.isContiguous,
                tensor.byteOffset == end
            else { return nil }
            end += tensor.byteCount
        }
        let rows = tensors.reduce(0) { $0 + $1.rows }
        return Tensor(
            buffer: first.buffer, elementType: first.elementType, rows: rows, columns: first.columns, rowStride: first.columns,
            byteOffset: first.byteOffset)
    }
}

extension Tensor {
    /// Where the values lie, for the kernels; only devices that hold values ask.
    var address: UnsafeMutableRawPointer {
        guard let base = buffer.address else { preconditionFailure("Tensor.address: the device holds no values") }
        return base + byteOffset
    }
    var floats: UnsafeMutablePointer<Float> {
        precondition(elementType == .float32, "Tensor.floats: the elements are \(elementType.rawValue)")
        return address.assumingMemoryBound(to: Float.self)
    }
    var int32s: UnsafeMutablePointer<Int32> {
        precondition(elementType == .int32, "Tensor.int32s: the elements are \(elementType.rawValue)")
        return address.assumingMemoryBound(to: Int32.self)
    }
    var int64s: UnsafeMutablePointer<Int64> {
        precondition(elementType == .int64, "Tensor.int64s: the elements are \(elementType.rawValue)")
        return address.assumingMemoryBound(to: Int64.self)
    }
    var uint8s: UnsafeMutablePointer<UInt8> { address.assumingMemoryBound(to: UInt8.self) }
}

extension Device {
    /// A new tensor; its values are undefined.
    ///
    /// - Throws: `memory` if the device can't hold it.
    public func tensor(_ rows: Int, _ columns: Int, _ type: ElementType = .float32, _ kind: MemoryKind = .activations) throws(TrainerError) -> Tensor
    {
        let buffer = try allocate(byteCount: type.byteCount(rows * columns), kind: kind)
        return Tensor(buffer: buffer, elementType: type, rows: rows, columns: columns, rowStride: columns, byteOffset: 0)
    }

    /// A new tensor of zeros.
    public func zeros(_ rows: Int, _ columns: Int, _ type: ElementType = .float32, _ kind: MemoryKind = .activations) throws(TrainerError) -> Tensor {
        let tensor = try tensor(rows, columns, type, kind)
        zero(tensor)
        return tensor
    }

    /// A new row vector with the values given.
    public func tensor(_ values: [Float], _ kind: MemoryKind = .activations) throws(TrainerError) -> Tensor {
        try uploaded(values, .float32, kind)
    }

    public func tensor(_ values: [Int32], _ kind: MemoryKind = .activations) throws(TrainerError) -> Tensor {
        try uploaded(values, .int32, kind)
    }

    public func tensor(_ values: [Int64], _ kind: MemoryKind = .activations) throws(TrainerError) -> Tensor {
        try uploaded(values, .int64, kind)
    }

    private func uploaded<Value>(_ values: [Value], _ type: ElementType, _ kind: MemoryKind) throws(TrainerError) -> Tensor {
        let tensor = try tensor(1, values.count, type, kind)
        values.withUnsafeBytes { upload($0, to: tensor) }
        return tensor
    }
}

extension Tensor {
    /// A contiguous tensor of float32 itself; of bfloat16 or float16 a copy that is float32.
    ///
    /// - Throws: `memory`.
    public func inFloat32(_ kind: MemoryKind) throws(TrainerError) -> Tensor {
        guard elementType != .float32 else { return self }
        let wide = try device.tensor(rows, columns, .float32, kind)
        // Rows are shared out over threads, so a long one is taken as several.
        let width = count % 256 == 0 ? 256 : columns
        let height = width == 0 ? 0 : count / width
        device.decode(
            wide.reshaped(rows: height, columns: width), Weight(reshaped(rows: height, columns: width)), rows: 0..<height)
        return wide
    }

    /// The values of a float32 tensor, row after row, copied to the host.
    public func values() -> [Float] {
        precondition(elementType == .float32, "Tensor.values: the elements are \(elementType.rawValue)")
        return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            device.download(self, to: UnsafeMutableRawBufferPointer(buffer))
            initialized = count
        }
    }
}

extension Tensor {
    /// Lends the address of a contiguous float32 tensor to a library that moves it: message passing, files.
    public func withFloats<Result>(_ body: (UnsafeMutablePointer<Float>) throws(TrainerError) -> Result) throws(TrainerError) -> Result {
        precondition(isContiguous, "Tensor.withFloats: the tensor has gaps")
        return try body(floats)
    }

    /// Lends the bytes of a contiguous tensor of any type in the same way.
    public func withBytes<Result>(_ body: (UnsafeMutableRawBufferPointer) throws(TrainerError) -> Result) throws(TrainerError) -> Result {
        precondition(isContiguous, "Tensor.withBytes: the tensor has gaps")
        return try body(UnsafeMutableRawBufferPointer(start: address, count: byteCount))
    }
}
