import Glibc
import Reporting
public import Support

/// The right to write into a run's folder, held by one process at a time.
///
/// The lock is the kernel's (`flock`), so it ends with the process however that dies; the file `run.lock` stays and says who held it last.
/// On NFS, Linux turns it into a lock on the server, which other hosts see, and which the server keeps for a minute or two after its holder's host
/// is lost; a mount with `nolock` or `local_lock=flock` keeps it to the host, and Lustre needs the mount option `flock`. Rank 0 takes it for the
/// whole job.
public final class RunLock {
    public static let fileName = "run.lock"

    /// Set where the file system has no locks: the run goes on unprotected, and its log begins with this.
    public private(set) var warning: String?
    private var descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { release() }

    /// Takes the lock of a folder that exists. Where a process of this host is known to hold it that fails at once; elsewhere the holder may be
    /// gone, and its lock soon after.
    ///
    /// - Parameters:
    ///   - patience: How long to wait for a holder that may be gone.
    ///   - say: Called once with a line for the user before that.
    /// - Throws: `file` if another process of this host holds it, naming that process, or if the lock file can't be opened; `communication` if it
    ///   is still held after the wait.
    public static func take(folder: String, patience: Duration = .seconds(120), say: (String) -> Void = { _ in }) throws(TrainerError) -> RunLock {
        let path = "\(folder)/\(fileName)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system(path, "can't be opened", remedy: "Choose a run folder that this user may write to") }
        let lock = RunLock(descriptor: descriptor)
        let failure = try wait(descriptor, path, patience, say)
        if failure != 0 { lock.warning = warning(failure, path) }
        lock.writeHolder()
        return lock
    }

    /// Gives the lock back before the object's life ends.
    public func release() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
    }

    /// - Returns: Zero, or the `errno` of a file system without locks.
    private static func wait(_ descriptor: Int32, _ path: String, _ patience: Duration, _ say: (String) -> Void) throws(TrainerError) -> Int32 {
        let start = ContinuousClock.now
        var isTold = false
        while true {
            let failure = lock(descriptor)
            guard failure == EWOULDBLOCK else { return failure }
            let holder = Holder.read(path)
            if holder?.mark?.isAlive == true { throw inUse(.file, path, holder, "Wait for it, end it, or give this run another folder") }
            guard ContinuousClock.now - start < patience else {
                throw inUse(.communication, path, holder, "If that is no longer running, start this one again in some minutes")
            }
            if !isTold {
                say("\(path): the run's folder is in use by \(name(holder)), which may be gone; waiting up to \(patience.words) for it to be free")
            }
            isTold = true
            usleep(200_000)
        }
    }

    /// Zero or the `errno` of `flock`.
    private static func lock(_ descriptor: Int32) -> Int32 {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno != EINTR { return errno }
        }
        return 0
    }

    private static func name(_ holder: Holder?) -> String { holder?.line ?? "another process" }

    private static func inUse(_ code: TrainerError.Code, _ path: String, _ holder: Holder?, _ remedy: String) -> TrainerError {
        TrainerError(code, path, "the run's folder is in use by \(name(holder))", remedy: remedy)
    }

    private static func warning(_ failure: Int32, _ path: String) -> String {
        "\(path): the file system has no locks (\(String(cString: strerror(failure)))); see to it that no other job writes into this folder"
    }

    /// Leaves lines for those who find the lock taken. They inform only: failing to write them changes nothing.
    private func writeHolder() {
        let text = Holder.own.text
        guard ftruncate(descriptor, 0) == 0 else { return }
        _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    }
}

/// Who has a lock, as its file says: a line for people, and when the process started, which tells it from a later one of its number.
private struct Holder {
    var line: String
    /// nil if the file does not say who exactly.
    var mark: ProcessMark?

    var text: String { "\(line)\n" + (mark.map { "\($0.start)\n" } ?? "") }

    static var own: Holder {
        let mark = ProcessMark.own
        return Holder(line: "process \(mark.process) on \(mark.host)", mark: mark)
    }

    static func read(_ path: String) -> Holder? {
        guard let bytes = try? FileSystem().contents(of: path) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        guard let line = lines.first else { return nil }
        let words = line.split(separator: " ")
        guard words.count == 4, let process = Int32(words[1]), lines.count > 1, let start = UInt64(lines[1]) else { return Holder(line: line) }
        return Holder(line: line, mark: ProcessMark(host: String(words[3]), process: process, start: start))
    }
}
