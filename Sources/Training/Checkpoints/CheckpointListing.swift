public import Support

/// The checkpoints at a path: of a run's folder, of its folder of checkpoints, or one.
public struct CheckpointListing {
    /// What bears a checkpoint's name.
    public struct Item {
        public let name: String
        public let path: String
        /// What it says of itself; nil where that can't be read.
        public let manifest: CheckpointManifest?
        /// Why it can't be resumed from, as far as that is seen without reading all of it.
        public let problem: String?
        /// Whether it is what a save has left that was cut short: nothing that was ever whole.
        public var isUnfinished = false
        public var isNewest = false
        public var isBest = false
    }

    /// In the order of their names.
    public let items: [Item]
    private let store: CheckpointStore

    /// Finds them; nothing but manifests is read.
    ///
    /// - Throws: `file` if there is none.
    public static func open(_ path: String) throws(TrainerError) -> CheckpointListing {
        let files = FileSystem()
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let isOne = CheckpointStore.isCheckpoint(name) || files.size(of: "\(path)/\(CheckpointManifest.fileName)") != nil
        let folder = isOne ? files.parent(of: path) : files.isFolder("\(path)/checkpoints") ? "\(path)/checkpoints" : path
        let store = CheckpointStore(folder: folder, keepLast: 1, keepBest: false)
        guard files.isFolder(path) else { throw none(path, "is no folder") }
        let found = try store.folders()
        var items = try (isOne ? [name] : found.complete).map { (name) throws(TrainerError) in try item(name, store) }
        if !isOne {
            let stored = items.map { CheckpointStore.Stored(name: $0.name, manifest: $0.problem == nil ? $0.manifest : nil) }
            let (newest, best) = (CheckpointStore.newestFirst(stored).first?.name, CheckpointStore.bestFirst(stored).first?.name)
            for index in items.indices {
                items[index].isNewest = items[index].name == newest
                items[index].isBest = items[index].name == best
            }
            items += found.leftovers.map {
                Item(name: $0, path: "\(folder)/\($0)", manifest: nil, problem: "the save was never completed", isUnfinished: true)
            }
        }
        guard !items.isEmpty else { throw none(path, "holds no checkpoint") }
        return CheckpointListing(items: items, store: store)
    }

    private static func none(_ path: String, _ problem: String) -> TrainerError {
        TrainerError(.file, path, problem, remedy: "Give a run's folder, its folder of checkpoints, or one checkpoint")
    }

    private static func item(_ name: String, _ store: CheckpointStore) throws(TrainerError) -> Item {
        let path = "\(store.folder)/\(name)"
        do throws(TrainerError) {
            return Item(name: name, path: path, manifest: try store.verify(path, contents: false).manifest, problem: nil)
        } catch {
            return Item(name: name, path: path, manifest: nil, problem: error.problem)
        }
    }

    /// Reads all of a checkpoint and compares it with what was saved.
    ///
    /// - Throws: `format` naming the file that is damaged or missing; `file` if one can't be read, or the save was never completed.
    public func verify(_ item: Item) throws(TrainerError) -> VerifiedCheckpoint { try store.verify(item.path) }

    /// What a checkpoint holds, by the headers of its files.
    ///
    /// - Throws: `format`, `file`.
    public func contents(of item: Item) throws(TrainerError) -> [SavedKind] {
        try StoredState(folder: item.path, names: item.manifest?.files.map(\.name) ?? []).kinds
    }
}

/// One kind of what a checkpoint holds: trained values, or one of the optimizer's states.
public struct SavedKind: Equatable, Sendable {
    /// `value`, or as the optimizer calls it.
    public let name: String
    public let entryCount: Int
    public let byteCount: Int
}
