import Crypto
public import Support

/// The files of a data set as they stand now, known without being read.
public struct SourceFiles: Sendable {
    public let paths: [String]
    private let identities: [FileIdentity]

    /// - Throws: `file` if a pattern matches none or a file is missing.
    public init(_ patterns: [String]) throws(TrainerError) {
        paths = try DataFiles.paths(patterns)
        var identities: [FileIdentity] = []
        for path in paths { identities.append(try FileIdentity(path: path)) }
        self.identities = identities
    }

    /// Refuses to go on with files that are not what they were when this was made: their rows would not be those of the key.
    ///
    /// - Throws: `file`.
    public func checkUnchanged() throws(TrainerError) {
        for identity in identities where try FileIdentity(path: identity.path) != identity { throw Self.changing(identity) }
    }

    private static func changing(_ identity: FileIdentity) -> TrainerError {
        TrainerError(.file, identity.path, "changes while it is read", remedy: "Start again when no other program writes it")
    }

    /// The key of the rows that a recipe makes of these files' content: 64 hexadecimal digits.
    ///
    /// What a file holds counts, not where it lies. The hashes of files that did not change since they were hashed last are taken from the cache.
    ///
    /// - Parameter pool: Its threads hash.
    /// - Throws: `file` if a file can't be read or changes meanwhile.
    public func key(_ recipe: RowRecipe, in cache: TokenCache, on pool: ThreadPool) throws(TrainerError) -> String {
        // The version goes up with every change of how files become rows, how rows become tokens, or how parts are cut and laid out.
        var lines = ["trainer rows, version 1"] + recipe.lines
        for identity in identities {
            let known = cache.hash(of: identity)
            let hash = if let known { known } else { try Self.hash(identity, on: pool) }
            // A file's name says how it is read, where the configuration does not.
            let ending = recipe.options.format == .auto ? DataFormat.ending(of: identity.path) : ""
            lines.append("file \(hash) \(ending)")
            if known == nil { cache.keep(hash, of: identity) }
        }
        var hash = SHA256()
        for line in lines {
            hash.update(data: Array("\(line.utf8.count):".utf8))
            hash.update(data: Array(line.utf8))
        }
        return hexadecimal(hash.finalize())
    }

    /// Bytes that are hashed by themselves, so that threads can share a file.
    private static let piece = 16 << 20

    /// A file's hash: SHA-256 of the SHA-256 of each 16 MiB, and of its size.
    private static func hash(_ identity: FileIdentity, on pool: ThreadPool) throws(TrainerError) -> String {
        let file = try MappedFile(path: identity.path)
        let size = file.bytes.count
        let pieces = pool.items((size + piece - 1) / piece) { index in
            let range = (index * piece)..<min(size, (index + 1) * piece)
            var hash = SHA256()
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: file.bytes[range]))
            file.forget(range)
            return hexadecimal(hash.finalize())
        }
        guard try FileIdentity(path: identity.path) == identity else { throw changing(identity) }
        return hexadecimal(SHA256.hash(data: Array("\(size) \(pieces.joined())".utf8)))
    }
}
