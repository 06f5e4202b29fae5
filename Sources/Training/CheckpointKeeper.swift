import Foundation
import Parallelism
import Support
import Tensors

/// Saves and finds a run's checkpoints; the ranks share the writing.
///
/// In the background, a save is begun at one step's end and completed at a later one's, when all ranks have written: what ranks have to say to each
/// other, the training thread says.
final class CheckpointKeeper {
    private let store: CheckpointStore
    private let state: TrainingState
    private let group: any ProcessGroup
    /// Where copies are made for writing in the background; nil if training waits while a checkpoint is written.
    private let device: (any Device)?
    private var underWay: UnderWay?

    init(store: CheckpointStore, state: TrainingState, group: any ProcessGroup, copyingOn device: (any Device)?) {
        self.store = store
        self.state = state
        self.group = group
        self.device = device
    }

    private struct UnderWay {
        let pending: PendingCheckpoint
        let write: BackgroundWrite
        let position: RunPosition
        let score: Double?
        /// How long training has waited for its beginning.
        let stall: Duration
    }

    /// What came of a save.
    enum Saving: Equatable {
        case saved(Saved)
        /// The disk is full or fails; earlier checkpoints are untouched and training can go on.
        case failed(step: Int, TrainerError)
    }

    struct Saved: Equatable {
        var step: Int
        var path: String
        /// From the wish to the finished checkpoint, without the steps that went on meanwhile.
        var seconds: Double
        /// How long training has waited for it.
        var stall: Double
        /// Why an older checkpoint could not be removed.
        var removalFailure: String?
    }

    /// Whether a save is under way, on all ranks alike.
    var isWriting: Bool { underWay != nil }

    /// Whether this rank has nothing left to write.
    var isOwnPartDone: Bool { underWay?.write.isDone ?? true }

    // MARK: - Saving

    /// Saves on all ranks together, or begins to. A failure is an answer, not an error: it never ends the run.
    ///
    /// - Returns: What came of this save, or of the one before, which is completed first; nothing where neither is decided.
    /// - Throws: `communication`.
    func save(_ position: RunPosition, score: Double?) throws(TrainerError) -> [Saving] {
        let start = ContinuousClock.now
        var results = try complete().map { [$0] } ?? []
        do throws(TrainerError) {
            let own = try group.agree("preparing the checkpoint") { () throws(TrainerError) in
                try state.file(rank: group.index, of: group.size)
            }
            let bytes = try group.sum([Double(own.byteCount)], name: "the checkpoint's size")[0]
            let pending = try begin(step: position.step, bytes: Int(bytes), files: group.size)
            guard let device else {
                var saved = try finish(pending, position, score) { () throws(TrainerError) in try pending.write([own]) }
                saved.stall = (ContinuousClock.now - start) / .seconds(1)
                saved.seconds = saved.stall
                return results + [.saved(saved)]
            }
            let write = try abandoning(pending) { () throws(TrainerError) in
                try group.agree("copying the state") { () throws(TrainerError) in try BackgroundWrite(own, pending, on: device) }
            }
            underWay = UnderWay(pending: pending, write: write, position: position, score: score, stall: ContinuousClock.now - start)
        } catch  where [.file, .format, .memory].contains(error.code) {
            results.append(.failed(step: position.step, error))
        }
        return results
    }

    /// Completes the save that is under way, and waits for it if it is not written yet: on all ranks together.
    ///
    /// - Returns: What came of it; nil if none is under way.
    /// - Throws: `communication`.
    func complete() throws(TrainerError) -> Saving? {
        guard let save = underWay else { return nil }
        defer { underWay = nil }
        let start = ContinuousClock.now
        do throws(TrainerError) {
            let written = save.write.wait()
            // Threads that write give way to all others: a rank that waits for them must not spin.
            try group.barrier(name: "writing the checkpoint")
            var saved = try finish(save.pending, save.position, save.score) { () throws(TrainerError) in try written.get() }
            saved.stall = (save.stall + (ContinuousClock.now - start)) / .seconds(1)
            saved.seconds = max(saved.stall, (save.stall + save.write.duration) / .seconds(1))
            return .saved(saved)
        } catch  where error.code == .file || error.code == .format {
            return .failed(step: save.position.step, error)
        }
    }

    private func begin(step: Int, bytes: Int, files: Int) throws(TrainerError) -> PendingCheckpoint {
        let made = try group.agree("beginning the checkpoint") { () throws(TrainerError) in
            group.index == 0 ? try store.begin(step: step, byteCount: bytes, fileCount: files) : nil
        }
        return made ?? store.join(step: step)
    }

    /// - Parameter write: Writes this rank's files, or waits until they are written.
    private func finish(
        _ pending: PendingCheckpoint, _ position: RunPosition, _ score: Double?,
        _ write: () throws(TrainerError) -> [CheckpointManifest.Entry]
    ) throws(TrainerError) -> Saved {
        try abandoning(pending) { () throws(TrainerError) in
            let entries = try group.agree("writing the checkpoint", write)
            let all = try group.gather([UInt8]((try? JSONEncoder().encode(entries)) ?? Data()), name: "the checkpoint's hashes")
            let found = try group.onFirst("completing the checkpoint") { () throws(TrainerError) in
                let saved = try store.complete(pending, entries: Self.entries(all), score: score, metadata: position.metadata)
                return [saved.checkpoint.folder] + (saved.removalFailure.map { ["\($0)"] } ?? [])
            }
            return Saved(step: position.step, path: found[0], seconds: 0, stall: 0, removalFailure: found.dropFirst().first)
        }
    }

    /// What all ranks have written, from what each has sent.
    ///
    /// - Throws: `format` if a rank has sent no list: the manifest would leave its file out.
    static func entries(_ lists: [[UInt8]]) throws(TrainerError) -> [CheckpointManifest.Entry] {
        var entries: [CheckpointManifest.Entry] = []
        for (rank, bytes) in lists.enumerated() {
            guard let list = try? JSONDecoder().decode([CheckpointManifest.Entry].self, from: Data(bytes)), !list.isEmpty else {
                throw TrainerError(
                    .format, "rank \(rank)", "did not say what it has written of the checkpoint", remedy: "Start the same program on every node")
            }
            entries += list
        }
        return entries
    }

    /// Takes back what was written of a checkpoint where `body` throws, as it does on all ranks.
    private func abandoning<Value>(_ pending: PendingCheckpoint, _ body: () throws(TrainerError) -> Value) throws(TrainerError) -> Value {
        do throws(TrainerError) { return try body() } catch {
            if group.index == 0 { store.abandon(pending) }
            throw error
        }
    }

    // MARK: - Resuming

    /// Restores the newest checkpoint that verifies, or the one at `path`; says what it passed over.
    ///
    /// A run that was taken back to the one at `path` before, and has saved since, goes on from what it has saved: the same command starts it
    /// again after a fault.
    ///
    /// - Returns: nil if there is none to resume from.
    /// - Throws: `format`, `file`, `shape` on every rank if the one at `path` is damaged or belongs to another run.
    func resume(path: String?, say: (String) -> Void) throws(TrainerError) -> RunPosition? {
        let found = try group.onFirst("finding a checkpoint") { () throws(TrainerError) in try find(path) }
        for line in found.notes { say(line) }
        guard let folder = found.folder else { return nil }
        let position = try group.agree("restoring the checkpoint") { () throws(TrainerError) in
            let checkpoint = try store.verify(folder, contents: false)
            var position = try RunPosition(metadata: checkpoint.manifest.metadata, subject: folder)
            position.origin = found.origin ?? position.origin
            try state.restore(from: StoredState(folder: folder, names: checkpoint.manifest.files.map(\.name)))
            return position
        }
        try state.trained.units.publish()
        return position
    }
    private struct Found: Codable {
        var folder: String?
        /// The one that was given, if it is the one found.
        var origin: RunPosition.Origin?
        var notes: [String]
    }

    private func find(_ path: String?) throws(TrainerError) -> Found {
        guard let path else {
            let search = try store.newestVerified()
            return Found(folder: search.checkpoint?.folder, notes: search.passedOver.map { "passed over checkpoint \($0.name): \($0.reason)" })
        }
        let given = RunPosition.Origin(
            path: URL(fileURLWithPath: path).standardizedFileURL.path,
            sha256: (try? digest(of: "\(path)/\(CheckpointManifest.fileName)", in: FileSystem()).sha256) ?? "")
        if let newest = try store.newestVerified().checkpoint, let origin = try? position(newest).origin, isSame(origin, given) {
            let note = "\(path) is where this run was taken back to before; it goes on from what it has saved since, \(newest.folder)"
            return Found(folder: newest.folder, notes: ["\(note). Remove that to go back once more"])
        }
        return Found(folder: try store.verify(path).folder, origin: given, notes: [])
    }

    private func position(_ checkpoint: VerifiedCheckpoint) throws(TrainerError) -> RunPosition {
        try RunPosition(metadata: checkpoint.manifest.metadata, subject: checkpoint.folder)
    }

    /// By its content; by its place where it is gone, as one of this run's own is once enough others were saved.
    private func isSame(_ origin: RunPosition.Origin, _ given: RunPosition.Origin) -> Bool {
        given.sha256.isEmpty ? origin.path == given.path : origin.sha256 == given.sha256
    }
}
