import Foundation
import Parallelism
import Support
import Tensors

/// Saves and finds a run's checkpoints; the ranks share the writing.
struct CheckpointKeeper {
    let store: CheckpointStore
    let state: TrainingState
    let group: any ProcessGroup

    /// What came of a save.
    enum Saving: Codable, Equatable {
        case saved(path: String, seconds: Double)
        /// The disk is full or fails; earlier checkpoints are untouched and training can go on.
        case failed(String)
    }

    /// Saves on all ranks together. A failure is an answer, not an error: it never ends the run.
    ///
    /// - Throws: `communication`.
    func save(_ position: RunPosition, score: Double?) throws(TrainerError) -> Saving {
        let start = ContinuousClock.now
        do throws(TrainerError) {
            let own = try group.agree("preparing the checkpoint") { () throws(TrainerError) in
                try state.file(rank: group.index, of: group.size)
            }
            let bytes = try group.sum([Double(own.byteCount)], name: "the checkpoint's size")[0]
            let pending = try begin(step: position.step, bytes: Int(bytes), files: group.size)
            let path = try write(own, pending, position, score)
            return .saved(path: path, seconds: (ContinuousClock.now - start) / .seconds(1))
        } catch  where error.code == .file || error.code == .format {
            return .failed("\(error)")
        }
    }

    private func begin(step: Int, bytes: Int, files: Int) throws(TrainerError) -> PendingCheckpoint {
        let made = try group.agree("beginning the checkpoint") { () throws(TrainerError) in
            group.index == 0 ? try store.begin(step: step, byteCount: bytes, fileCount: files) : nil
        }
        return made ?? store.join(step: step)
    }

    private func write(
        _ own: CheckpointFile, _ pending: PendingCheckpoint, _ position: RunPosition, _ score: Double?
    ) throws(TrainerError) -> String {
        do throws(TrainerError) {
            let entries = try group.agree("writing the checkpoint") { () throws(TrainerError) in try pending.write([own]) }
            let all = try group.gather([UInt8]((try? JSONEncoder().encode(entries)) ?? Data()), name: "the checkpoint's hashes")
            return try group.onFirst("completing the checkpoint") { () throws(TrainerError) in
                let lists = all.compactMap { try? JSONDecoder().decode([CheckpointManifest.Entry].self, from: Data($0)) }
                return try store.complete(pending, entries: lists.flatMap { $0 }, score: score, metadata: position.metadata).checkpoint.folder
            }
        } catch {
            if group.index == 0 { store.abandon(pending) }
            throw error
        }
    }

    /// Restores the newest checkpoint that verifies, or the one at `path`; says what it passed over.
    ///
    /// - Returns: nil if there is none to resume from.
    /// - Throws: `format`, `file`, `shape` on every rank if the one at `path` is damaged or belongs to another run.
    func resume(path: String?, say: (String) -> Void) throws(TrainerError) -> RunPosition? {
        struct Found: Codable {
            var folder: String?
            var passedOver: [String]
        }
        let found = try group.onFirst("finding a checkpoint") { () throws(TrainerError) in
            if let path { return Found(folder: try store.verify(path).folder, passedOver: []) }
            let search = try store.newestVerified()
            return Found(folder: search.checkpoint?.folder, passedOver: search.passedOver.map { "\($0.name): \($0.reason)" })
        }
        for line in found.passedOver { say("passed over checkpoint \(line)") }
        guard let folder = found.folder else { return nil }
        let position = try group.agree("restoring the checkpoint") { () throws(TrainerError) in
            let checkpoint = try store.verify(folder, contents: false)
            let position = try RunPosition(metadata: checkpoint.manifest.metadata, subject: folder)
            try state.restore(from: StoredState(folder: folder, names: checkpoint.manifest.files.map(\.name)))
            return position
        }
        try state.trained.units.publish()
        return position
    }
}
