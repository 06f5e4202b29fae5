import Glibc

/// A file mapped read-only into memory; pages are read when touched and shared by the ranks of a node.
public final class MappedFile: Sendable {
    public let path: String
    /// The file's bytes, valid while this object lives.
    public nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

    /// - Throws: `file` if the path can't be opened, is a folder or can't be mapped. An empty file is not an error.
    public init(path: String) throws(TrainerError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(path, "can't be opened") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(path, "can't be examined") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw TrainerError(.file, path, "is not a regular file") }
        self.path = path
        guard status.st_size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let address = mmap(nil, Int(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address, address != MAP_FAILED else { throw .system(path, "can't be mapped into memory") }
        bytes = UnsafeRawBufferPointer(start: address, count: Int(status.st_size))
    }

    deinit {
        if let address = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: address), bytes.count) }
    }

    /// Drops the pages of a range from this process's resident memory; they are read again when touched.
    public func forget(_ range: Range<Int>) {
        let page = 4096
        let first = range.lowerBound / page * page
        guard let address = bytes.baseAddress, range.upperBound > first else { return }
        madvise(UnsafeMutableRawPointer(mutating: address + first), range.upperBound - first, MADV_DONTNEED)
    }

    /// As `forget`, along with the neighbours that the kernel brings in with a page that is touched: up to 64 KiB, at a multiple of that.
    public func forget(around range: Range<Int>) {
        guard let address = bytes.baseAddress, !range.isEmpty else { return }
        let window = 1 << 16
        let (start, end) = (Int(bitPattern: address), Int(bitPattern: address) + bytes.count)
        let first = max(start, (start + range.lowerBound) / window * window)
        let last = min(end, (start + range.upperBound + window - 1) / window * window)
        forget((first - start)..<(last - start))
    }
}

extension TrainerError {
    /// A failed system call: the code `file`, with the system's own words for `errno`.
    public static func system(_ path: String, _ problem: String, remedy: String? = nil) -> TrainerError {
        let reason = String(cString: strerror(errno))
        return TrainerError(.file, path, "\(problem) (\(reason))", remedy: remedy)
    }
}
