import Formats
import Glibc
import Support
import Synchronization
import Tensors

/// How files stood when a run began, and their SHA-256 when it ends.
struct FileStamps: Sendable {
    private struct Stamp: Equatable, Sendable {
        var bytes: Int
        var modified: Int
        var inode: UInt64

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            bytes = Int(status.st_size)
            modified = Int(status.st_mtim.tv_sec) * 1_000_000_000 + status.st_mtim.tv_nsec
            inode = UInt64(status.st_ino)
        }
    }

    private let files: [(path: String, published: String, stamp: Stamp?)]

    /// - Parameter files: Paths, and what they are called in the record.
    init(_ files: [(path: String, published: String)]) {
        self.files = files.map { ($0.path, $0.published, Stamp($0.path)) }
    }

    /// The files of a model: weights, configuration, tokenizer.
    static func model(_ files: ModelFiles) -> FileStamps {
        var paths: [String] = []
        for path in files.tensors.listings.map(\.path) where paths.last != path && !paths.contains(path) { paths.append(path) }
        if files.gguf == nil {
            let names = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"]
            paths += names.map { "\(files.path)/\($0)" }.filter { access($0, R_OK) == 0 }
        }
        return FileStamps(paths.map { ($0, String($0.split(separator: "/").last ?? "")) })
    }

    static func data(_ paths: [String]) -> FileStamps { FileStamps(paths.map { ($0, publishedPath($0)) }) }

    /// Hashes every file, which the ranks of the group and the threads of each share; one that was changed since has no hash.
    ///
    /// - Returns: The same on every rank.
    /// - Throws: `communication`. A file that is gone or can't be read has no hash either.
    func hashed(on pool: ThreadPool, group: any ProcessGroup) throws(TrainerError) -> [Provenance.File] {
        let own = Array(stride(from: group.index, to: files.count, by: group.size))
        let digests = Mutex([String](repeating: "", count: own.count))
        pool.parallelItems(own.count) { item, _ in
            let (path, _, stamp) = files[own[item]]
            guard let stamp, Stamp(path) == stamp, let found = try? digest(of: path, in: FileSystem()), Stamp(path) == stamp else { return }
            digests.withLock { $0[item] = found.sha256 }
        }
        let text = digests.withLock { $0.joined(separator: "\n") }
        let lists = try group.gather(Array(text.utf8), name: "hashes of files").map {
            String(decoding: $0, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        }
        return files.enumerated().map { index, file in
            let sha256 = lists[index % group.size][index / group.size]
            return Provenance.File(path: file.published, bytes: file.stamp?.bytes ?? 0, sha256: sha256.isEmpty ? nil : sha256)
        }
    }
}
