import Support
import TestSupport
import Testing

@testable import Training

@Suite struct CheckpointRotationTests {
    private func steps(_ folder: String) throws -> [Int] {
        try FileSystem().names(in: folder).map { try #require(Int($0.dropFirst(5))) }
    }

    @Test("pain 19: rotation keeps the last k and the best, through restarts, and the best can be loaded at the end")
    func best() throws {
        try withTemporaryFolder { folder in
            let scores = [3.0, 1.5, 2.0, 1.5, .nan, -.infinity, 9.0]
            let kept = [[1], [1, 2], [2, 3], [2, 3, 4], [2, 4, 5], [2, 5, 6], [2, 6, 7]]
            for (index, score) in scores.enumerated() {
                // A store of its own each time: what is the best follows from the folder alone.
                let store = CheckpointStore(folder: folder, keepLast: 2, keepBest: true)
                try SampleCheckpoint.save(store, step: index + 1, score: score)
                #expect(try steps(folder) == kept[index])
            }
            let store = CheckpointStore(folder: folder, keepLast: 2, keepBest: true)
            let best = try #require(try store.bestVerified().checkpoint)
            #expect(best.step == 2)
            try SampleCheckpoint.expectIntact(best)
        }
    }

    @Test("pain 19: when the best is damaged, bestVerified says so and gives the next best")
    func damagedBest() throws {
        try withTemporaryFolder { folder in
            let store = CheckpointStore(folder: folder, keepLast: 3, keepBest: true)
            for (step, score) in [(1, 3.0), (2, 1.0), (3, 2.0)] { try SampleCheckpoint.save(store, step: step, score: score) }
            try SampleCheckpoint.change("\(folder)/step-00000002/optimizer.bin") { $0[9] ^= 1 }
            let search = try store.bestVerified()
            #expect(search.checkpoint?.step == 3)
            #expect(search.passedOver.map(\.name) == ["step-00000002"])
        }
    }

    @Test("rotation: without keepBest only the last k stay, and checkpoints without a score are no best")
    func lastOnly() throws {
        try withTemporaryFolder { folder in
            for (step, score) in [(1, 0.1), (2, nil), (3, 5), (4, nil)] as [(Int, Double?)] {
                try SampleCheckpoint.save(CheckpointStore(folder: folder, keepLast: 1, keepBest: false), step: step, score: score)
                #expect(try steps(folder) == [step])
            }
            #expect(try CheckpointStore(folder: folder, keepLast: 1, keepBest: true).bestVerified().checkpoint == nil)
        }
    }

    @Test("rotation: what is damaged, and what is not a checkpoint, is neither counted nor removed")
    func strangers() throws {
        try withTemporaryFolder { folder in
            let store = CheckpointStore(folder: folder, keepLast: 1, keepBest: false)
            try SampleCheckpoint.save(store, step: 1)
            try SampleCheckpoint.change("\(folder)/step-00000001/optimizer.bin") { $0.removeLast() }
            for name in ["notes", "step-x", "step-1.2.3"] { try FileSystem().createFolder("\(folder)/\(name)") }
            try SampleCheckpoint.save(store, step: 2)
            try SampleCheckpoint.save(store, step: 3)
            #expect(try FileSystem().names(in: folder) == ["notes", "step-00000001", "step-00000003", "step-1.2.3", "step-x"])
        }
    }

    @Test("rotation: an old checkpoint that can't be removed does not fail the save")
    func stuck() throws {
        try withTemporaryFolder { folder in
            try SampleCheckpoint.save(CheckpointStore(folder: folder, keepLast: 1, keepBest: false), step: 1)
            let disk = FaultyDisk(.none)
            let counting = CheckpointStore(folder: folder, keepLast: 1, keepBest: false, fileSystem: disk.fileSystem)
            try SampleCheckpoint.save(counting, step: 2)
            let hide = try #require(disk.operations.lastIndex { if case .rename = $0 { true } else { false } })
            let failing = FaultyDisk(.failure(at: hide))
            let store = CheckpointStore(folder: folder, keepLast: 1, keepBest: false, fileSystem: failing.fileSystem)
            let saved = try SampleCheckpoint.save(store, step: 3)
            #expect(saved.removalFailure != nil)
            #expect(saved.removed.isEmpty)
            #expect(try steps(folder) == [2, 3])
        }
    }
}
