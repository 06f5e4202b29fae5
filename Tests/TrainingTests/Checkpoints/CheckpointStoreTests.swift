import Foundation
import Support
import TestSupport
import Testing

@testable import Training

@Suite struct CheckpointStoreTests {
    private func names(_ folder: String) throws -> [String] { try FileSystem().names(in: folder) }

    @Test("save and newestVerified: the bytes, step, score and metadata come back")
    func roundTrip() throws {
        try withTemporaryFolder { folder in
            let store = CheckpointStore(folder: "\(folder)/run/checkpoints", keepLast: 2, keepBest: true)
            #expect(try store.newestVerified().checkpoint == nil)
            try SampleCheckpoint.save(store, step: 120, score: 1.25)
            let search = try store.newestVerified()
            let checkpoint = try #require(search.checkpoint)
            #expect(search.passedOver.isEmpty)
            #expect(checkpoint.step == 120)
            #expect(checkpoint.folder.hasSuffix("/step-00000120"))
            #expect(checkpoint.manifest.score == 1.25)
            try SampleCheckpoint.expectIntact(checkpoint)
            #expect(try store.verify(checkpoint.folder) == checkpoint)
            #expect(throws: TrainerError.self) { try checkpoint.path(of: "weights.bin") }
        }
    }

    @Test("save: the same content gives the same bytes, manifest and marker included")
    func deterministic() throws {
        try withTemporaryFolder { folder in
            let stores = ["a", "b"].map { CheckpointStore(folder: "\(folder)/\($0)", keepLast: 1, keepBest: false) }
            let checkpoints = try stores.map { try SampleCheckpoint.save($0, step: 7, score: 0.1).checkpoint.folder }
            for name in try names(checkpoints[0]) {
                #expect(try FileSystem().contents(of: "\(checkpoints[0])/\(name)") == FileSystem().contents(of: "\(checkpoints[1])/\(name)"))
            }
        }
    }

    @Test("save: large streamed files arrive whole, whatever the pieces they come in")
    func streamed() throws {
        try withTemporaryFolder { folder in
            let store = CheckpointStore(folder: folder, keepLast: 1, keepBest: false)
            let bytes = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 11) }
            let file = CheckpointFile(name: "weights.bin", byteCount: bytes.count) { (writer) throws(TrainerError) in
                var start = 0
                for size in [0, 1, 2_000_000, 77, 999_923] {
                    try writer.write(Array(bytes[start..<start + size]))
                    start += size
                }
            }
            let saved = try store.save(step: 1, score: nil, files: [file], metadata: [:])
            #expect(try FileSystem().contents(of: saved.checkpoint.path(of: "weights.bin")) == bytes)
            // The hash is the one that sha256sum prints, computed apart from the stream.
            #expect(saved.checkpoint.manifest.files[0].sha256 == digest(of: bytes))
        }
    }

    @Test("pain 17: an empty placeholder, and a file of another size than declared, can't be saved")
    func placeholder() throws {
        try withTemporaryFolder { folder in
            let store = CheckpointStore(folder: folder, keepLast: 1, keepBest: false)
            try SampleCheckpoint.save(store, step: 1)
            let short = CheckpointFile(name: "weights.bin", byteCount: 10) { (writer) throws(TrainerError) in try writer.write([1, 2, 3]) }
            let long = CheckpointFile(name: "weights.bin", byteCount: 2) { (writer) throws(TrainerError) in try writer.write([1, 2, 3]) }
            for (file, words) in [(CheckpointFile(name: "weights.bin", bytes: []), "placeholder"), (short, "was given 3"), (long, "is given 3")] {
                let error = #expect(throws: TrainerError.self) { try store.save(step: 2, score: nil, files: [file], metadata: [:]) }
                #expect(error?.problem.contains(words) == true)
                #expect(try names(folder) == ["step-00000001"])
            }
        }
    }

    @Test("pain 17: a file that reads back otherwise than it was written fails the save")
    func readBack() throws {
        try withTemporaryFolder { folder in
            let good = CheckpointStore(folder: folder, keepLast: 1, keepBest: false)
            try SampleCheckpoint.save(good, step: 1)
            let disk = FaultyDisk(.none) { operation in
                // The device spoils a byte while the file is brought to it.
                if case .synchronize(let path) = operation, path.hasSuffix("optimizer.bin") {
                    try? SampleCheckpoint.change(path) { $0[12_000] ^= 4 }
                }
            }
            let spoiling = CheckpointStore(folder: folder, keepLast: 1, keepBest: false, fileSystem: disk.fileSystem)
            let error = #expect(throws: TrainerError.self) { try SampleCheckpoint.save(spoiling, step: 2) }
            #expect(error?.problem.contains("optimizer.bin does not read back as it was written") == true)
            #expect(try names(folder) == ["step-00000001"])
        }
    }

    @Test("pain 17: a source that gives other bytes when it is compared, as one still being changed does, fails the save")
    func unsteadySource() throws {
        try withTemporaryFolder { folder in
            let store = CheckpointStore(folder: folder, keepLast: 1, keepBest: false)
            var calls: UInt8 = 0
            let file = CheckpointFile(name: "weights.bin", byteCount: 3) { (writer) throws(TrainerError) in
                calls += 1
                try writer.write([1, 2, calls])
            }
            #expect(throws: TrainerError.self) { try store.save(step: 1, score: nil, files: [file], metadata: [:]) }
            let left = try names(folder)
            #expect(calls == 2)
            #expect(left.isEmpty)
        }
    }

    @Test("save: names that would leave the folder, hide, or clash are refused")
    func fileNames() throws {
        try withTemporaryFolder { folder in
            let store = CheckpointStore(folder: folder, keepLast: 1, keepBest: false)
            for name in ["", "../x", "a/b", ".hidden", "manifest.json", "complete"] {
                let file = CheckpointFile(name: name, bytes: [1])
                #expect(throws: TrainerError.self) { try store.save(step: 1, score: nil, files: [file], metadata: [:]) }
            }
            let twice = [CheckpointFile(name: "a", bytes: [1]), CheckpointFile(name: "a", bytes: [2])]
            #expect(throws: TrainerError.self) { try store.save(step: 1, score: nil, files: twice, metadata: [:]) }
            #expect(throws: TrainerError.self) { try store.save(step: 1, score: nil, files: [], metadata: [:]) }
            let left = try names(folder)
            #expect(left.isEmpty)
        }
    }

    @Test("begin, join, write, complete: ranks write their shards in parallel and one completes")
    func severalRanks() throws {
        try withTemporaryFolder { folder in
            let store = CheckpointStore(folder: folder, keepLast: 1, keepBest: false)
            let pending = try store.begin(step: 9, byteCount: 4000, fileCount: 4)
            let group = DispatchGroup()
            let gathered = (0..<4).map { "\(folder)/entries-\($0)" }
            for rank in 0..<4 {
                DispatchQueue.global().async(group: group) {
                    let mine = CheckpointFile(name: "shard-\(rank)", bytes: Array(repeating: UInt8(rank), count: 1000))
                    let entries = try? store.join(step: 9).write([mine])
                    try? JSONEncoder().encode(entries).write(to: URL(fileURLWithPath: gathered[rank]))
                }
            }
            group.wait()
            #expect(try store.newestVerified().checkpoint == nil)
            let entries = try gathered.flatMap {
                try JSONDecoder().decode([CheckpointManifest.Entry].self, from: Data(contentsOf: URL(fileURLWithPath: $0)))
            }
            let saved = try store.complete(pending, entries: entries, score: nil, metadata: [:])
            #expect(saved.checkpoint.manifest.files.map(\.name) == ["shard-0", "shard-1", "shard-2", "shard-3"])
            #expect(try store.newestVerified().checkpoint == saved.checkpoint)
        }
    }

    @Test("complete: a shard that a rank promised and that is not there fails, and abandon leaves nothing")
    func missingShard() throws {
        try withTemporaryFolder { folder in
            let store = CheckpointStore(folder: folder, keepLast: 1, keepBest: false)
            let pending = try store.begin(step: 9, byteCount: 10, fileCount: 1)
            var entries = try pending.write([CheckpointFile(name: "a", bytes: [1])])
            entries.append(CheckpointManifest.Entry(name: "b", byteCount: 1, sha256: entries[0].sha256))
            let error = #expect(throws: TrainerError.self) { try store.complete(pending, entries: entries, score: nil, metadata: [:]) }
            #expect(error?.problem == "b is missing")
            store.abandon(pending)
            #expect(try names(folder).isEmpty)
        }
    }

    @Test("newestVerified: after a run was taken back, the checkpoint saved last counts, not the highest step")
    func takenBack() throws {
        try withTemporaryFolder { folder in
            let store = CheckpointStore(folder: folder, keepLast: 2, keepBest: false)
            for step in [10, 20, 30, 15] { try SampleCheckpoint.save(store, step: step) }
            #expect(try store.newestVerified().checkpoint?.step == 15)
            #expect(try names(folder) == ["step-00000015", "step-00000030"])
        }
    }

    @Test("save: a step saved again stands beside the first until that is rotated out")
    func savedAgain() throws {
        try withTemporaryFolder { folder in
            let store = CheckpointStore(folder: folder, keepLast: 2, keepBest: false)
            try SampleCheckpoint.save(store, step: 10)
            try SampleCheckpoint.save(store, step: 10)
            #expect(try names(folder) == ["step-00000010", "step-00000010.2"])
            #expect(try store.newestVerified().checkpoint?.folder.hasSuffix(".2") == true)
            try SampleCheckpoint.save(store, step: 10)
            #expect(try names(folder) == ["step-00000010.2", "step-00000010.3"])
        }
    }
}
