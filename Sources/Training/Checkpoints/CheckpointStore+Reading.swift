public import Support

extension CheckpointStore {
    /// A checkpoint that was not taken.
    public struct PassedOver: Equatable, Sendable {
        /// The folder's name.
        public var name: String
        public var reason: String
    }

    /// What a search has found, and what it passed over on its way.
    public struct Search: Sendable {
        public var checkpoint: VerifiedCheckpoint?
        public var passedOver: [PassedOver]
    }

    /// The checkpoint saved last among those whose every file has the size and SHA-256 of its manifest.
    ///
    /// The newest is the one saved last, also if the run was taken back to an earlier step before. Leftovers of saves that were cut short
    /// are named among those passed over. A folder that does not exist holds no checkpoint, which is not an error.
    public func newestVerified() throws(TrainerError) -> Search {
        let stored = try stored()
        let leftovers = try folders().leftovers.map { PassedOver(name: $0, reason: "the save was never completed") }
        let damaged = stored.filter { $0.manifest == nil }
        var search = firstVerified(damaged + Self.newestFirst(stored))
        search.passedOver = leftovers + search.passedOver
        return search
    }

    /// The checkpoint of the lowest score among those that verify; nil if none has a score.
    public func bestVerified() throws(TrainerError) -> Search {
        firstVerified(Self.bestFirst(try stored()))
    }

    /// Reads a checkpoint's files and compares them with its manifest.
    ///
    /// - Parameters:
    ///   - path: The checkpoint's folder.
    ///   - contents: False compares sizes only: enough on the other ranks when one has read all.
    /// - Throws: `format` for bytes that are not those saved and for what is missing of them; `file` for what can't be read, and a save that was
    ///   never completed.
    public func verify(_ path: String, contents: Bool = true) throws(TrainerError) -> VerifiedCheckpoint {
        let manifest = try readManifest(path)
        for entry in manifest.files {
            if contents {
                try entry.check(in: path, fileSystem)
            } else {
                try entry.checkSize(in: path, fileSystem)
            }
        }
        return VerifiedCheckpoint(folder: path, manifest: manifest)
    }

    private func firstVerified(_ candidates: [Stored]) -> Search {
        var search = Search(checkpoint: nil, passedOver: [])
        for candidate in candidates {
            do throws(TrainerError) {
                search.checkpoint = try verify("\(folder)/\(candidate.name)")
                return search
            } catch {
                search.passedOver.append(PassedOver(name: candidate.name, reason: error.problem))
            }
        }
        return search
    }

    /// The manifest of a complete checkpoint, compared with the hash in its marker.
    private func readManifest(_ path: String) throws(TrainerError) -> CheckpointManifest {
        let marker = "\(path)/\(CheckpointManifest.markerName)"
        guard try fileSystem.kind(of: marker) != .nothing else { throw TrainerError(.file, path, "the save was never completed") }
        let manifestPath = "\(path)/\(CheckpointManifest.fileName)"
        guard try fileSystem.kind(of: manifestPath) != .nothing else {
            throw TrainerError(.format, manifestPath, "\(CheckpointManifest.fileName) is missing")
        }
        let bytes = try fileSystem.contents(of: manifestPath)
        let wanted = String(decoding: try fileSystem.contents(of: marker), as: UTF8.self)
        guard wanted == digest(of: bytes) + "\n" else {
            let problem = "\(CheckpointManifest.fileName) and the marker \"\(CheckpointManifest.markerName)\" do not belong together"
            throw TrainerError(.format, path, problem)
        }
        return try CheckpointManifest.decoded(bytes, path: manifestPath)
    }

    // MARK: - What the folder holds

    /// A folder that bears a checkpoint's name and was marked complete; its manifest if that and the files' sizes are in order.
    struct Stored {
        var name: String
        var manifest: CheckpointManifest?
    }

    /// All that were marked complete, by name. Nothing but manifests is read.
    func stored() throws(TrainerError) -> [Stored] {
        try folders().complete.map { name in
            Stored(name: name, manifest: try? verify("\(folder)/\(name)", contents: false).manifest)
        }
    }

    /// The names of complete checkpoints, and of what saves and removals left behind when they were cut short.
    func folders() throws(TrainerError) -> (complete: [String], leftovers: [String]) {
        var complete: [String] = []
        var leftovers: [String] = []
        guard try fileSystem.kind(of: folder) != .nothing else { return (complete, leftovers) }
        for name in try fileSystem.names(in: folder) {
            if name.hasPrefix(".step-") {
                leftovers.append(name)
            } else if Self.isCheckpoint(name) {
                let marker = try fileSystem.kind(of: "\(folder)/\(name)/\(CheckpointManifest.markerName)")
                if marker == .nothing { leftovers.append(name) } else { complete.append(name) }
            }
        }
        return (complete, leftovers)
    }

    static func newestFirst(_ stored: [Stored]) -> [Stored] {
        stored.filter { $0.manifest != nil }.sorted { ($0.manifest?.serial ?? 0) > ($1.manifest?.serial ?? 0) }
    }

    /// Those with a finite score, the lowest first; of equals the one saved first.
    static func bestFirst(_ stored: [Stored]) -> [Stored] {
        let scored = stored.compactMap { stored in stored.manifest.flatMap { manifest in manifest.rankingScore.map { (stored, $0, manifest.serial) } }
        }
        return scored.sorted { ($0.1, $0.2) < ($1.1, $1.2) }.map(\.0)
    }

    // MARK: - Names

    /// `step-00000120`; a later save of the same step is `step-00000120.2`.
    static func name(step: Int) -> String {
        let digits = String(step)
        return "step-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    func freeName(step: Int) throws(TrainerError) -> String {
        let name = Self.name(step: step)
        var candidate = name
        var take = 1
        while try fileSystem.kind(of: "\(folder)/\(candidate)") != .nothing {
            take += 1
            candidate = "\(name).\(take)"
        }
        return candidate
    }

    static func isCheckpoint(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard let first = parts.first, first.hasPrefix("step-"), parts.count <= 2 else { return false }
        let numbers = [first.dropFirst(5)] + parts.dropFirst()
        return numbers.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0.isASCII && $0.isNumber } }
    }
}
