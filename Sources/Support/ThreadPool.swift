import Glibc
import Synchronization

/// A few threads that share loops and sleep between them.
///
/// The calling thread is one of the workers, of number 0. Work is cut into `threadCount` pieces of fixed bounds, so results do not depend on
/// timing. A pool belongs to the thread that made it; a loop within that thread's share of another runs on it alone, with the same result.
public final class ThreadPool {
    public let threadCount: Int
    private let shared: Shared
    private var threads: [pthread_t] = []
    /// Whether the owning thread is in a loop.
    private var isBusy = false

    public init(threadCount: Int) {
        precondition(threadCount >= 1, "ThreadPool.init: needs at least one thread")
        self.threadCount = threadCount
        shared = Shared()
        for index in 1..<max(threadCount, 1) {
            let worker = Worker(index: index, shared: shared)
            var thread = pthread_t()
            let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { worker in
                if let worker { Unmanaged<Worker>.fromOpaque(worker).takeRetainedValue().run() }
                return nil
            }
            let status = pthread_create(&thread, nil, run, Unmanaged.passRetained(worker).toOpaque())
            precondition(status == 0, "ThreadPool.init: the system gives no further thread")
            threads.append(thread)
        }
    }

    deinit {
        shared.post(nil)
        for thread in threads { pthread_join(thread, nil) }
    }

    /// Runs `body(index)` once for each index in `0..<threadCount`, in parallel, and waits for all.
    public func onEachThread(_ body: (Int) -> Void) {
        guard threadCount > 1, !isBusy else {
            for index in 0..<threadCount { body(index) }
            return
        }
        isBusy = true
        defer { isBusy = false }
        withoutActuallyEscaping(body) { body in
            shared.pending.store(threadCount - 1, ordering: .releasing)
            shared.post(body)
            body(0)
            shared.waitUntilDone()
        }
    }

    /// Cuts `0..<count` into at most `threadCount` ranges of near equal length, at multiples of `grain`, and runs `body` on each in parallel.
    public func parallelFor(_ count: Int, grain: Int = 1, _ body: (Range<Int>) -> Void) {
        guard count > 0 else { return }
        let pieces = (count + grain - 1) / grain
        guard threadCount > 1, pieces > 1 else { return body(0..<count) }
        let threadCount = threadCount
        onEachThread { index in
            let first = pieces * index / threadCount * grain
            let last = min(pieces * (index + 1) / threadCount * grain, count)
            if first < last { body(first..<last) }
        }
    }

    /// Runs `body(item, thread)` for each item of `0..<count`, handing items out as threads come free.
    ///
    /// For items of uneven cost whose results do not depend on which thread computes them.
    public func parallelItems(_ count: Int, _ body: (_ item: Int, _ thread: Int) -> Void) {
        let next = Atomic<Int>(0)
        onEachThread { thread in
            while true {
                let item = next.wrappingAdd(1, ordering: .relaxed).oldValue
                if item >= count { return }
                body(item, thread)
            }
        }
    }

    /// The state that the workers share: the current body and its number, behind one lock.
    private final class Shared: @unchecked Sendable {
        private let monitor = Monitor()
        private var body: ((Int) -> Void)?
        let generation = Atomic<Int>(0)
        let pending = Atomic<Int>(0)
        /// Polls before a thread sleeps: about 20 microseconds, longer than the gap between two operations, far shorter than a wait for a peer.
        private let polls = 4000

        /// Hands a body to every worker; nil stops them.
        func post(_ newBody: ((Int) -> Void)?) {
            monitor.locked {
                body = newBody
                generation.wrappingAdd(1, ordering: .releasing)
                monitor.wake(.posted)
            }
        }

        /// Waits for a generation other than `seen`; returns it with its body, nil to stop.
        func await(after seen: inout Int) -> ((Int) -> Void)? {
            poll { generation.load(ordering: .acquiring) != seen }
            return monitor.locked {
                monitor.wait(for: .posted) { generation.load(ordering: .acquiring) != seen }
                seen = generation.load(ordering: .acquiring)
                return body
            }
        }

        /// Looks a while for a condition before the thread sleeps: loops follow each other closely in a step.
        @inline(__always)
        private func poll(_ isMet: () -> Bool) {
            var left = polls
            while left > 0, !isMet() { left -= 1 }
        }

        func workerFinished() {
            guard pending.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
            monitor.locked { monitor.wake(.finished) }
        }

        func waitUntilDone() {
            poll { pending.load(ordering: .acquiring) == 0 }
            if pending.load(ordering: .acquiring) != 0 {
                monitor.locked { monitor.wait(for: .finished) { pending.load(ordering: .acquiring) == 0 } }
            }
            body = nil
        }
    }

    private final class Worker {
        let index: Int
        let shared: Shared

        init(index: Int, shared: Shared) {
            self.index = index
            self.shared = shared
        }

        func run() {
            var seen = 0
            while runNext(after: &seen) { shared.workerFinished() }
        }

        /// Runs the next body and lets go of it before it is reported finished: the caller's closure must not outlive the call that lent it.
        @inline(never)
        private func runNext(after seen: inout Int) -> Bool {
            guard let body = shared.await(after: &seen) else { return false }
            body(index)
            return true
        }
    }
}
