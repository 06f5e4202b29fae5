import Glibc

/// A lock and the two things that threads sleep for behind it: that there is work, and that work is done.
///
/// Its memory stays at one address, as the system's locks want it. Whoever waits looks for himself whether what he waited for is so.
public final class Monitor: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let signals = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: Signal.allCases.count)

    public enum Signal: Int, CaseIterable, Sendable {
        /// There is something to do.
        case posted
        /// Something is done.
        case finished
    }

    public init() {
        pthread_mutex_init(lock, nil)
        for signal in Signal.allCases { pthread_cond_init(condition(signal), nil) }
    }

    deinit {
        for signal in Signal.allCases { pthread_cond_destroy(condition(signal)) }
        pthread_mutex_destroy(lock)
        signals.deallocate()
        lock.deallocate()
    }

    private func condition(_ signal: Signal) -> UnsafeMutablePointer<pthread_cond_t> { signals + signal.rawValue }

    /// Runs `body` while no other thread is in such a body.
    @inline(__always)
    public func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return body()
    }

    /// Within `locked`: lets the others in and sleeps until a signal comes, as often as it takes for a condition to be met.
    @inline(__always)
    public func wait(for signal: Signal, until isMet: () -> Bool) { while !isMet() { pthread_cond_wait(condition(signal), lock) } }

    /// Within `locked`: wakes all who wait for a signal.
    public func wake(_ signal: Signal) { pthread_cond_broadcast(condition(signal)) }
}
