import Glibc
import Support

/// An exclusive lock on a file, waited for; the kernel lets go of it when the process dies. Hugging Face's own programs take the same one.
struct FileLock: ~Copyable {
    private let descriptor: Int32

    /// - Parameter waiting: Called once if another process holds the lock.
    /// - Throws: `file` if the lock's file can't be made. A file system without locks is let pass: what is fetched is hashed in any case.
    init(path: String, waiting: () -> Void) throws(TrainerError) {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC
        descriptor = open(path, flags, 0o644)
        guard descriptor >= 0 else {
            throw TrainerError(
                .file, path, "can't be made: \(String(cString: strerror(errno)))", remedy: "Set HF_HUB_CACHE to a folder that this user may write to")
        }
        var hasTold = false
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { return }
            if !hasTold { waiting() }
            hasTold = true
            usleep(100_000)
        }
    }

    deinit { close(descriptor) }
}
