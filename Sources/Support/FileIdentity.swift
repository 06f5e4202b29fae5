import Glibc

/// What tells a file apart from others, and from itself before it was changed, without reading it.
public struct FileIdentity: Equatable, Sendable {
    /// The path without links and detours.
    public let path: String
    public let size: Int
    public let inode: UInt64
    /// When the content was last changed, in nanoseconds since 1970. Programs can set it.
    public let modified: Int
    /// When the content or what is known about the file was last changed, in nanoseconds since 1970. Programs can't set it.
    public let changed: Int

    /// - Throws: `file` if there is no such file.
    public init(path: String) throws(TrainerError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .system(path, "can't be opened") }
        let resolved = realpath(path, nil)
        defer { free(resolved) }
        self.path = resolved.map { String(cString: $0) } ?? path
        size = Int(status.st_size)
        inode = UInt64(status.st_ino)
        modified = Int(status.st_mtim.tv_sec) * 1_000_000_000 + status.st_mtim.tv_nsec
        changed = Int(status.st_ctim.tv_sec) * 1_000_000_000 + status.st_ctim.tv_nsec
    }

    /// How long ago the file was changed, by this machine's clock; negative if its file system's clock is ahead.
    public var age: Duration {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return .nanoseconds(Int(now.tv_sec) * 1_000_000_000 + now.tv_nsec - max(modified, changed))
    }
}
