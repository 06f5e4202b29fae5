import Foundation
import Support
import TestSupport
import Testing

@testable import Training

@Suite(.enabled(if: SmallDisk.isAvailable, "mounting a small tmpfs needs root"))
struct CheckpointFullDiskTests {
    @Test("pain 18: a checkpoint that does not fit is refused before anything is written or removed")
    func refused() throws {
        try SmallDisk.with { folder in
            let store = CheckpointStore(folder: "\(folder)/checkpoints", keepLast: 1, keepBest: false)
            try SampleCheckpoint.save(store, step: 1)
            let large = CheckpointFile(name: "weights.bin", byteCount: 5_000_000) { (_) throws(TrainerError) in
                throw TrainerError(.file, "weights.bin", "was asked for its bytes")
            }
            let error = #expect(throws: TrainerError.self) { try store.save(step: 2, score: nil, files: [large], metadata: [:]) }
            #expect(error?.code == .file)
            #expect(error?.problem.contains("the checkpoint of step 2 needs 5.07 MB") == true)
            #expect(error?.problem.contains("No space left on device") == true)
            #expect(try FileSystem().names(in: "\(folder)/checkpoints") == ["step-00000001"])
            try SampleCheckpoint.expectIntact(try #require(try store.newestVerified().checkpoint))
        }
    }

    @Test("pain 18: a disk that fills up during a save keeps the earlier checkpoint, and training can go on")
    func filledUp() throws {
        try SmallDisk.with { folder in
            let store = CheckpointStore(folder: "\(folder)/checkpoints", keepLast: 1, keepBest: false)
            try SampleCheckpoint.save(store, step: 1)
            let free = try FileSystem().freeSpace(at: folder)
            let files = [
                CheckpointFile(name: "a.bin", bytes: Array(repeating: 1, count: 500_000)),
                CheckpointFile(name: "b.bin", byteCount: 2_000_000) { (writer) throws(TrainerError) in
                    try writer.write(Array(repeating: 2, count: 100_000))
                    // Another program takes the space that was free when the save began.
                    let greedy = try FileSystem().create("\(folder)/greedy")
                    try greedy.write(Array(repeating: 3, count: 3_000_000 - 500_000))
                    try writer.write(Array(repeating: 2, count: 1_900_000))
                },
            ]
            let error = #expect(throws: TrainerError.self) { try store.save(step: 2, score: nil, files: files, metadata: [:]) }
            #expect(error?.code == .file)
            #expect(error?.subject.hasSuffix(".step-00000002.partial/b.bin") == true)
            #expect(error?.problem == "can't be written (No space left on device)")
            #expect(error?.remedy?.contains("Free some space") == true)
            #expect(try FileSystem().names(in: "\(folder)/checkpoints") == ["step-00000001"])
            try SampleCheckpoint.expectIntact(try #require(try store.newestVerified().checkpoint))

            try FileSystem().remove("\(folder)/greedy")
            #expect(try FileSystem().freeSpace(at: folder) == free)
            try SampleCheckpoint.save(store, step: 3)
            #expect(try store.newestVerified().checkpoint?.step == 3)
        }
    }

    @Test("begin: what a crashed save left behind makes room for the next")
    func leftoversMakeRoom() throws {
        try SmallDisk.with { folder in
            let store = CheckpointStore(folder: folder, keepLast: 1, keepBest: false)
            let file = CheckpointFile(name: "weights.bin", bytes: Array(repeating: 1, count: 3_000_000))
            let died = FaultyDisk(.crash(at: 8))
            let dying = CheckpointStore(folder: folder, keepLast: 1, keepBest: false, fileSystem: died.fileSystem)
            #expect(throws: TrainerError.self) { try dying.save(step: 1, score: nil, files: [file], metadata: [:]) }
            #expect(try FileSystem().freeSpace(at: folder) < ByteCount(3_000_000))
            try store.save(step: 1, score: nil, files: [file], metadata: [:])
            #expect(try store.newestVerified().checkpoint?.step == 1)
        }
    }
}
