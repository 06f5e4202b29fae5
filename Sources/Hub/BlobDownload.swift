import Foundation
import Glibc
import Support

/// One file of a repository on its way into the cache: resumed where an earlier attempt ended, hashed, and named only when it is whole.
final class BlobDownload {
    /// A file as the hub describes it.
    struct File: Equatable {
        var name: String
        /// SHA-256 or Git's hash: the blob's name.
        var hash: String
        var size: Int
    }

    private let file: File
    private let cache: HubCache
    private let files = FileSystem()
    private let progress: (Int) -> Void
    private var hash: BlobHash
    private var output: DurableFile?
    /// Bytes that are here and hashed.
    private var position = 0
    /// How often a server that knows no ranges made the download begin anew.
    private var restarts = 0

    private var blob: String { cache.blob(file.hash) }
    private var partial: String { cache.blob(file.hash) + ".incomplete" }

    /// - Parameter progress: Takes the bytes that are here.
    init(_ file: File, in cache: HubCache, progress: @escaping (Int) -> Void) throws(TrainerError) {
        guard let hash = BlobHash(like: file.hash, size: file.size) else {
            throw TrainerError(
                .format, file.name, "the hub gives \"\(file.hash.prefix(80))\" in place of a hash",
                remedy: "See whether HF_ENDPOINT is a Hugging Face hub")
        }
        self.file = file
        self.cache = cache
        self.progress = progress
        self.hash = hash
    }

    /// Whether the content is in the cache.
    static func isHere(_ file: File, in cache: HubCache) -> Bool { FileSystem().size(of: cache.blob(file.hash)) == file.size }

    /// Bytes that an earlier attempt left.
    static func bytesKept(_ file: File, in cache: HubCache) -> Int {
        let kept = FileSystem().size(of: cache.blob(file.hash) + ".incomplete") ?? 0
        return kept <= file.size ? kept : 0
    }

    /// Fetches what is missing and checks the whole.
    ///
    /// Content whose hash is wrong although earlier attempts had a part in it is fetched anew, once.
    func run(_ path: String, of reference: HubReference, over connection: HubConnection) throws(TrainerError) {
        defer { output = nil }
        let wasKept = try resume()
        try fetch(path, of: reference, over: connection)
        if hash.text != file.hash, wasKept {
            try restart()
            try fetch(path, of: reference, over: connection)
        }
        let found = hash.text
        guard found == file.hash else {
            try files.remove(partial)
            throw TrainerError(
                .format, "\(reference)/\(file.name)", "what came has the hash \(found), not \(file.hash)",
                remedy: "Try again; if it stays so, the hub or something on the way to it is broken")
        }
        try output?.synchronize()
        try output?.close()
        try files.rename(partial, to: blob)
        try files.synchronizeFolder(files.parent(of: blob))
    }

    private func fetch(_ path: String, of reference: HubReference, over connection: HubConnection) throws(TrainerError) {
        var refusals = 0
        while position < file.size {
            try connection.bytes(path, of: reference, from: { position }, to: file.size) { head in
                try self.begin(head)
            } take: { piece in
                try self.take(piece)
            }
            if position < file.size {
                // The hub says it is done, and it isn't.
                refusals += 1
                guard refusals < 3 else { throw wrongSize(reference, "\(position)") }
            }
        }
    }

    // MARK: - Bytes

    /// Opens what an earlier attempt left and hashes it; returns whether there was any.
    private func resume() throws(TrainerError) -> Bool {
        let kept = files.size(of: partial) ?? 0
        guard kept > 0, kept <= file.size else {
            try restart()
            return false
        }
        try files.read(partial) { (piece) throws(TrainerError) in
            hash.update(piece)
            position += piece.count
        }
        output = try files.append(to: partial)
        progress(position)
        return true
    }

    private func restart() throws(TrainerError) {
        output = nil
        try files.remove(partial)
        output = try files.append(to: partial)
        hash = BlobHash(like: file.hash, size: file.size) ?? hash
        position = 0
        progress(0)
    }

    /// A server that does not know ranges sends all from the beginning.
    private func begin(_ head: HTTPClient.Head) throws(TrainerError) {
        guard position > 0 else { return }
        let isAtPosition = head.header("Content-Range")?.hasPrefix("bytes \(position)-") == true
        if head.status != 206 || !isAtPosition {
            guard head.status == 200 else {
                throw TrainerError(.communication, file.name, "the hub sends another range than the one from byte \(position)", remedy: "Try again")
            }
            restarts += 1
            guard restarts <= 3 else {
                let remedy = "Fetch it elsewhere and copy the cache, or use another hub"
                throw TrainerError(.communication, file.name, "the hub sends no parts of files, and no attempt got to the end", remedy: remedy)
            }
            try restart()
        }
    }

    private func take(_ piece: Data) throws(TrainerError) {
        guard piece.count <= file.size - position else { throw wrongSize(nil, "more") }
        let bytes = [UInt8](piece)
        try output?.write(bytes)
        bytes.withUnsafeBytes { hash.update($0) }
        position += bytes.count
        progress(position)
    }

    private func wrongSize(_ reference: HubReference?, _ found: String) -> TrainerError {
        TrainerError(
            .communication, reference.map { "\($0)/\(file.name)" } ?? file.name, "the hub promised \(file.size) bytes and sent \(found)",
            remedy: "Try again")
    }
}
