import Foundation
import Glibc
import Support

/// A repository's folder in the cache, laid out as Hugging Face's programs do, so that each finds what the other fetched:
///
///     models--owner--name/blobs/HASH             contents, by hash
///     models--owner--name/refs/main              the commit of a revision
///     models--owner--name/snapshots/COMMIT/...   names, as links to blobs
///     .locks/models--owner--name/HASH.lock       one writer of a blob at a time
struct HubCache {
    let folder: String
    private let locks: String
    private let files = FileSystem()

    init(_ reference: HubReference, in cacheFolder: String) {
        let name = "models--\(reference.owner)--\(reference.name)"
        folder = "\(cacheFolder)/\(name)"
        locks = "\(cacheFolder)/.locks/\(name)"
    }

    func blob(_ hash: String) -> String { "\(folder)/blobs/\(hash)" }
    func lock(_ hash: String) -> String { "\(locks)/\(hash).lock" }
    func snapshot(_ commit: String) -> String { "\(folder)/snapshots/\(commit)" }

    /// The commit that a revision stands for; nil if the cache doesn't know.
    func commit(of revision: String) -> String? {
        if HubPath.isHash(revision, 40) { return revision }
        guard let bytes = try? files.contents(of: "\(folder)/refs/\(revision)") else { return nil }
        let text = String(decoding: bytes.prefix(64), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return HubPath.isHash(text, 40) ? text : nil
    }

    // MARK: - Writing

    func prepare() throws(TrainerError) {
        for path in ["\(folder)/blobs", "\(folder)/refs", "\(folder)/snapshots", locks] { try files.createFolders(path) }
    }

    /// Remembers which commit a branch or tag stood for.
    func setCommit(_ commit: String, of revision: String) throws(TrainerError) {
        guard !HubPath.isHash(revision, 40), self.commit(of: revision) != commit else { return }
        let path = "\(folder)/refs/\(revision)"
        try files.createFolders(files.parent(of: path))
        try files.replace(path, with: Array(commit.utf8))
    }

    /// Gives a blob its name in a snapshot; what stood there is replaced in one step.
    func link(_ name: String, in commit: String, to hash: String) throws(TrainerError) {
        let path = "\(snapshot(commit))/\(name)"
        try files.createFolders(files.parent(of: path))
        let up = String(repeating: "../", count: name.split(separator: "/").count + 1)
        let target = "\(up)blobs/\(hash)"
        if (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) == target { return }
        let temporary = "\(path).\(getpid()).partial"
        try files.remove(temporary)
        guard symlink(target, temporary) == 0 else {
            let remedy = "Set HF_HUB_CACHE to a folder on a file system with symbolic links"
            throw TrainerError(.file, path, "can't be made a link: \(String(cString: strerror(errno)))", remedy: remedy)
        }
        try files.rename(temporary, to: path)
    }

    // MARK: - Reading

    /// What a snapshot holds of a model.
    enum Content: Equatable {
        /// Everything a reader needs, at this path.
        case model(String)
        /// Not all; what is known to be missing.
        case partial(missing: String)
        case nothing
    }

    func content(_ reference: HubReference, commit: String) -> Content {
        let folder = snapshot(commit)
        let names = names(in: folder)
        guard !names.isEmpty else { return .nothing }
        if let file = reference.file {
            let missing = HubSelection.parts(of: file).first { !names.contains($0) }
            return missing.map { .partial(missing: $0) } ?? .model("\(folder)/\(file)")
        }
        let selection = HubSelection(names: names)
        if case .gguf(let file)? = selection.weights, !names.contains("config.json") || selection.isOnlyGGUF {
            let missing = HubSelection.parts(of: file).first { !names.contains($0) }
            return missing.map { .partial(missing: $0) } ?? .model("\(folder)/\(file)")
        }
        var wanted = ["config.json"]
        switch selection.weights {
        case .safetensors: wanted.append(HubSelection.weightsName)
        case .index: wanted += (try? shards(commit)) ?? [HubSelection.weightsName]
        case .gguf, nil: wanted.append(HubSelection.weightsName)
        }
        if let missing = wanted.first(where: { !names.contains($0) }) { return .partial(missing: missing) }
        guard !names.isDisjoint(with: HubSelection.vocabularies) else { return .partial(missing: HubSelection.vocabularies[0]) }
        return .model(folder)
    }

    /// The files that a snapshot's index of weights names.
    func shards(_ commit: String) throws(TrainerError) -> [String] {
        let path = "\(snapshot(commit))/\(HubSelection.indexName)"
        struct Index: Decodable {
            var weight_map: [String: String]
        }
        let bytes = try files.contents(of: path)
        guard let index = try? JSONDecoder().decode(Index.self, from: Data(bytes)) else {
            throw TrainerError(.format, path, "is no index of weights: it has no weight_map of names")
        }
        return Set(index.weight_map.values).sorted()
    }

    /// The files below a folder whose content is there: a link that leads nowhere is none.
    private func names(in folder: String) -> Set<String> {
        let all = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return Set(all.filter { files.size(of: "\(folder)/\($0)") != nil })
    }
}
