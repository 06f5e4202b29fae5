import Foundation
public import Support

/// A Hugging Face hub and the cache that Hugging Face's programs share. Nothing here touches the network but `commit` and `fetch`.
public struct Hub {
    private let settings: HubSettings
    private let files = FileSystem()

    public init(_ settings: HubSettings) { self.settings = settings }

    // MARK: - Without the network

    /// Where a model is: the path itself if something is there or if it can't be a name on a hub, else the place in the cache.
    ///
    /// - Throws: `file` if a model named so is neither here nor whole in the cache.
    public static func localPath(_ path: String) throws(TrainerError) -> String {
        guard !FileManager.default.fileExists(atPath: path), let reference = HubReference(path) else { return path }
        return try Hub(.fromEnvironment()).cachedPath(reference)
    }

    /// - Throws: `file` if the cache does not have all of the model.
    public func cachedPath(_ reference: HubReference) throws(TrainerError) -> String {
        let cache = HubCache(reference, in: settings.cacheFolder)
        let remedy = "Check the path, or let it be fetched: model.download=true in a configuration, --download elsewhere"
        guard let commit = cache.commit(of: reference.revision) else {
            throw TrainerError(
                .file, reference.description, "is no folder or file here, and the hub's cache at \(settings.cacheFolder) has no such model",
                remedy: remedy)
        }
        switch cache.content(reference, commit: commit) {
        case .model(let path): return path
        case .partial(let missing):
            throw TrainerError(
                .file, reference.description, "is in the hub's cache only in part: \(cache.snapshot(commit)) lacks \(missing)", remedy: remedy)
        case .nothing:
            throw TrainerError(
                .file, reference.description, "is no folder or file here, and the hub's cache at \(settings.cacheFolder) does not have it",
                remedy: remedy)
        }
    }

    // MARK: - With the network

    /// The commit that a reference means: the cache's, if it has all of the model at it, else the hub's.
    ///
    /// - Throws: `file` if the hub refuses or has none; `communication` if it can't be reached; `configuration` if it must not be.
    public func commit(of reference: HubReference, report: @escaping (HubEvent) -> Void = { _ in }) throws(TrainerError) -> String {
        let cache = HubCache(reference, in: settings.cacheFolder)
        if let commit = cache.commit(of: reference.revision), case .model = cache.content(reference, commit: commit) { return commit }
        return try listing(reference, revision: reference.revision, over: connection(report, for: reference)).commit
    }

    /// Brings a model into the cache, unless it is there, and returns its path.
    ///
    /// - Parameter commit: What `commit(of:report:)` told, maybe on another node.
    /// - Throws: As `commit(of:report:)`; `format` for content with another hash than the hub's; `file` where the disk is full.
    @discardableResult
    public func fetch(_ reference: HubReference, commit: String, report: @escaping (HubEvent) -> Void = { _ in }) throws(TrainerError) -> String {
        let cache = HubCache(reference, in: settings.cacheFolder)
        if case .model(let path) = cache.content(reference, commit: commit) {
            try cache.setCommit(commit, of: reference.revision)
            return path
        }
        let connection = try connection(report, for: reference)
        let listing = try listing(reference, revision: commit, over: connection)
        guard listing.commit == commit else {
            throw TrainerError(.communication, reference.description, "the hub answers with commit \(listing.commit) for \(commit)")
        }
        try cache.prepare()
        let transfer = HubTransfer(reference, commit: commit, cache: cache, connection: connection, report: report)
        let names = try HubSelection(names: listing.names).files(for: reference)
        try transfer.run(names.filter { $0 != HubSelection.weightsName && !$0.hasSuffix(".gguf") })
        var weights = names.filter { $0 == HubSelection.weightsName || $0.hasSuffix(".gguf") }
        if names.contains(HubSelection.indexName) { weights += try shards(reference, commit, cache, listing.names) }
        try transfer.run(weights)
        try cache.setCommit(commit, of: reference.revision)
        return try cachedPath(reference)
    }

    private func connection(_ report: @escaping (HubEvent) -> Void, for reference: HubReference) throws(TrainerError) -> HubConnection {
        guard !settings.isOffline else {
            throw TrainerError(
                .configuration, reference.description, "is not in the hub's cache, and HF_HUB_OFFLINE forbids to fetch it",
                remedy: "Unset HF_HUB_OFFLINE, or fetch the model elsewhere and copy \(settings.cacheFolder)")
        }
        return HubConnection(settings, report: report)
    }

    /// The files that an index of weights names, which must be files of the repository.
    private func shards(_ reference: HubReference, _ commit: String, _ cache: HubCache, _ names: Set<String>) throws(TrainerError) -> [String] {
        let shards = try cache.shards(commit)
        if let unknown = shards.first(where: { !names.contains($0) || !$0.hasSuffix(".safetensors") }) {
            throw TrainerError(
                .format, "\(reference)/\(HubSelection.indexName)", "names \(unknown.prefix(100)), which is no safetensors file of the repository")
        }
        return shards
    }

    /// A revision's commit and file names.
    private struct Listing {
        var commit: String
        var names: Set<String>
    }

    private func listing(_ reference: HubReference, revision: String, over connection: HubConnection) throws(TrainerError) -> Listing {
        struct Answer: Decodable {
            struct Sibling: Decodable {
                var rfilename: String
            }
            var sha: String
            var siblings: [Sibling]
        }
        let path = "/api/models/\(reference.repository)/revision/\(HubPath.encoded(revision, keepsSlashes: false))"
        let content = try connection.content(path, limit: 64 << 20, of: reference)
        guard let answer = try? JSONDecoder().decode(Answer.self, from: content), HubPath.isHash(answer.sha, 40) else {
            throw TrainerError(
                .format, reference.description, "the hub's answer names no commit and files", remedy: "See whether HF_ENDPOINT is a Hugging Face hub")
        }
        return Listing(commit: answer.sha, names: Set(answer.siblings.map(\.rfilename).filter(HubPath.isSafe)))
    }
}
