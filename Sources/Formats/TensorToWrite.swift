public import Support
public import Tensors

/// A tensor for a file, whose bytes are asked for when the writer comes to it, so that no file is ever whole in memory.
public struct TensorToWrite {
    /// Takes the next bytes of the tensor, any number at a time.
    public typealias Sink = (UnsafeRawBufferPointer) throws(TrainerError) -> Void

    public let name: String
    public let elementType: ElementType
    /// Outermost dimension first.
    public let shape: [Int]
    let body: (Sink) throws(TrainerError) -> Void

    public var byteCount: Int { elementType.byteCount(shape.reduce(1, *)) }

    /// - Parameter body: Hands the tensor's bytes to the sink in order, `byteCount` of them in all.
    public init(_ name: String, _ elementType: ElementType, _ shape: [Int], body: @escaping (Sink) throws(TrainerError) -> Void) {
        self.name = name
        self.elementType = elementType
        self.shape = shape
        self.body = body
    }

    /// A tensor whose bytes are filled into a buffer piece by piece.
    ///
    /// - Parameters:
    ///   - pieceBytes: The largest piece; a multiple of the block's bytes.
    ///   - fill: Writes the bytes that begin at an offset of the tensor into the whole of the buffer it is given.
    public init(
        _ name: String, _ elementType: ElementType, _ shape: [Int], pieceBytes: Int = 1 << 22,
        fill: @escaping (_ offset: Int, _ buffer: UnsafeMutableRawBufferPointer) throws(TrainerError) -> Void
    ) {
        let total = elementType.byteCount(shape.reduce(1, *))
        self.init(name, elementType, shape) { (sink) throws(TrainerError) in
            let piece = max(elementType.blockBytes, pieceBytes / elementType.blockBytes * elementType.blockBytes)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, min(piece, total)), alignment: 64)
            defer { buffer.deallocate() }
            var offset = 0
            while offset < total {
                let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(piece, total - offset)])
                try fill(offset, part)
                try sink(UnsafeRawBufferPointer(part))
                offset += part.count
            }
        }
    }

    public init(_ name: String, _ elementType: ElementType, _ shape: [Int], bytes: [UInt8]) {
        self.init(name, elementType, shape) { (sink) throws(TrainerError) in
            try bytes.withUnsafeBufferPointer { (bytes) throws(TrainerError) in try sink(UnsafeRawBufferPointer(bytes)) }
        }
    }

    public init(_ name: String, _ shape: [Int], floats: [Float]) {
        self.init(name, .float32, shape) { (sink) throws(TrainerError) in
            try floats.withUnsafeBufferPointer { (floats) throws(TrainerError) in try sink(UnsafeRawBufferPointer(floats)) }
        }
    }

    /// A copy of a tensor of another file.
    public init(_ entry: TensorEntry, name: String? = nil) {
        self.init(name ?? entry.name, entry.elementType, entry.shape) { (sink) throws(TrainerError) in try sink(entry.bytes) }
    }

    /// Streams the tensor.
    ///
    /// - Throws: What the body throws; `shape` if it hands over more or fewer bytes than the shape asks.
    func write(to sink: Sink) throws(TrainerError) {
        var given = 0
        try body { (bytes) throws(TrainerError) in
            given += bytes.count
            guard given <= byteCount else { throw wrongSize(given) }
            try sink(bytes)
        }
        guard given == byteCount else { throw wrongSize(given) }
    }

    private func wrongSize(_ given: Int) -> TrainerError {
        let wanted = "\(shape) of \(elementType.rawValue) has \(byteCount) bytes"
        return TrainerError(.shape, "tensor \(name)", "\(given) bytes were given to write, but \(wanted)")
    }

    /// Refuses names that come twice and shapes that are no whole number of blocks, before a file is begun.
    static func check(_ tensors: [TensorToWrite]) throws(TrainerError) {
        var names: Set<String> = []
        for tensor in tensors {
            guard names.insert(tensor.name).inserted else { throw TrainerError(.shape, "tensor \(tensor.name)", "is to be written twice") }
            guard tensor.shape.allSatisfy({ $0 >= 0 }), (tensor.shape.last ?? 1) % tensor.elementType.blockSize == 0 else {
                let problem = "the shape \(tensor.shape) does not fit \(tensor.elementType.rawValue)"
                throw TrainerError(.shape, "tensor \(tensor.name)", problem)
            }
        }
    }
}
