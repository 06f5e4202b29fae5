import Support
import Synchronization
import TestSupport
import Testing

@testable import Formats

@Suite struct FileWriterTests {
    @Test("finish: the file has all bytes, small and large writes in order, and nothing else is left beside it")
    func whole() throws {
        try withTemporaryFolder { folder in
            let writer = try FileWriter(path: "\(folder)/out")
            let large = [UInt8](repeating: 7, count: 1 << 17)
            try writer.write([1, 2, 3])
            try writer.write(large)
            try writer.write([4])
            #expect(writer.byteCount == large.count + 4)
            try writer.finish()
            #expect(try FileSystem().contents(of: "\(folder)/out") == [1, 2, 3] + large + [4])
            #expect(try FileSystem().names(in: folder) == ["out"])
        }
    }

    @Test("a disk that fills up: the file of before stays, nothing half is left, and the error names the file", arguments: [0, 1, 2])
    func fullDisk(writesThatWork: Int) throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/out"
            try FileSystem().replace(path, with: [9])
            let count = Mutex(0)
            let files = FileSystem { (operation) throws(TrainerError) in
                guard case .write(let path) = operation,
                    count.withLock({
                        $0 += 1; return $0
                    }) > writesThatWork
                else { return }
                throw TrainerError(.file, path, "can't be written (No space left on device)")
            }
            let error = #expect(throws: TrainerError.self) {
                let writer = try FileWriter(path: path, files: files)
                for _ in 0..<4 { try writer.write([UInt8](repeating: 1, count: 1 << 17)) }
                try writer.finish()
            }
            #expect(error?.code == .file && error?.subject.hasPrefix(path) == true)
            #expect(try FileSystem().contents(of: path) == [9])
            #expect(try FileSystem().names(in: folder) == ["out"])
        }
    }
}
