import Glibc
public import Support
import Synchronization

/// Where this process stands in its job: the step and phase it is in, and what it waits for.
///
/// It costs a lock that nobody else wants and a look at the clock, no call of the system. `Watchdog` brings it to a file, which other ranks read.
public final class FlightRecord: Sendable {
    /// The record of this process.
    public static let own = FlightRecord()

    private struct State {
        var place = Place()
        /// How often this rank has waited, how long in all, and since when it waits now.
        var waits = 0
        var waited = Duration.zero
        var waitStart: ContinuousClock.Instant?

        mutating func stopWaiting(at now: ContinuousClock.Instant) {
            if let waitStart { waited += now - waitStart }
            waitStart = nil
        }
    }

    private let state = Mutex(State())

    /// How long this process has waited for other ranks so far.
    public var waitedSeconds: Double {
        state.withLock { ($0.waited + ($0.waitStart.map { ContinuousClock.now - $0 } ?? .zero)) / .seconds(1) }
    }

    /// The name of this process's machine.
    public var host: String { state.withLock { $0.place.host } }

    /// What a rank is doing at a moment. Times are seconds since 1970.
    struct Place: Codable, Equatable, Sendable {
        var host = hostName()
        /// Steps done.
        var step = 0
        var phase = "beginning"
        var phaseSince = now()
        /// Work that the others wait for by agreement, however long it takes; nil for none.
        var work: String?
        var wait: Wait?
        /// How many collective calls of each communicator this rank has come to, by the communicator's identity.
        var calls: [String: Int] = [:]
    }

    /// What a rank waits for.
    struct Wait: Codable, Equatable, Sendable {
        /// Counts the waits of this process: a later one is another wait.
        var number: Int
        /// The kind of call, `sum` or `gather`, and what is summed or gathered.
        var call: String
        var name: String
        var communicator: String
        /// The ranks of the communicator, as numbered in the whole job.
        var ranks: [Int]
        /// Which of the communicator's collective calls this is; nil for messages between two ranks.
        var count: Int?
        var since: Double
        /// Ranks of the job whose messages are missing, where that is known.
        var silent: [Int] = []
    }

    init() {}

    /// As it is at this moment.
    var current: Place { state.withLock { $0.place } }

    /// Says what this rank does from now on.
    public func enter(_ phase: String) {
        state.withLock {
            $0.place.phase = phase
            $0.place.phaseSince = FlightRecord.now()
        }
    }

    /// Says how many steps are done.
    public func finished(steps: Int) { state.withLock { $0.place.step = steps } }

    /// Does work that other ranks wait for by agreement: they are patient while this rank's record is kept up to date.
    public func working<Value>(_ name: String, _ body: () throws(TrainerError) -> Value) throws(TrainerError) -> Value {
        let before = state.withLock { state in
            defer { state.place.work = name }
            return state.place.work
        }
        defer { state.withLock { $0.place.work = before } }
        return try body()
    }

    // MARK: What communicators note

    /// This rank has come to a collective call; its number among the communicator's.
    func count(_ communicator: String) -> Int {
        state.withLock { state in
            state.place.calls[communicator, default: 0] += 1
            return state.place.calls[communicator, default: 0]
        }
    }

    func wait(_ call: String, _ name: String, _ communicator: String, _ ranks: [Int], count: Int?) {
        state.withLock { state in
            state.waits += 1
            state.stopWaiting(at: .now)
            state.waitStart = .now
            state.place.wait = Wait(
                number: state.waits, call: call, name: name, communicator: communicator, ranks: ranks, count: count, since: FlightRecord.now())
        }
    }

    func endWait() {
        state.withLock { state in
            state.stopWaiting(at: .now)
            state.place.wait = nil
        }
    }

    func note(silent ranks: [Int]) { state.withLock { $0.place.wait?.silent = ranks } }

    /// Seconds since 1970.
    public static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    private static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
