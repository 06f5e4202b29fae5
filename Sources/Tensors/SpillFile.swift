import Glibc
import Support

/// A file without a name, which a thread of its own writes and reads in the order it was asked.
///
/// Calls and not a mapping: what is spilled then counts as the system's cache, which it gives up when memory runs short, and a full disk is an
/// error and not a signal. The file is gone with the process, however that ends.
final class SpillFile {
    /// Bytes that lie in memory and in the file.
    struct Move: @unchecked Sendable {
        let address: UnsafeMutableRawPointer
        let byteCount: Int
        let offset: Int
        let isWrite: Bool
    }

    private let shared: Shared
    private var thread = pthread_t()

    /// - Throws: `file` if the folder is missing or no file can be made in it.
    init(folder: String) throws(TrainerError) {
        let remedy = "Let memory.spill_folder name a folder that exists, on a disk with room"
        var template = Array("\(folder)/trainer-spill-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw .system(folder, "can't hold a spill file", remedy: remedy) }
        unlink(template)
        shared = Shared(descriptor: descriptor, folder: folder)
        let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { shared in
            if let shared { Unmanaged<Shared>.fromOpaque(shared).takeRetainedValue().run() }
            return nil
        }
        let worker = Unmanaged.passRetained(shared)
        let status = pthread_create(&thread, nil, run, worker.toOpaque())
        guard status == 0 else {
            worker.release()
            throw TrainerError(.memory, folder, "the system gives no thread for the spill file", remedy: "Raise the limit on processes (ulimit -u)")
        }
    }

    deinit {
        shared.stop()
        pthread_join(thread, nil)
    }

    /// Puts a move at the end of the queue; the number to wait for.
    func start(_ move: Move) -> Int { shared.start(move) }

    /// Returns when the move of that number and all before it are done.
    ///
    /// - Throws: `file` if any so far has failed: the disk is full or fails.
    func wait(_ number: Int) throws(TrainerError) {
        if let failure = shared.wait(number) { throw failure }
    }

    /// Returns when nothing is under way.
    func finish() throws(TrainerError) { try wait(shared.settle()) }

    /// The same, whether it went well or not.
    func settle() { _ = shared.settle() }

    /// What both threads see, behind one lock.
    private final class Shared: @unchecked Sendable {
        private let descriptor: Int32
        private let folder: String
        private let monitor = Monitor()
        private var queue: [Move] = []
        private var startedCount = 0
        private var doneCount = 0
        private var isStopped = false
        private var failure: TrainerError?

        init(descriptor: Int32, folder: String) {
            self.descriptor = descriptor
            self.folder = folder
        }

        deinit { close(descriptor) }

        func start(_ move: Move) -> Int {
            monitor.locked {
                queue.append(move)
                startedCount += 1
                monitor.wake(.posted)
                return startedCount
            }
        }

        func stop() {
            monitor.locked {
                isStopped = true
                monitor.wake(.posted)
            }
        }

        func wait(_ number: Int) -> TrainerError? {
            monitor.locked {
                monitor.wait(for: .finished) { doneCount >= number }
                return failure
            }
        }

        /// Waits until nothing is under way; the number of moves so far.
        func settle() -> Int {
            monitor.locked {
                monitor.wait(for: .finished) { doneCount == startedCount }
                return doneCount
            }
        }

        func run() {
            while let move = next() {
                let failed = perform(move)
                monitor.locked {
                    if failure == nil { failure = failed }
                    doneCount += 1
                    monitor.wake(.finished)
                }
            }
        }

        /// The first request of the queue, once there is one; nil when the file's owner is gone.
        private func next() -> Move? {
            monitor.locked {
                monitor.wait(for: .posted) { !queue.isEmpty || isStopped }
                return queue.isEmpty ? nil : queue.removeFirst()
            }
        }

        private func perform(_ move: Move) -> TrainerError? {
            var done = 0
            while done < move.byteCount {
                let (address, count, offset) = (move.address + done, move.byteCount - done, off_t(move.offset + done))
                let moved = move.isWrite ? pwrite(descriptor, address, count, offset) : pread(descriptor, address, count, offset)
                if moved < 0 && errno == EINTR { continue }
                guard moved > 0 else { return refusal(move, isAtEnd: moved == 0) }
                done += moved
            }
            return nil
        }

        private func refusal(_ move: Move, isAtEnd: Bool) -> TrainerError {
            let problem = "\(ByteCount(move.byteCount)) can't be \(move.isWrite ? "spilled there" : "read back")"
            if isAtEnd { return TrainerError(.file, folder, "\(problem): the spill file ends early") }
            let remedy = "Free some space there, or let memory.spill_folder name a folder on a disk with room"
            return .system(folder, problem, remedy: move.isWrite ? remedy : nil)
        }
    }
}
