import Glibc
import Support
import TestSupport
import Testing

@testable import Training

/// Checkpoints whose bytes follow from their step, so that any can be checked alone.
enum SampleCheckpoint {
    static let sizes = ["adapter.safetensors": 5000, "optimizer.bin": 20_001, "state.json": 17]

    /// The bytes of a file, a different pattern for each step.
    static func bytes(_ name: String, step: Int) -> [UInt8] {
        let start = step &* 31 &+ name.utf8.count
        return (0..<(sizes[name] ?? 0)).map { UInt8(truncatingIfNeeded: (start &+ $0) &* 167 &+ $0 >> 8) }
    }

    static func files(step: Int) -> [CheckpointFile] {
        sizes.keys.sorted().map { CheckpointFile(name: $0, bytes: bytes($0, step: step)) }
    }

    @discardableResult
    static func save(_ store: CheckpointStore, step: Int, score: Double? = nil) throws(TrainerError) -> CheckpointStore.Saved {
        try store.save(step: step, score: score, files: files(step: step), metadata: ["run": "sample"])
    }

    /// Expects the checkpoint to hold exactly what `save` writes for its step.
    static func expectIntact(_ checkpoint: VerifiedCheckpoint, sourceLocation: SourceLocation = #_sourceLocation) throws {
        for name in sizes.keys {
            let found = try FileSystem().contents(of: checkpoint.path(of: name))
            #expect(found == bytes(name, step: checkpoint.step), "\(checkpoint.folder)/\(name)", sourceLocation: sourceLocation)
        }
        #expect(checkpoint.manifest.files.count == sizes.count, sourceLocation: sourceLocation)
        #expect(checkpoint.manifest.metadata == ["run": "sample"], sourceLocation: sourceLocation)
    }

    /// Runs `body` with a new folder in memory, where the system has such: a crash test makes thousands of calls that wait for a disk.
    static func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
        let memory = "/dev/shm"
        guard try FileSystem().kind(of: memory) == .folder, access(memory, W_OK) == 0 else { return try withTemporaryFolder(body) }
        let folder = "\(memory)/trainer-test-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        try FileSystem().createFolder(folder)
        defer { try? FileSystem().remove(folder) }
        return try body(folder)
    }

    /// Changes a file's bytes behind the store's back.
    static func change(_ path: String, _ body: (inout [UInt8]) -> Void) throws {
        var bytes = try FileSystem().contents(of: path)
        body(&bytes)
        try FileSystem().remove(path)
        let file = try FileSystem().create(path)
        try file.write(bytes)
        try file.close()
    }
}
