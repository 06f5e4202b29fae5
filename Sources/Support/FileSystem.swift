import Glibc

/// What durable writing needs of the file system, as throwing calls whose every change a test can watch or interrupt.
///
/// A new name (a created file, a folder, a rename) survives a power failure once the folder that holds it was synchronized.
public struct FileSystem: Sendable {
    /// A change about to be made.
    public enum Operation: Hashable, Sendable {
        case createFolder(String)
        case create(String)
        case write(String)
        /// A file's or a folder's content is brought to the device.
        case synchronize(String)
        case rename(String, to: String)
        case remove(String)
    }

    /// Called before each operation; what it throws is thrown in its place.
    public typealias Hook = @Sendable (Operation) throws(TrainerError) -> Void

    private let hook: Hook?

    public init() { hook = nil }

    /// For tests: stops at chosen operations, as a crash or a failing disk would.
    package init(hook: @escaping Hook) { self.hook = hook }

    func announce(_ operation: Operation) throws(TrainerError) {
        if let hook { try hook(operation) }
    }

    // MARK: - Files

    /// A new file. One that exists already is an error: two writers never share a name unawares.
    ///
    /// - Parameter pastCache: For a large file that nobody reads soon: its bytes don't go through the page cache where that can be done.
    public func create(_ path: String, pastCache: Bool = false) throws(TrainerError) -> DurableFile {
        try announce(.create(path))
        return try open(path, O_EXCL, "can't be created", pastCache: pastCache)
    }

    /// A file to which every write adds at the end, made if missing.
    public func append(to path: String) throws(TrainerError) -> DurableFile {
        try announce(.create(path))
        return try open(path, O_APPEND, "can't be opened for writing")
    }

    private func open(_ path: String, _ flag: Int32, _ problem: String, pastCache: Bool = false) throws(TrainerError) -> DurableFile {
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | flag
        let descriptor = try retrying(path, problem) { Glibc.open(path, flags, 0o644) }
        return DurableFile(path: path, descriptor: descriptor, fileSystem: self, pastCache: pastCache)
    }

    /// Puts a small file in place of an old one or of none: after a crash the path holds the old bytes or the new ones, whole.
    ///
    /// One writer at a time for a path.
    public func replace(_ path: String, with bytes: [UInt8]) throws(TrainerError) {
        let temporary = path + ".partial"
        try remove(temporary)
        let file = try create(temporary)
        try file.write(bytes)
        try file.synchronize()
        try file.close()
        try rename(temporary, to: path)
        try synchronizeFolder(parent(of: path))
    }

    // MARK: - Names and folders

    /// Makes a folder that does not exist yet, inside one that does.
    public func createFolder(_ path: String) throws(TrainerError) {
        try announce(.createFolder(path))
        try retrying(path, "can't be created") { mkdir(path, 0o755) }
    }

    /// Makes a folder and those above it where they are missing, each durable. A link to a folder is one.
    public func createFolders(_ path: String) throws(TrainerError) {
        if isFolder(path) { return }
        let above = parent(of: path)
        if above != path { try createFolders(above) }
        do throws(TrainerError) {
            try createFolder(path)
        } catch {
            // Another rank may have been quicker.
            guard !isFolder(path) else { return }
            throw try kind(of: path) == .nothing ? error : TrainerError(.file, path, "is no folder")
        }
        try synchronizeFolder(above)
    }

    /// Gives a file or folder another name on the same file system; a file at the new name is replaced.
    public func rename(_ path: String, to newPath: String) throws(TrainerError) {
        try announce(.rename(path, to: newPath))
        try retrying(path, "can't be renamed to \(newPath)") { Glibc.rename(path, newPath) }
    }

    /// Brings a folder's list of names to the device; file systems that keep no such thing are let pass.
    public func synchronizeFolder(_ path: String) throws(TrainerError) {
        try announce(.synchronize(path))
        let descriptor = try retrying(path, "can't be opened") { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        defer { close(descriptor) }
        try retrying(path, "can't be brought to the disk") { fsync(descriptor) < 0 && errno != EINVAL && errno != ENOTSUP ? -1 : 0 }
    }

    /// Removes a file, a link, or a folder with all it holds. Nothing at the path is not an error; links are not followed.
    public func remove(_ path: String) throws(TrainerError) {
        switch try kind(of: path) {
        case .nothing: return
        case .folder:
            for name in try names(in: path) { try remove("\(path)/\(name)") }
            try announce(.remove(path))
            try retrying(path, "can't be removed") { rmdir(path) }
        case .file, .other:
            try announce(.remove(path))
            try retrying(path, "can't be removed") { unlink(path) }
        }
    }
}
