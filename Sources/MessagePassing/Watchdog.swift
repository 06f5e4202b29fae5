import Foundation
import Glibc
public import Support
import Synchronization

/// A thread that ends the job when this rank waits too long for others, and says in one line for whom, in what, and where those are.
///
/// Calls of MPI that wait can't be interrupted, so it is the watchdog that prints and ends the process; the launcher then ends the others. It also
/// keeps this rank's `FlightRecord` in a file, twenty times in each limit. Waiting counts only while this thread runs: a job that was stopped and
/// goes on, or a laptop that slept, has not waited.
public final class Watchdog: Sendable {
    /// What it watches by.
    public struct Options: Sendable {
        /// The longest wait in one call, in seconds.
        public var limit: Double
        /// Where each rank's record lies.
        public var path: @Sendable (_ rank: Int) -> String
        /// Told of the error before the process ends; it has a second and a half.
        public var tell: @Sendable (TrainerError) -> Void

        public init(limit: Double, path: @escaping @Sendable (Int) -> String, tell: @escaping @Sendable (TrainerError) -> Void) {
            self.limit = limit
            self.path = path
            self.tell = tell
        }
    }

    private let options: Options
    private let rank: Int
    private let size: Int
    private let job: String
    private let isStopped = Atomic(false)
    /// Held while the record is written or removed.
    private let file = Mutex(())
    private let isWriting = Atomic(false)
    private var period: Double { min(max(options.limit / 20, 0.05), 1) }

    private init(_ options: Options, rank: Int, size: Int, job: String) {
        self.options = options
        self.rank = rank
        self.size = size
        self.job = job
    }

    /// Starts watching over this process. All ranks call it together.
    ///
    /// - Returns: nil for a process without peers, which waits for nobody.
    /// - Throws: `communication`, `file` if the record can't be written.
    public static func start(_ options: Options, over world: Communicator) throws(TrainerError) -> Watchdog? {
        guard world.size > 1 else { return nil }
        let job = try world.broadcast(Array("\(FlightRecord.now())".utf8), name: "the job's beginning")
        let watchdog = Watchdog(options, rank: world.rank, size: world.size, job: String(decoding: job, as: UTF8.self))
        do { try watchdog.entry().write(to: options.path(world.rank)) } catch {
            throw TrainerError(.file, options.path(world.rank), "can't be written (\(error.localizedDescription))", remedy: "Choose another output")
        }
        Thread { watchdog.run() }.start()
        return watchdog
    }

    /// Ends the watch. The record of a run that ended well is of no more use.
    public func stop(removingRecord removes: Bool) {
        isStopped.store(true, ordering: .releasing)
        file.withLock { _ in
            if removes { try? FileSystem().remove(options.path(rank)) }
        }
    }

    private func entry() -> FlightEntry { FlightEntry(job: job, rank: rank, time: FlightRecord.now(), place: FlightRecord.own.current) }

    // MARK: - The thread

    private func run() {
        var (number, waited, unwritten, unread) = (0, 0.0, 0.0, 0.0)
        var last = SuspendingClock.now
        while !isStopped.load(ordering: .acquiring) {
            usleep(UInt32(period * 1e6))
            let passed = min((SuspendingClock.now - last) / .seconds(1), 2 * period)
            last = .now
            (unwritten, unread) = (unwritten + passed, unread + passed)
            if unwritten >= options.limit / 20 {
                write()
                unwritten = 0
            }
            guard let wait = FlightRecord.own.current.wait else { continue }
            waited = wait.number == number ? waited + passed : 0
            number = wait.number
            // Where a wait is in order, the others' records are not read again at once.
            guard waited >= options.limit, unread >= options.limit / 20 else { continue }
            judge(wait, waited)
            unread = 0
        }
    }

    /// A disk that hangs does not keep this thread: the next record is written when the last one is.
    private func write() {
        guard isWriting.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged else { return }
        attempt(seconds: 2) { [self] in
            file.withLock { _ in
                if !isStopped.load(ordering: .acquiring) { try? entry().write(to: options.path(rank)) }
            }
            isWriting.store(false, ordering: .releasing)
        }
    }

    private func judge(_ wait: FlightRecord.Wait, _ waited: Double) {
        write()
        var (others, asked) = ([:] as [Int: FlightEntry], [] as Set<Int>)
        while true {
            // It may have gone on meanwhile.
            let own = entry()
            guard let current = own.place.wait, current.number == wait.number else { return }
            let overdue = OverdueWait(own: own, wait: current, others: others, jobSize: size, limit: options.limit, waited: waited)
            let unread = overdue.followed.subtracting(asked)
            guard !unread.isEmpty else {
                if !overdue.isInOrder { end(overdue) }
                return
            }
            others.merge(entries(of: unread)) { $1 }
            asked.formUnion(unread)
        }
    }

    private func entries(of ranks: Set<Int>) -> [Int: FlightEntry] {
        final class Found: Sendable { let entries = Mutex<[Int: FlightEntry]>([:]) }
        let found = Found()
        attempt(seconds: 2) { [self] in
            for rank in ranks where rank != self.rank {
                guard let entry = FlightEntry.read(options.path(rank), job: job) else { continue }
                found.entries.withLock { $0[rank] = entry }
            }
        }
        return found.entries.withLock { $0 }
    }

    /// One rank tells; the others leave it three seconds for it, and for the launcher to end them.
    private func end(_ overdue: OverdueWait) {
        if !overdue.isOwnToTell { usleep(3_000_000) }
        let error = overdue.error
        let line = Array("\(error)\n".utf8)
        _ = Glibc.write(STDERR_FILENO, line, line.count)
        let options = options
        attempt(seconds: 1.5) { options.tell(error) }
        // Not exit, which runs what libraries have left for the end, and not MPI_Abort, which a thread that waits in MPI may stand in the way of.
        _exit(error.code.exitStatus)
    }
}

/// Does something on a thread of its own, and waits for it so long and no longer.
private func attempt(seconds: Double, _ body: @escaping @Sendable () -> Void) {
    let done = DispatchSemaphore(value: 0)
    Thread {
        body()
        done.signal()
    }.start()
    _ = done.wait(timeout: .now() + seconds)
}
