import Support

extension CheckpointStore {
    /// Removes the complete checkpoints that are not pinned: those saved last and the best are.
    ///
    /// A checkpoint that is damaged is no candidate for a pin and is not removed: a person should look at it.
    func rotate(removed: inout [String]) throws(TrainerError) {
        let stored = try stored()
        let newest = Self.newestFirst(stored)
        var pinned = Set(newest.prefix(keepLast).map(\.name))
        if keepBest, let best = Self.bestFirst(stored).first { pinned.insert(best.name) }
        for checkpoint in newest.reversed() where !pinned.contains(checkpoint.name) {
            try removeCheckpoint(checkpoint.name)
            removed.append(checkpoint.name)
        }
    }

    /// Takes a checkpoint out of sight before its files go, so that none is ever seen half removed.
    private func removeCheckpoint(_ name: String) throws(TrainerError) {
        let hidden = "\(folder)/.\(name).removed"
        try fileSystem.rename("\(folder)/\(name)", to: hidden)
        try fileSystem.synchronizeFolder(folder)
        try fileSystem.remove(hidden)
    }

    /// Removes what earlier saves and removals left behind, as far as it can be removed.
    func removeLeftovers() {
        for name in (try? folders().leftovers) ?? [] { try? fileSystem.remove("\(folder)/\(name)") }
    }
}
