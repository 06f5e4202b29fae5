import Support
import TestSupport
import Testing

@testable import Tensors

@Suite struct SpillTests {
    @Test("regions: what is written is read back, whole and in part, and a region that is free is used again")
    func regions() throws {
        try withTemporaryFolder { folder in
            let device = try CPUDevice(threadCount: 1)
            let spill = try Spill(folder: folder, on: device)
            let (first, second) = (spill.reserve(byteCount: 4000), spill.reserve(byteCount: 4000))
            let values = try device.tensor((0..<1000).map(Float.init))
            _ = first.startWriting(values)
            try second.clear()
            let part = try device.tensor(1, 10)
            let request = first.startReading(part, at: 4 * 500)
            try spill.finish(request)
            #expect(part.values() == (500..<510).map(Float.init))
            _ = second.startReading(part, at: 4 * 990)
            try spill.finish()
            #expect(part.values() == [Float](repeating: 0, count: 10))
            #expect(try FileSystem().names(in: folder).isEmpty)
        }
    }

    @Test("a folder that is missing is an error of one line that names it and the key")
    func missing() throws {
        let device = try CPUDevice(threadCount: 1)
        let error = #expect(throws: TrainerError.self) { try Spill(folder: "/no/such/folder", on: device) }
        #expect(
            error?.description
                == "file: /no/such/folder: can't hold a spill file (No such file or directory). Let memory.spill_folder name a folder that exists, on a disk with room."
        )
    }

    @Test("a folder that fills up is an error where the work is waited for, and at once where room is proved", .enabled(if: SmallDisk.isAvailable))
    func full() throws {
        try SmallDisk.with { folder in
            let device = try CPUDevice(threadCount: 1)
            let spill = try Spill(folder: folder, on: device)
            let stack = ActivationStack(keeps: true, storage: ActivationStorage(spill: spill))
            for _ in 0..<2 {
                try stack.push(try device.zeros(1, 3 << 18))
                try stack.closeGroup()
            }
            let error = #expect(throws: TrainerError.self) { try stack.closeGroup() }
            #expect(error?.code == .file && error?.subject == folder)
            #expect(error?.description.contains("can't be spilled there (No space left on device). Free some space there") == true)
            #expect(error?.description.contains("\n") == false)
            let other = try Spill(folder: folder, on: device)
            #expect(throws: TrainerError.self) { try other.reserve(byteCount: 5 << 20).clear() }
        }
    }
}
