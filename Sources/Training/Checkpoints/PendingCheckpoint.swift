import Crypto
public import Support

/// A checkpoint being written under a temporary name, by one rank or by several in parallel.
///
/// One rank calls `CheckpointStore.begin`, the others `join` once that has returned; each calls `write` with the files that are its own; one
/// rank gathers what `write` returned everywhere and calls `complete`, or `abandon` if any rank failed.
public struct PendingCheckpoint: Sendable {
    public let step: Int
    /// The folder under its temporary name.
    public let folder: String
    let fileSystem: FileSystem

    /// Writes files, brings them to the device, reads them back and compares.
    ///
    /// - Returns: An entry for each file, for the manifest. They are `Codable`, so that they can travel to the rank that completes.
    /// - Throws: `file` on a full disk or a failing device, for a file that another rank wrote too, for one that is empty or not of its
    ///   declared size, and for one that reads back otherwise than it was written.
    public func write(_ files: [CheckpointFile]) throws(TrainerError) -> [CheckpointManifest.Entry] {
        var entries: [CheckpointManifest.Entry] = []
        for file in files { entries.append(try write(file)) }
        // Names made by this rank become durable here; on a network file system no other rank can do it.
        if !files.isEmpty { try fileSystem.synchronizeFolder(folder) }
        return entries
    }

    private func write(_ file: CheckpointFile) throws(TrainerError) -> CheckpointManifest.Entry {
        try Self.checkName(file.name)
        let path = "\(folder)/\(file.name)"
        guard file.byteCount > 0 else {
            throw TrainerError(.file, path, "would be empty: a placeholder was given in place of what it stands for")
        }
        let output = try fileSystem.create(path, pastCache: true)
        var hash = SHA256()
        try CheckpointFileWriter.stream(file, path: path) { (piece) throws(TrainerError) in
            hash.update(bufferPointer: piece)
            try output.write(piece)
        }
        try output.synchronize()
        try output.close()
        let entry = CheckpointManifest.Entry(name: file.name, byteCount: file.byteCount, sha256: hexadecimal(hash.finalize()))
        try compare(file, path)
        try entry.checkSize(in: folder, fileSystem)
        return entry
    }

    private func compare(_ file: CheckpointFile, _ path: String) throws(TrainerError) {
        let input = try ReadableFile(path: path, fromDevice: true)
        try CheckpointFileWriter.stream(file, path: path) { (piece) throws(TrainerError) in
            guard try input.nextEquals(piece) else {
                throw TrainerError(.file, path, "\(file.name) does not read back as it was written, near byte \(input.position)")
            }
        }
    }

    private static func checkName(_ name: String) throws(TrainerError) {
        let reserved = [CheckpointManifest.fileName, CheckpointManifest.markerName]
        guard !name.isEmpty, !name.hasPrefix("."), !name.contains("/"), !reserved.contains(name) else {
            throw TrainerError(.file, name, "can't be the name of a file in a checkpoint")
        }
    }
}

extension CheckpointManifest.Entry {
    /// Compares a file's size, without reading it, with that of the manifest.
    func checkSize(in folder: String, _ fileSystem: FileSystem) throws(TrainerError) {
        guard let found = fileSystem.size(of: "\(folder)/\(name)") else { throw TrainerError(.format, "\(folder)/\(name)", "\(name) is missing") }
        guard found == byteCount else { throw TrainerError(.format, "\(folder)/\(name)", "\(name) has \(found) bytes, not \(byteCount)") }
    }

    /// Reads a file and compares its size and hash with those of the manifest.
    func check(in folder: String, _ fileSystem: FileSystem) throws(TrainerError) {
        try checkSize(in: folder, fileSystem)
        let found = try digest(of: "\(folder)/\(name)", in: fileSystem)
        guard found == (byteCount, sha256) else {
            throw TrainerError(.format, "\(folder)/\(name)", "\(name) does not have the bytes that were saved (its SHA-256 differs)")
        }
    }
}
