import Foundation
import Support

/// How a run is, as its folder tells.
struct RunState: Codable, Equatable, Sendable {
    enum Kind: String, Codable, Sendable {
        /// No run has begun in the folder.
        case waiting
        case running
        /// It ran on another host and has written nothing for ten minutes.
        case stale
        case finished, interrupted, failed
        /// Its process is gone and left no word.
        case stopped
    }

    var kind: Kind
    var message: String?
    /// When it ended, in Unix seconds.
    var time: Double?

    /// - Parameters:
    ///   - hasResult: Whether the folder holds a result, which a run leaves when it has finished.
    ///   - silence: Seconds since the folder's files last changed.
    static func find(_ description: RunDescription?, _ ending: RunEnding?, hasResult: Bool, silence: Double) -> RunState {
        switch ending?.kind {
        case .finished: return RunState(kind: .finished, time: ending?.time)
        case .failed: return RunState(kind: .failed, message: ending?.message, time: ending?.time)
        case .interrupted:
            let message = "A signal ended it after a checkpoint; the same command goes on from there."
            return RunState(kind: .interrupted, message: ending?.message ?? message, time: ending?.time)
        case nil: break
        }
        guard !hasResult else { return RunState(kind: .finished) }
        guard let description else { return RunState(kind: .waiting) }
        switch description.process.isAlive {
        case true: return RunState(kind: .running)
        case false:
            let message =
                "Its process is gone and left no word: it was killed, or the machine went down. The same command goes on from the last checkpoint."
            return RunState(kind: .stopped, message: message)
        case nil:
            guard silence > 600 else { return RunState(kind: .running) }
            let age = Duration.seconds(silence).words
            return RunState(kind: .stale, message: "It runs on \(description.process.host), and this folder has not changed for \(age).")
        }
    }
}
