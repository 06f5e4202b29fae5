import Glibc

/// A file being written, byte by byte accounted for: short writes and interrupted calls are carried on, every failure is thrown.
///
/// `FileSystem` makes one. Nothing is buffered in the process, unless the file goes past the page cache. What was written survives a killed
/// process at once, and a power failure after `synchronize()`, given that the folder that names the file was synchronized too.
public final class DurableFile {
    public let path: String
    private let fileSystem: FileSystem
    private var descriptor: Int32
    /// Gathers what goes past the page cache; nil if all goes through it.
    private let block: DirectBlock?

    /// The most bytes handed to the system at once: small enough that a hook sees a large file being written.
    static let pieceSize = 1 << 20

    /// - Parameter pastCache: Writes by direct memory access where the file system offers it (O_DIRECT): no page of memory is filled with
    ///   what nobody reads again, which costs the processor many times what the device takes. Elsewhere it is written as any file.
    init(path: String, descriptor: Int32, fileSystem: FileSystem, pastCache: Bool = false) {
        self.path = path
        self.descriptor = descriptor
        self.fileSystem = fileSystem
        block = pastCache && DirectBlock.set(true, descriptor) ? DirectBlock() : nil
    }

    deinit {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
    }

    /// Writes all the bytes at the end of what was written before.
    ///
    /// - Throws: `file` on a full disk, a quota or a failing device; some of the bytes may have been written then, and the file is good for nothing.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(TrainerError) {
        guard let block else { return try put(bytes) }
        var rest = bytes[...]
        while !rest.isEmpty {
            rest = rest.dropFirst(block.add(UnsafeRawBufferPointer(rebasing: rest)))
            if block.isFull { try put(block.take()) }
        }
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws(TrainerError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            try fileSystem.announce(.write(path))
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(block == nil ? Self.pieceSize : DirectBlock.size))
            let count = Glibc.write(descriptor, piece.baseAddress, piece.count)
            if count < 0 && errno == EINTR { continue }
            if count < 0 && DirectBlock.giveUp(descriptor) { continue }
            guard count > 0 else { throw .fileSystem(path, "can't be written") }
            rest = rest.dropFirst(count)
        }
    }

    public func write(_ bytes: [UInt8]) throws(TrainerError) {
        try bytes.span.bytes.withUnsafeBytes { (bytes) throws(TrainerError) in try write(bytes) }
    }

    /// Returns when the file's bytes and size are on the device.
    ///
    /// A failed call is final: the kernel may have dropped the pages it could not write, so a second call could succeed without them.
    public func synchronize() throws(TrainerError) {
        if let rest = block?.take() { try put(rest) }
        try fileSystem.announce(.synchronize(path))
        try retrying(path, "can't be brought to the disk") { fsync(descriptor) }
    }

    /// Closes the file; some network file systems report a full disk only here.
    public func close() throws(TrainerError) {
        guard descriptor >= 0 else { return }
        if let rest = block?.take() { try put(rest) }
        let status = Glibc.close(descriptor)
        descriptor = -1
        // After EINTR the descriptor is gone on Linux: a second call could close somebody else's.
        guard status == 0 || errno == EINTR else { throw .fileSystem(path, "can't be closed") }
    }
}

/// Repeats a system call while a signal interrupts it; returns its result, which is not negative.
@discardableResult
func retrying(_ path: String, _ problem: String, _ call: () -> Int32) throws(TrainerError) -> Int32 {
    while true {
        let status = call()
        if status >= 0 { return status }
        guard errno == EINTR else { throw .fileSystem(path, problem) }
    }
}

extension TrainerError {
    /// A failed call on the file system, with the remedy that belongs to `errno`.
    static func fileSystem(_ path: String, _ problem: String) -> TrainerError {
        let remedy: String? =
            switch errno {
            case ENOSPC, EDQUOT: "Free some space there, or choose a folder on another file system"
            case EACCES, EPERM, EROFS: "Choose a folder that this user may write to"
            case EMFILE, ENFILE: "Raise the limit on open files (ulimit -n)"
            default: nil
            }
        return .system(path, problem, remedy: remedy)
    }
}
