import Crypto
public import Support

/// A file to be saved: its name, its exact size, and what streams its bytes.
public struct CheckpointFile {
    /// A plain file name, without a folder.
    public var name: String
    public var byteCount: Int
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

/// Takes a file's bytes in order, hashing them on their way to the disk.
public struct CheckpointFileWriter {
    /// Bytes written so far.
    public private(set) var byteCount = 0
    private let file: DurableFile
    private let declaredByteCount: Int
    private var hash = SHA256()

    init(file: DurableFile, declaredByteCount: Int) {
        self.file = file
        self.declaredByteCount = declaredByteCount
    }

    /// Adds bytes at the end.
    ///
    /// - Throws: `file` on a full disk or a failing device, and when there come more bytes than the file was declared with.
    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(TrainerError) {
        guard byteCount + bytes.count <= declaredByteCount else {
            throw TrainerError(.file, file.path, "was declared with \(declaredByteCount) bytes and is given \(byteCount + bytes.count) or more")
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            // Small enough to be still in the processor's cache when the system copies what was just hashed.
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 18))
            hash.update(bufferPointer: piece)
            try file.write(piece)
            rest = rest.dropFirst(piece.count)
        }
        byteCount += bytes.count
    }

    public mutating func write(_ bytes: [UInt8]) throws(TrainerError) {
        try bytes.span.bytes.withUnsafeBytes { (bytes) throws(TrainerError) in try write(bytes) }
    }

    /// Brings the file to the device and returns the SHA-256 of its bytes.
    func finish() throws(TrainerError) -> String {
        guard byteCount == declaredByteCount else {
            throw TrainerError(.file, file.path, "was declared with \(declaredByteCount) bytes and was given \(byteCount)")
        }
        try file.synchronize()
        try file.close()
        return hexadecimal(hash.finalize())
    }
}

/// The SHA-256 of a file and the number of its bytes.
func digest(of path: String, fromDevice: Bool = false, in fileSystem: FileSystem) throws(TrainerError) -> (byteCount: Int, sha256: String) {
    var hash = SHA256()
    let byteCount = try fileSystem.read(path, fromDevice: fromDevice) { (piece) throws(TrainerError) in hash.update(bufferPointer: piece) }
    return (byteCount, hexadecimal(hash.finalize()))
}

func digest(of bytes: [UInt8]) -> String { hexadecimal(SHA256.hash(data: bytes)) }

private func hexadecimal(_ digest: SHA256.Digest) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
