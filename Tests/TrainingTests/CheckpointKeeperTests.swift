import Foundation
import Optimizers
import Parallelism
import Planning
import Support
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite struct CheckpointKeeperTests {
    private typealias Course = TrainingStateTests.Course

    private func keeper(_ course: Course, _ store: CheckpointStore) throws -> CheckpointKeeper {
        CheckpointKeeper(store: store, state: course.state, group: SoloGroup(), copyingOn: try CPUDevice(threadCount: 1))
    }

    private func position(_ step: Int) -> RunPosition { RunPosition(step: step, cursor: step, stream: 1, method: "full", before: nil) }

    private func bytes(_ saving: CheckpointKeeper.Saving?) throws -> Data {
        guard case .saved(let saved) = saving else { throw TrainerError(.file, "save", "\(String(describing: saving))") }
        #expect(saved.stall > 0 && saved.stall <= saved.seconds)
        return try Data(contentsOf: URL(fileURLWithPath: "\(saved.path)/\(StatePiece.fileName(rank: 0, of: 1))"))
    }

    @Test(
        "pain 21: what is written in the background is the state at the save, not that of steps made meanwhile; the bytes are those of a save that waits"
    )
    func copies() throws {
        try withTemporaryFolder { folder in
            let course = try Course(.adamw, method: .full)
            _ = try course.losses(0..<2)
            let waiting = CheckpointKeeper(
                store: CheckpointStore(folder: "\(folder)/a", keepLast: 3, keepBest: false), state: course.state, group: SoloGroup(), copyingOn: nil)
            let wanted = try bytes(waiting.save(position(2), score: 1).first)
            #expect(!waiting.isWriting)
            let keeper = try keeper(course, CheckpointStore(folder: "\(folder)/b", keepLast: 3, keepBest: false))
            #expect(try keeper.save(position(2), score: 1).isEmpty && keeper.isWriting)
            _ = try course.losses(2..<4)
            #expect(try bytes(keeper.complete()) == wanted)
            #expect(try !keeper.isWriting && keeper.complete() == nil)
            // Another save while one is under way: that one is completed first.
            #expect(try keeper.save(position(4), score: nil).isEmpty)
            let first = try bytes(keeper.save(position(5), score: nil).first)
            #expect(try first == bytes(keeper.complete()) && first != wanted)
            let resumed = try keeper.resume(path: nil) { _ in }
            #expect(resumed?.step == 5)
        }
    }

    @Test("a disk that fails in the background is told when the save would be completed; the checkpoint before stays, and the next save works")
    func fails() throws {
        try withTemporaryFolder { folder in
            let course = try Course(.adamw, method: .lora)
            let isBroken = Flag()
            let disk = FileSystem { (operation) throws(TrainerError) in
                if case .write(let path) = operation, isBroken.value, path.contains("state-") { throw TrainerError(.file, path, "is broken") }
            }
            let keeper = try keeper(course, CheckpointStore(folder: folder, keepLast: 3, keepBest: false, fileSystem: disk))
            _ = try keeper.save(position(1), score: nil)
            let good = try bytes(keeper.complete())
            isBroken.value = true
            #expect(try keeper.save(position(2), score: nil).isEmpty)
            guard case .failed(step: 2, let reason) = try keeper.complete() else { throw TrainerError(.file, "save", "did not fail") }
            #expect(reason.code == .file && reason.problem == "is broken")
            #expect(try FileSystem().names(in: folder) == ["step-00000001"])
            isBroken.value = false
            _ = try keeper.save(position(3), score: nil)
            #expect(try bytes(keeper.complete()) == good)
        }
    }

    @Test("a folder of checkpoints that is a link to a folder is written to and read from")
    func linkedFolder() throws {
        try withTemporaryFolder { folder in
            try FileSystem().createFolders("\(folder)/far")
            symlink("far", "\(folder)/checkpoints")
            let keeper = try keeper(try Course(.adamw, method: .lora), CheckpointStore(folder: "\(folder)/checkpoints", keepLast: 3, keepBest: false))
            _ = try keeper.save(position(1), score: nil)
            _ = try bytes(keeper.complete())
            #expect(try keeper.resume(path: nil) { _ in }?.step == 1)
            #expect(try CheckpointListing.open(folder).items.map(\.name) == ["step-00000001"])
        }
    }

    @Test(
        "pain 21: a run taken back to a checkpoint that is named goes on, when started again, from what it has saved since, also once that one is gone"
    )
    func takenBack() throws {
        try withTemporaryFolder { folder in
            let store = CheckpointStore(folder: folder, keepLast: 9, keepBest: false)
            let keeper = CheckpointKeeper(store: store, state: try Course(.adamw, method: .lora).state, group: SoloGroup(), copyingOn: nil)
            for step in [1, 2, 3] { _ = try keeper.save(position(step), score: nil) }
            let given = "\(folder)/step-00000001"
            var notes: [String] = []
            func resumed(_ path: String?) throws -> RunPosition { try #require(try keeper.resume(path: path) { notes.append($0) }) }
            // Newer ones of before do not come from it, so it is gone back to, and again until something is saved.
            for _ in 0..<2 { #expect(try resumed(given).step == 1 && notes.isEmpty) }
            var later = try resumed(given)
            later.step = 2
            _ = try keeper.save(later, score: nil)
            #expect(try resumed(given).step == 2 && notes.first?.contains("\(folder)/step-00000002.2") == true, "\(notes)")
            later = try resumed(nil)
            later.step = 4
            _ = try keeper.save(later, score: nil)
            try FileSystem().remove(given)
            #expect(try resumed(given).step == 4)
            // Another one is gone back to.
            #expect(try resumed("\(folder)/step-00000003").step == 3)
            expectError(.file, "step-00000009") { _ = try resumed("\(folder)/step-00000009") }
        }
    }

    @Test("an old checkpoint that can't be removed is told of with the new one")
    func notRemoved() throws {
        try withTemporaryFolder { folder in
            let disk = FileSystem { (operation) throws(TrainerError) in
                if case .remove(let path) = operation, path.contains(".removed") { throw TrainerError(.file, path, "is stuck") }
            }
            let store = CheckpointStore(folder: folder, keepLast: 1, keepBest: false, fileSystem: disk)
            let keeper = CheckpointKeeper(store: store, state: try Course(.adamw, method: .lora).state, group: SoloGroup(), copyingOn: nil)
            var found: [String?] = []
            for step in 1...2 {
                guard case .saved(let saved) = try keeper.save(position(step), score: nil).first else { throw TrainerError(.file, "save", "failed") }
                found.append(saved.removalFailure)
            }
            #expect(found[0] == nil && found[1]?.contains("is stuck") == true, "\(found)")
        }
    }

    @Test("a manifest is made of one list from each rank; a list that is missing or can't be read is no list of nothing")
    func lists() throws {
        let entry = CheckpointManifest.Entry(name: "a", byteCount: 1, sha256: "b")
        let good = [UInt8](try JSONEncoder().encode([entry]))
        #expect(try CheckpointKeeper.entries([good, good]) == [entry, entry])
        for bad in [[], [1, 2, 3], Array("[]".utf8), Array(good.dropLast())] {
            expectError(.format, "rank 1: did not say what it has written") { _ = try CheckpointKeeper.entries([good, bad]) }
        }
    }

    @Test("numbers that are not finite stand in a checkpoint's metadata and in a result, and are read back")
    func notFinite() throws {
        try withTemporaryFolder { folder in
            var position = position(1)
            position.before = Measurement(loss: .infinity, trainedTokens: 1, seconds: 1, fields: nil, samples: [])
            let keeper = try keeper(try Course(.adamw, method: .lora), CheckpointStore(folder: folder, keepLast: 3, keepBest: false))
            _ = try keeper.save(position, score: .nan)
            _ = try keeper.complete()
            #expect(try keeper.resume(path: nil) { _ in }?.before?.loss == .infinity)
            let result = RunResult(
                steps: 1, product: "adapter", isAdapter: true, needsNF4: false, isChat: false, model: "model", before: position.before, after: nil,
                predictedPeak: [:], measuredPeak: [:], peakResidentBytes: 1)
            try result.write(folder: folder)
            #expect(RunResult.read(folder: folder) == result)
            #expect(try SoloGroup().onFirst("result") { () throws(TrainerError) in RunResult.read(folder: folder) } == result)
        }
    }

    @Test("three ranks write their parts in the background and complete together; one that fails fails the save on all")
    func ranks() throws {
        try withTemporaryFolder { folder in
            for failing in [false, true] {
                let results = ThreadGroup.run(3) { group in
                    let device = try CPUDevice(threadCount: 1)
                    var configuration = RunConfiguration()
                    configuration.method.kind = .full
                    let grid = ProcessGrid(data: group)
                    let trained = try TrainedModel.make(try ReferenceCase("tied").files, configuration, on: device, longestSequence: 64, grid: grid)
                    let isBroken = failing && group.index == 1
                    let disk = FileSystem { (operation) throws(TrainerError) in
                        if case .write(let path) = operation, isBroken { throw TrainerError(.file, path, "is broken") }
                    }
                    let store = CheckpointStore(folder: "\(folder)/\(failing)", keepLast: 3, keepBest: false, fileSystem: disk)
                    let optimizer = try Optimizer(OptimizerOptions(), shards: trained.shards)
                    let keeper = CheckpointKeeper(
                        store: store, state: TrainingState(trained: trained, optimizer: optimizer), group: group, copyingOn: device)
                    _ = try keeper.save(RunPosition(step: 1, cursor: 1, stream: 1, method: "full", before: nil), score: nil)
                    return try keeper.complete()
                }
                for result in results {
                    switch try result.get() {
                    case .saved(let saved): #expect(!failing && saved.path.hasSuffix("step-00000001"))
                    case .failed(_, let reason): #expect(failing && reason.description.contains("state-00002-of-00003.safetensors: is broken"))
                    case nil: Issue.record("nothing was saved")
                    }
                }
            }
        }
    }
}

private final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private var flag = false
    var value: Bool {
        get { lock.withLock { flag } }
        set { lock.withLock { flag = newValue } }
    }
}
