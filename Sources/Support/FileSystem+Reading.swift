import Glibc

extension FileSystem {
    public enum Kind: Sendable {
        case file, folder, other, nothing
    }

    /// What lies at a path; a link is `other`.
    ///
    /// - Throws: `file` if that can't be told; only a path that certainly does not exist is `nothing`.
    public func kind(of path: String) throws(TrainerError) -> Kind {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return .nothing }
            throw .system(path, "can't be examined")
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        default: return .other
        }
    }

    /// Whether a folder lies at a path, or where a link there leads.
    public func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The size of a regular file in bytes; nil where there is none.
    public func size(of path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// The names in a folder, sorted, without `.` and `..`.
    public func names(in folder: String) throws(TrainerError) -> [String] {
        guard let stream = opendir(folder) else { throw .system(folder, "can't be listed") }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw .system(folder, "can't be listed") }
        return names.sorted()
    }

    /// Hands the file's bytes to `body` in order, in pieces of at most 1 MiB, and returns their number.
    @discardableResult
    public func read(_ path: String, _ body: (UnsafeRawBufferPointer) throws(TrainerError) -> Void) throws(TrainerError) -> Int {
        let file = try ReadableFile(path: path)
        while true {
            let piece = try file.next(DurableFile.pieceSize)
            guard !piece.isEmpty else { return file.position }
            try body(piece)
        }
    }

    /// All bytes of a small file.
    public func contents(of path: String) throws(TrainerError) -> [UInt8] {
        var bytes: [UInt8] = []
        try read(path) { (piece) throws(TrainerError) in bytes.append(contentsOf: piece) }
        return bytes
    }

    /// The space that this user may still fill on the file system of `path`. A quota is not seen.
    public func freeSpace(at path: String) throws(TrainerError) -> ByteCount {
        var status = statvfs()
        try retrying(path, "can't be asked for its free space") { statvfs(path, &status) }
        return ByteCount(Int(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue))
    }

    /// The folder that holds `path`: `.` for a bare name, `/` for the root.
    public func parent(of path: String) -> String {
        let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }
}
