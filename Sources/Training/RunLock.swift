import Glibc
public import Support

/// The right to write into a run's folder, held by one process at a time.
///
/// The lock is the kernel's (`flock`), so it ends with the process however that dies; the file `run.lock` stays and says who held it last.
/// On NFS, Linux turns it into a lock on the server, which other hosts see; a mount with `nolock` or `local_lock=flock` keeps it to the
/// host, and Lustre needs the mount option `flock`. Rank 0 takes it for the whole job.
public final class RunLock {
    public static let fileName = "run.lock"

    /// Set where the file system has no locks: the run goes on unprotected, and the reader should know.
    public let warning: String?
    private var descriptor: Int32

    private init(descriptor: Int32, warning: String?) {
        self.descriptor = descriptor
        self.warning = warning
    }

    deinit { release() }

    /// Takes the lock of a folder that exists, or fails at once.
    ///
    /// - Throws: `file` if another process holds it, naming that process, or if the lock file can't be opened.
    public static func take(folder: String) throws(TrainerError) -> RunLock {
        let path = "\(folder)/\(fileName)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system(path, "can't be opened", remedy: "Choose a run folder that this user may write to") }
        let lock = RunLock(descriptor: descriptor, warning: try warning(lock(descriptor, path), path))
        lock.writeHolder()
        return lock
    }

    /// Gives the lock back before the object's life ends.
    public func release() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
    }

    /// Zero or the `errno` of `flock`.
    private static func lock(_ descriptor: Int32, _ path: String) -> Int32 {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno != EINTR { return errno }
        }
        return 0
    }

    private static func warning(_ failure: Int32, _ path: String) throws(TrainerError) -> String? {
        switch failure {
        case 0: return nil
        case EWOULDBLOCK:
            let holder = (try? FileSystem().contents(of: path)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            let name = holder.split(separator: "\n").first.map(String.init) ?? "another process"
            let remedy = "Wait for it, end it, or give this run another folder"
            throw TrainerError(.file, path, "the run's folder is in use by \(name)", remedy: remedy)
        default:
            return
                "\(path): the file system has no locks (\(String(cString: strerror(failure)))); see to it that no other job writes into this folder"
        }
    }

    /// Leaves a line for those who find the lock taken. It informs only: failing to write it changes nothing.
    private func writeHolder() {
        var host = [CChar](repeating: 0, count: 256)
        let isKnown = gethostname(&host, host.count - 1) == 0
        let name = isKnown ? String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : "an unknown host"
        let line = "process \(getpid()) on \(name)\n"
        guard ftruncate(descriptor, 0) == 0 else { return }
        _ = line.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    }
}
