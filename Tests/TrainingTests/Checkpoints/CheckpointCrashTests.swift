import Foundation
import Support
import Synchronization
import TestSupport
import Testing

@testable import Training

@Suite struct CheckpointCrashTests {
    private func store(_ folder: String, _ fileSystem: FileSystem = FileSystem()) -> CheckpointStore {
        CheckpointStore(folder: folder, keepLast: 1, keepBest: false, fileSystem: fileSystem)
    }

    /// What must hold after any crash of the save of step 20 over a store that holds step 10: old or new, whole, and the next save works.
    private func expectRecovery(_ folder: String, _ what: String) throws {
        let found = try #require(try store(folder).newestVerified().checkpoint, "\(what)")
        #expect(found.step == 10 || found.step == 20, "\(what)")
        try SampleCheckpoint.expectIntact(found)
        try SampleCheckpoint.save(store(folder), step: 30)
        let next = try store(folder).newestVerified()
        #expect(next.checkpoint?.step == 30, "\(what)")
        #expect(next.passedOver.isEmpty, "\(what)")
        #expect(try FileSystem().names(in: folder) == ["step-00000030"], "\(what)")
    }

    @Test("pain 18: a crash at any file-system operation of a save leaves the old or the new checkpoint, whole", arguments: [false, true])
    func crash(losingPower: Bool) throws {
        var operation = 0
        var sawOld = false
        var sawNew = false
        while true {
            let reached = try SampleCheckpoint.withFolder { folder in
                try SampleCheckpoint.save(store(folder), step: 10)
                let disk = FaultyDisk(.crash(at: operation))
                let saved = try? SampleCheckpoint.save(store(folder, disk.fileSystem), step: 20)
                guard disk.hasFailed else { return false }
                if losingPower { try disk.losePower() }
                let step = try store(folder).newestVerified().checkpoint?.step
                if step == 10 { sawOld = true } else { sawNew = true }
                // What the caller was told to be saved is there, even when power fails the next moment.
                if saved != nil { #expect(step == 20) }
                try expectRecovery(folder, "crash at operation \(operation)")
                return true
            }
            if !reached { break }
            operation += 1
        }
        #expect(operation > 20)
        #expect(sawOld && sawNew)
    }

    @Test("pain 18: a failure of any single operation is thrown or reported, and leaves no partial file and every earlier checkpoint")
    func failure() throws {
        var operation = 0
        while true {
            let reached = try SampleCheckpoint.withFolder { folder in
                try SampleCheckpoint.save(store(folder), step: 10)
                let disk = FaultyDisk(.failure(at: operation))
                do throws(TrainerError) {
                    let saved = try SampleCheckpoint.save(store(folder, disk.fileSystem), step: 20)
                    if disk.hasFailed { #expect(saved.removalFailure != nil, "operation \(operation)") }
                } catch {
                    #expect(error.problem == "operation \(operation) fails")
                    #expect(try FileSystem().names(in: folder) == ["step-00000010"], "operation \(operation)")
                }
                try expectRecovery(folder, "failure of operation \(operation)")
                return disk.hasFailed
            }
            if !reached { break }
            operation += 1
        }
        #expect(operation > 20)
    }

    @Test("pain 18: the same when the very first save is cut short")
    func firstSave() throws {
        for operation in 0..<100 {
            let reached = try SampleCheckpoint.withFolder { folder in
                let disk = FaultyDisk(.crash(at: operation))
                _ = try? SampleCheckpoint.save(store("\(folder)/checkpoints", disk.fileSystem), step: 20)
                if disk.hasFailed { try disk.losePower() }
                let search = try store("\(folder)/checkpoints").newestVerified()
                if let found = search.checkpoint { try SampleCheckpoint.expectIntact(found) }
                try SampleCheckpoint.save(store("\(folder)/checkpoints"), step: 30)
                #expect(try store("\(folder)/checkpoints").newestVerified().checkpoint?.step == 30)
                return disk.hasFailed
            }
            if !reached { return }
        }
        Issue.record("a save of a hundred operations")
    }

    @Test("newestVerified: leftovers of a save that was cut short are named")
    func leftoversAreNamed() throws {
        try SampleCheckpoint.withFolder { folder in
            try SampleCheckpoint.save(store(folder), step: 10)
            let disk = FaultyDisk(.crash(at: 5))
            _ = try? SampleCheckpoint.save(store(folder, disk.fileSystem), step: 20)
            let search = try store(folder).newestVerified()
            #expect(search.checkpoint?.step == 10)
            #expect(search.passedOver == [.init(name: ".step-00000020.partial", reason: "the save was never completed")])
        }
    }

    @Test("pain 18: SIGKILL in the middle of a save leaves the old or the new checkpoint, whole", arguments: 0..<6)
    func kill(sixth: Int) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("trainer-test-\(UUID().uuidString)").path
        defer { try? FileSystem().remove(folder) }
        let disk = FaultyDisk(.none)
        try SampleCheckpoint.save(store(folder), step: 5)
        try SampleCheckpoint.save(store(folder, disk.fileSystem), step: 10)
        let operation = disk.operations.count * sixth / 6
        await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String, operation = operation as Int] in
            let count = Atomic<Int>(0)
            let dying = FileSystem { (_) throws(TrainerError) in
                if count.wrappingAdd(1, ordering: .relaxed).oldValue == operation { raise(SIGKILL) }
            }
            _ = try CheckpointStore(folder: folder, keepLast: 1, keepBest: false, fileSystem: dying).save(
                step: 20, score: nil, files: SampleCheckpoint.files(step: 20), metadata: ["run": "sample"])
        }
        try expectRecovery(folder, "killed at operation \(operation)")
    }
}
