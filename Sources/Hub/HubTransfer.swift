import Foundation
import Support

/// Files of one commit on their way into the cache, one after another.
final class HubTransfer {
    private let reference: HubReference
    private let commit: String
    private let cache: HubCache
    private let connection: HubConnection
    private let report: (HubEvent) -> Void

    init(_ reference: HubReference, commit: String, cache: HubCache, connection: HubConnection, report: @escaping (HubEvent) -> Void) {
        self.reference = reference
        self.commit = commit
        self.cache = cache
        self.connection = connection
        self.report = report
    }

    /// Fetches those of the files whose content is not here, and names all of them in the snapshot.
    func run(_ names: [String]) throws(TrainerError) {
        var described: [BlobDownload.File] = []
        for name in names { described.append(try describe(name)) }
        let missing = described.filter { !BlobDownload.isHere($0, in: cache) }
        let total = try checkSpace(missing)
        if !missing.isEmpty { report(.begins(files: missing.count, bytes: total)) }
        var done = 0
        for file in missing {
            try fetch(file) { [report] bytes in
                report(.progress(file: file.name, bytes: bytes, of: file.size, total: done + bytes, ofTotal: total))
            }
            done += file.size
        }
        for file in described { try cache.link(file.name, in: commit, to: file.hash) }
        if !missing.isEmpty { report(.ends(bytes: total)) }
    }

    private func path(_ name: String) -> String {
        "/\(reference.repository)/resolve/\(commit)/\(HubPath.encoded(name, keepsSlashes: true))"
    }

    /// Asks the hub for a file's hash and size.
    private func describe(_ name: String) throws(TrainerError) -> BlobDownload.File {
        let head = try connection.head(path(name), of: reference)
        let hash = head.header("X-Linked-Etag") ?? head.header("ETag") ?? ""
        guard let size = (head.header("X-Linked-Size") ?? head.header("Content-Length")).flatMap({ Int($0) }), size >= 0 else {
            throw TrainerError(
                .format, "\(reference)/\(name)", "the hub does not tell its size", remedy: "See whether HF_ENDPOINT is a Hugging Face hub")
        }
        let bare = (hash.hasPrefix("W/") ? hash.dropFirst(2) : hash[...]).trimmingCharacters(in: CharacterSet(charactersIn: "\""))
        return BlobDownload.File(name: name, hash: bare, size: size)
    }

    /// - Returns: The bytes of all the files.
    /// - Throws: `file` if what is still to come does not fit the disk.
    private func checkSpace(_ missing: [BlobDownload.File]) throws(TrainerError) -> Int {
        var (total, kept) = (0, 0)
        for file in missing {
            let (sum, isOver) = total.addingReportingOverflow(file.size)
            guard !isOver else { throw TrainerError(.format, reference.description, "the hub gives sizes that add up to more than 2^63 bytes") }
            total = sum
            kept += BlobDownload.bytesKept(file, in: cache)
        }
        let free = try FileSystem().freeSpace(at: cache.folder)
        guard total - kept <= free.bytes else {
            throw TrainerError(
                .file, cache.folder, "\(reference) needs \(ByteCount(total - kept)) more, and \(free) are free",
                remedy: "Free some space there, or set HF_HUB_CACHE to a folder on another file system")
        }
        return total
    }

    private func fetch(_ file: BlobDownload.File, progress: @escaping (Int) -> Void) throws(TrainerError) {
        let download = try BlobDownload(file, in: cache, progress: progress)
        let lock = try FileLock(path: cache.lock(file.hash)) { report(.waits(file: file.name)) }
        defer { extendLifetime(lock) }
        guard !BlobDownload.isHere(file, in: cache) else { return progress(file.size) }
        try download.run(path(file.name), of: reference, over: connection)
    }
}
