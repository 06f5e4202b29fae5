import Glibc
import Synchronization
public import Support

/// Turns a request to end (SIGTERM, SIGINT, SIGUSR1) into a flag that is looked at between steps.
///
/// The state belongs to the process, as signals do. The handler touches only atomics and calls that POSIX lists as safe in a handler. A
/// second SIGTERM or SIGINT ends the process at once, unless it comes within a second of the first: launchers and terminals often deliver
/// one wish twice. SIGPIPE is ignored, so that a reader that went away is an error of `write` and not a silent death.
public enum SignalWatcher {
    public enum Signal: Int32, CaseIterable, Sendable, CustomStringConvertible {
        case terminate = 15
        case interrupt = 2
        case user1 = 10

        public var description: String {
            switch self {
            case .terminate: "SIGTERM"
            case .interrupt: "SIGINT"
            case .user1: "SIGUSR1"
            }
        }
    }

    /// The first signal that came since `install()`; nil if none did.
    ///
    /// This is what reached this process: ranks must agree before they act on it.
    public static var requested: Signal? { Signal(rawValue: firstSignal.load(ordering: .acquiring)) }

    /// Starts watching. Once per process is enough; again does no harm.
    public static func install() throws(TrainerError) {
        // The handler must not be the first to touch these: the first use of a global may take a lock.
        firstSignal.store(0, ordering: .releasing)
        firstEnding.store(0, ordering: .releasing)
        for signal in Signal.allCases { try set(signal.rawValue, handler) }
        try set(SIGPIPE, SIG_IGN)
    }

    /// Forgets what was requested and gives the signals their default actions back: for tests.
    static func reset() throws(TrainerError) {
        for signal in Signal.allCases { try set(signal.rawValue, SIG_DFL) }
        try set(SIGPIPE, SIG_DFL)
        firstSignal.store(0, ordering: .releasing)
        firstEnding.store(0, ordering: .releasing)
    }

    private static func set(_ signal: Int32, _ handler: __sighandler_t?) throws(TrainerError) {
        guard setAction(signal, handler) else { throw .system("signal \(signal)", "can't be watched") }
    }
}

private let firstSignal = Atomic<Int32>(0)
/// When the first SIGTERM or SIGINT came, in nanoseconds of the monotonic clock; zero before.
private let firstEnding = Atomic<Int64>(0)

private let handler: __sighandler_t = { number in
    let savedError = errno
    _ = firstSignal.compareExchange(expected: 0, desired: number, ordering: .acquiringAndReleasing)
    if number == SIGTERM || number == SIGINT {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let now = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        let (isFirst, first) = firstEnding.compareExchange(expected: 0, desired: now, ordering: .acquiringAndReleasing)
        if !isFirst && now - first > 1_000_000_000 {
            // It is blocked while it is handled: the default action comes when this returns.
            _ = setAction(number, SIG_DFL)
            raise(number)
        }
    }
    errno = savedError
}

/// Restarts what the signal interrupts, so that libraries which do not expect it go on.
private func setAction(_ signal: Int32, _ handler: __sighandler_t?) -> Bool {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = handler
    action.sa_flags = SA_RESTART
    sigemptyset(&action.sa_mask)
    return sigaction(signal, &action, nil) == 0
}
