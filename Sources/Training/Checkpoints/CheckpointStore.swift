public import Support

/// The checkpoints of a run: a folder of folders `step-00000120`, of which only complete ones count.
///
/// A checkpoint is written under a temporary name, each file synchronized and read back, then listed in a manifest, renamed, and marked
/// complete by a file written last. Only then are old ones removed. A crash at any instant, a full disk or a power failure leaves every
/// earlier checkpoint as it was. One run at a time writes into the folder: see `RunLock`.
public struct CheckpointStore: Sendable {
    public let folder: String
    /// How many of the newest checkpoints are kept.
    public let keepLast: Int
    /// Whether the one of the lowest score is kept as well.
    public let keepBest: Bool
    let fileSystem: FileSystem

    /// - Precondition: `keepLast` is at least 1.
    public init(folder: String, keepLast: Int, keepBest: Bool) {
        self.init(folder: folder, keepLast: keepLast, keepBest: keepBest, fileSystem: FileSystem())
    }

    init(folder: String, keepLast: Int, keepBest: Bool, fileSystem: FileSystem) {
        precondition(keepLast >= 1, "CheckpointStore.init: the newest checkpoint is always kept")
        self.folder = folder
        self.keepLast = keepLast
        self.keepBest = keepBest
        self.fileSystem = fileSystem
    }

    /// What a save has done.
    public struct Saved: Sendable {
        public var checkpoint: VerifiedCheckpoint
        /// Names of the older checkpoints that were removed.
        public var removed: [String]
        /// Why an older one could not be removed. The save itself stands.
        public var removalFailure: TrainerError?
        /// How long the whole took: a job's grace period after a signal must be longer.
        public var duration: Duration
    }

    /// Saves a checkpoint from one rank.
    ///
    /// A second save of a step stands beside the first until that is rotated out.
    ///
    /// - Parameters:
    ///   - step: Optimizer steps done.
    ///   - score: Less is better; one that is not finite is never the best.
    ///   - metadata: Written into the manifest.
    /// - Throws: `file` if the space does not suffice, the disk fills up or fails; then earlier checkpoints are untouched, what was
    ///   written is removed again, and training can go on.
    @discardableResult
    public func save(step: Int, score: Double?, files: [CheckpointFile], metadata: [String: String]) throws(TrainerError) -> Saved {
        let start = ContinuousClock.now
        let pending = try begin(step: step, byteCount: files.reduce(0) { $0 + $1.byteCount }, fileCount: files.count)
        do throws(TrainerError) {
            var saved = try complete(pending, entries: try pending.write(files), score: score, metadata: metadata)
            saved.duration = ContinuousClock.now - start
            return saved
        } catch {
            abandon(pending)
            throw error
        }
    }

    // MARK: - The parts of a save, for several ranks

    /// Makes room for a checkpoint: on one rank, before any other writes.
    ///
    /// Leftovers of saves that were cut short are removed; then the space is checked, before anything is written or rotated out.
    ///
    /// - Parameters:
    ///   - byteCount: The bytes of all files of all ranks.
    ///   - fileCount: The number of those files.
    public func begin(step: Int, byteCount: Int, fileCount: Int) throws(TrainerError) -> PendingCheckpoint {
        precondition(step >= 0, "CheckpointStore.begin: step \(step) is negative")
        try fileSystem.createFolders(folder)
        removeLeftovers()
        // Per file the unfilled last block and its entry in the manifest; for all the manifest, the marker and the folder.
        let needed = ByteCount(byteCount + fileCount * 8192 + 65536)
        let free = try fileSystem.freeSpace(at: folder)
        guard needed <= free else {
            throw TrainerError(
                .file, folder, "the checkpoint of step \(step) needs \(needed), and \(free) is free (No space left on device)",
                remedy: "Free some space there; earlier checkpoints are untouched")
        }
        let pending = join(step: step)
        try fileSystem.createFolder(pending.folder)
        return pending
    }

    /// The checkpoint that another rank has begun.
    public func join(step: Int) -> PendingCheckpoint {
        PendingCheckpoint(step: step, folder: "\(folder)/.\(Self.name(step: step)).partial", fileSystem: fileSystem)
    }

    /// Completes a checkpoint and rotates old ones out: on one rank, after all have written.
    ///
    /// - Parameter entries: What `PendingCheckpoint.write` returned on all ranks together.
    public func complete(
        _ pending: PendingCheckpoint, entries: [CheckpointManifest.Entry], score: Double?, metadata: [String: String]
    ) throws(TrainerError) -> Saved {
        let start = ContinuousClock.now
        guard !entries.isEmpty else { throw TrainerError(.file, pending.folder, "a checkpoint of no files is none") }
        let stored = try stored()
        let serial = (stored.compactMap { $0.manifest?.serial }.max() ?? 0) + 1
        let files = entries.sorted { $0.name < $1.name }
        let manifest = CheckpointManifest(step: pending.step, serial: serial, score: score, metadata: metadata, files: files)
        for entry in files { try entry.checkSize(in: pending.folder, fileSystem) }

        let bytes = try manifest.encoded()
        try fileSystem.replace("\(pending.folder)/\(CheckpointManifest.fileName)", with: bytes)
        let path = "\(folder)/\(try freeName(step: pending.step))"
        try fileSystem.rename(pending.folder, to: path)
        do throws(TrainerError) {
            try fileSystem.synchronizeFolder(folder)
            try fileSystem.replace("\(path)/\(CheckpointManifest.markerName)", with: Array(digest(of: bytes).utf8) + [UInt8(ascii: "\n")])
        } catch {
            try? fileSystem.remove(path)
            throw error
        }
        var saved = Saved(checkpoint: VerifiedCheckpoint(folder: path, manifest: manifest), removed: [], removalFailure: nil, duration: .zero)
        do throws(TrainerError) {
            try rotate(removed: &saved.removed)
        } catch {
            saved.removalFailure = error
        }
        saved.duration = ContinuousClock.now - start
        return saved
    }

    /// Removes what was written of a checkpoint that will not be completed: on one rank, once no other writes any more.
    ///
    /// What can't be removed now is removed by the next `begin`.
    public func abandon(_ pending: PendingCheckpoint) {
        try? fileSystem.remove(pending.folder)
    }
}
