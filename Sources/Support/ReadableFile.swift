import Glibc

/// A file read from its beginning to its end by calls rather than as memory: a file cut short or a failing disk is an error, not a SIGBUS.
public final class ReadableFile {
    public let path: String
    /// Bytes given so far.
    public private(set) var position = 0
    private let descriptor: Int32
    private let block = DirectBlock()

    /// - Parameter fromDevice: Drops the file's pages from the page cache first and reads past it (O_DIRECT), so that what comes is what
    ///   the device kept. Pages that were not synchronized stay, and memory file systems have no device.
    public init(path: String, fromDevice: Bool = false) throws(TrainerError) {
        self.path = path
        descriptor = try retrying(path, "can't be opened") { open(path, O_RDONLY | O_CLOEXEC) }
        guard fromDevice else { return }
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        DirectBlock.set(true, descriptor)
    }

    deinit { close(descriptor) }

    /// The bytes that come next, at most `count`: none only at the end of the file. They are good until the next call.
    public func next(_ count: Int) throws(TrainerError) -> UnsafeRawBufferPointer {
        if block.isEmpty { try fill() }
        let piece = block.take(count)
        position += piece.count
        return piece
    }

    /// Reads as many bytes as are given, and tells whether they are the same.
    public func nextEquals(_ bytes: UnsafeRawBufferPointer) throws(TrainerError) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = try next(rest.count)
            guard !piece.isEmpty, let found = piece.baseAddress, let wanted = UnsafeRawBufferPointer(rebasing: rest).baseAddress,
                memcmp(found, wanted, piece.count) == 0
            else { return false }
            rest = rest.dropFirst(piece.count)
        }
        return true
    }

    private func fill() throws(TrainerError) {
        while block.fill({ memory in Glibc.read(descriptor, memory.baseAddress, memory.count) }) < 0 {
            if errno == EINTR { continue }
            if DirectBlock.giveUp(descriptor) { continue }
            throw .system(path, "can't be read at byte \(position)")
        }
    }
}
