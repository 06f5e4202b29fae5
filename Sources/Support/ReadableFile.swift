import Glibc

/// A file read from its beginning to its end by calls rather than as memory: a file cut short or a failing disk is an error, not a SIGBUS.
public final class ReadableFile {
    public let path: String
    /// Bytes read so far.
    public private(set) var position = 0
    private let descriptor: Int32

    /// - Parameter fromDevice: Drops the file's pages from the page cache first, so that what comes is what the device kept. A hint: pages
    ///   that were not synchronized stay, and memory file systems ignore it.
    public init(path: String, fromDevice: Bool = false) throws(TrainerError) {
        self.path = path
        descriptor = try retrying(path, "can't be opened") { open(path, O_RDONLY | O_CLOEXEC) }
        if fromDevice { posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) }
    }

    deinit { close(descriptor) }

    /// Fills the buffer; returns the number of bytes, less than the buffer's only at the end of the file.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(TrainerError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = Glibc.read(descriptor, rest.baseAddress, rest.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .system(path, "can't be read at byte \(position)") }
            if count == 0 { break }
            filled += count
            position += count
        }
        return filled
    }

    /// Reads as many bytes as are given, and tells whether they are the same.
    public func nextEquals(_ bytes: UnsafeRawBufferPointer) throws(TrainerError) -> Bool {
        guard let wanted = bytes.baseAddress else { return true }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
        defer { buffer.deallocate() }
        guard try read(into: buffer) == bytes.count, let found = buffer.baseAddress else { return false }
        return memcmp(found, wanted, bytes.count) == 0
    }
}
