import Foundation
import Testing

@testable import Training

/// Sends a signal to this thread, which handles it before the call returns; the thread that runs a test may have had it blocked.
private func send(_ signal: Int32) {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, signal)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    raise(signal)
}

/// Each in a process of its own: signals belong to the process.
@Suite struct SignalWatcherTests {
    @Test("pain 22: SIGTERM, SIGINT and SIGUSR1 set a flag that stays for the next look between steps", arguments: SignalWatcher.Signal.allCases)
    func flag(signal: SignalWatcher.Signal) async {
        let number = signal.rawValue
        await #expect(processExitsWith: .success) { [number = number as Int32] in
            try SignalWatcher.install()
            precondition(SignalWatcher.requested == nil)
            send(number)
            precondition(SignalWatcher.requested?.rawValue == number)
            send(SIGUSR1)
            precondition(SignalWatcher.requested?.rawValue == number)
        }
    }

    @Test("install: one wish delivered twice does not end the process")
    func deliveredTwice() async {
        await #expect(processExitsWith: .success) {
            try SignalWatcher.install()
            for _ in 0..<3 { send(SIGTERM) }
            send(SIGINT)
            precondition(SignalWatcher.requested == .terminate)
        }
    }

    @Test("install: a SIGINT more than a second after the first ends the process")
    func impatience() async {
        await #expect(processExitsWith: .signal(SIGINT)) {
            try SignalWatcher.install()
            send(SIGINT)
            usleep(1_050_000)
            send(SIGINT)
        }
    }

    @Test("install: SIGUSR1 before SIGTERM does not make that the second one")
    func warningFirst() async {
        await #expect(processExitsWith: .success) {
            try SignalWatcher.install()
            send(SIGUSR1)
            usleep(1_050_000)
            send(SIGTERM)
            precondition(SignalWatcher.requested == .user1)
        }
    }

    @Test("install: a pipe whose reader went away gives an error, not a silent death")
    func brokenPipe() async {
        await #expect(processExitsWith: .success) {
            try SignalWatcher.install()
            var ends: [Int32] = [0, 0]
            pipe(&ends)
            close(ends[0])
            precondition(write(ends[1], "x", 1) == -1 && errno == EPIPE)
        }
    }

    @Test("reset: the signals have their default actions again")
    func reset() async {
        await #expect(processExitsWith: .signal(SIGTERM)) {
            try SignalWatcher.install()
            send(SIGTERM)
            try SignalWatcher.reset()
            precondition(SignalWatcher.requested == nil)
            send(SIGTERM)
        }
    }
}
