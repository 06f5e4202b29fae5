import Crypto
public import Support

/// A file to be saved: its name, its exact size, and what streams its bytes.
public struct CheckpointFile {
    /// A plain file name, without a folder.
    public var name: String
    public var byteCount: Int
    /// Called twice, and gives the same bytes both times: once they are written, once compared with what the device has kept.
    public var write: (inout CheckpointFileWriter) throws(TrainerError) -> Void

    public init(name: String, byteCount: Int, write: @escaping (inout CheckpointFileWriter) throws(TrainerError) -> Void) {
        self.name = name
        self.byteCount = byteCount
        self.write = write
    }

    public init(name: String, bytes: [UInt8]) {
        self.init(name: name, byteCount: bytes.count) { (writer) throws(TrainerError) in try writer.write(bytes) }
    }
}

/// Takes a file's bytes in order.
public struct CheckpointFileWriter {
    /// Bytes given so far.
    public private(set) var byteCount = 0
    private let path: String
    private let declaredByteCount: Int
    private let body: (UnsafeRawBufferPointer) throws(TrainerError) -> Void

    /// Streams a file into `body`, in pieces of at most 256 KiB: what one reader has touched is in the processor's cache for the next.
    static func stream(_ file: CheckpointFile, path: String, _ body: (UnsafeRawBufferPointer) throws(TrainerError) -> Void) throws(TrainerError) {
        try withoutActuallyEscaping(body) { (body) throws(TrainerError) in
            var writer = CheckpointFileWriter(path: path, declaredByteCount: file.byteCount, body: body)
            try file.write(&writer)
            guard writer.byteCount == file.byteCount else {
                throw TrainerError(.file, path, "was declared with \(file.byteCount) bytes and was given \(writer.byteCount)")
            }
        }
    }

    private init(path: String, declaredByteCount: Int, body: @escaping (UnsafeRawBufferPointer) throws(TrainerError) -> Void) {
        self.path = path
        self.declaredByteCount = declaredByteCount
        self.body = body
    }

    /// Adds bytes at the end.
    ///
    /// - Throws: `file` on a full disk or a failing device, and when there come more bytes than the file was declared with.
    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(TrainerError) {
        guard byteCount + bytes.count <= declaredByteCount else {
            throw TrainerError(.file, path, "was declared with \(declaredByteCount) bytes and is given \(byteCount + bytes.count) or more")
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 18))
            try body(piece)
            rest = rest.dropFirst(piece.count)
        }
        byteCount += bytes.count
    }

    public mutating func write(_ bytes: [UInt8]) throws(TrainerError) {
        try bytes.span.bytes.withUnsafeBytes { (bytes) throws(TrainerError) in try write(bytes) }
    }
}

/// The SHA-256 of a file and the number of its bytes.
func digest(of path: String, in fileSystem: FileSystem) throws(TrainerError) -> (byteCount: Int, sha256: String) {
    var hash = SHA256()
    let byteCount = try fileSystem.read(path) { (piece) throws(TrainerError) in hash.update(bufferPointer: piece) }
    return (byteCount, hexadecimal(hash.finalize()))
}

func digest(of bytes: [UInt8]) -> String { hexadecimal(SHA256.hash(data: bytes)) }
