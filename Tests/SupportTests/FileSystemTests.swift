import Foundation
import Support
import Synchronization
import TestSupport
import Testing

@Suite struct FileSystemTests {
    private let disk = FileSystem()

    @Test("create: writes every byte, and a name that is taken is refused")
    func create() throws {
        try withTemporaryFolder { folder in
            let bytes = (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
            let file = try disk.create("\(folder)/a")
            try file.write([])
            try file.write(bytes)
            try file.write([7])
            try file.synchronize()
            try file.close()
            try file.close()
            #expect(try disk.contents(of: "\(folder)/a") == bytes + [7])
            #expect(disk.size(of: "\(folder)/a") == 2_500_001)
            let error = #expect(throws: TrainerError.self) { try disk.create("\(folder)/a") }
            #expect(error == TrainerError(.file, "\(folder)/a", "can't be created (File exists)"))
        }
    }

    @Test(
        "create: past the page cache every byte is written and read back, whatever the pieces, on disks and in memory",
        arguments: [NSTemporaryDirectory(), "/dev/shm"], [0, 1, 4095, 4096, 4 << 20, 9_000_001])
    func pastCache(root: String, count: Int) throws {
        let folder = "\(root)/trainer-\(getpid())-\(count)"
        try disk.createFolders(folder)
        defer { try? disk.remove(folder) }
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 3 &+ $0 >> 16) }
        let file = try disk.create("\(folder)/a", pastCache: true)
        // Pieces of 1, 4, 13 and so on bytes: no block begins or ends with one.
        var (first, size) = (0, 1)
        while first < count {
            let last = min(count, first + size)
            try file.write(Array(bytes[first..<last]))
            (first, size) = (last, size * 3 + 1)
        }
        try file.synchronize()
        try file.write([7])
        try file.close()
        #expect(try disk.contents(of: "\(folder)/a") == bytes + [7])
        let input = try ReadableFile(path: "\(folder)/a", fromDevice: true)
        let isEqual = try bytes.withUnsafeBytes { (bytes) throws(TrainerError) in try input.nextEquals(bytes) }
        #expect(isEqual && input.position == count)
        #expect(try Array(input.next(10)) == [7])
        #expect(try input.next(10).isEmpty)
    }

    @Test("nextEquals: one byte that differs, and a file that ends too early, are no equals")
    func differs() throws {
        try withTemporaryFolder { folder in
            let bytes = [UInt8](repeating: 5, count: 5_000_000)
            let file = try disk.create("\(folder)/a", pastCache: true)
            try file.write(bytes)
            try file.synchronize()
            try file.close()
            for place in [0, 4_194_304, 4_999_999, 5_000_000] {
                var other = bytes
                if place < other.count { other[place] = 6 } else { other.append(5) }
                let input = try ReadableFile(path: "\(folder)/a", fromDevice: true)
                let isEqual = try other.withUnsafeBytes { (bytes) throws(TrainerError) in try input.nextEquals(bytes) }
                #expect(!isEqual)
            }
        }
    }

    @Test("append: adds to what is there")
    func append() throws {
        try withTemporaryFolder { folder in
            for text in ["one\n", "two\n"] {
                let file = try disk.append(to: "\(folder)/log")
                try file.write(Array(text.utf8))
                try file.close()
            }
            #expect(try String(decoding: disk.contents(of: "\(folder)/log"), as: UTF8.self) == "one\ntwo\n")
        }
    }

    @Test("write: a pipe that takes little at a time gets every byte, signals or not")
    func shortWrites() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/pipe"
            #expect(mkfifo(path, 0o600) == 0)
            let bytes = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
            let received = Mutex<[UInt8]>([])
            let reader = Thread { [disk] in
                let all = (try? disk.contents(of: path)) ?? []
                received.withLock { $0 = all }
            }
            reader.start()
            let file = try disk.append(to: path)
            try file.write(bytes)
            try file.close()
            while !reader.isFinished { usleep(1000) }
            #expect(received.withLock { $0 } == bytes)
        }
    }

    @Test("write: a full device is an error of code file in the system's words, with a remedy")
    func fullDevice() throws {
        let file = try disk.append(to: "/dev/full")
        let error = #expect(throws: TrainerError.self) { try file.write([1]) }
        #expect(error?.code == .file)
        #expect(error?.problem == "can't be written (No space left on device)")
        #expect(error?.remedy == "Free some space there, or choose a folder on another file system")
    }

    @Test("replace: puts new bytes in place of old ones, and a crash at any operation leaves one or the other")
    func replace() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/state"
            for operation in 0..<20 {
                try disk.replace(path, with: [1, 2, 3])
                let count = Atomic<Int>(0)
                let dying = FileSystem { (_) throws(TrainerError) in
                    if count.wrappingAdd(1, ordering: .relaxed).oldValue >= operation { throw TrainerError(.file, path, "died") }
                }
                try? dying.replace(path, with: [4, 5])
                let found = try disk.contents(of: path)
                #expect(found == [1, 2, 3] || found == [4, 5])
                if count.load(ordering: .relaxed) <= operation {
                    #expect(found == [4, 5])
                    #expect(try disk.names(in: folder) == ["state"])
                    return
                }
            }
            Issue.record("replace takes twenty operations")
        }
    }

    @Test("createFolders: a link to a folder is a folder, and what else stands in the way is named")
    func linkedFolder() throws {
        try withTemporaryFolder { folder in
            try disk.createFolders("\(folder)/far")
            symlink("far", "\(folder)/link")
            symlink("nowhere", "\(folder)/dangling")
            try disk.createFolders("\(folder)/link")
            try disk.createFolders("\(folder)/link/a/b")
            #expect(try disk.names(in: "\(folder)/far/a") == ["b"])
            #expect(disk.isFolder("\(folder)/link") && !disk.isFolder("\(folder)/dangling"))
            expectError(.file, "\(folder)/dangling: is no folder.") { try disk.createFolders("\(folder)/dangling/a") }
        }
    }

    @Test("remove: takes a tree away, does not follow links, and finds nothing wrong with nothing")
    func remove() throws {
        try withTemporaryFolder { folder in
            try disk.createFolders("\(folder)/keep")
            try disk.replace("\(folder)/keep/file", with: [1])
            try disk.createFolders("\(folder)/tree/a/b/c")
            try disk.replace("\(folder)/tree/a/file", with: [1])
            symlink("\(folder)/keep", "\(folder)/tree/a/b/link")
            #expect(try disk.kind(of: "\(folder)/tree/a/b/link") == .other)
            try disk.remove("\(folder)/tree")
            #expect(try disk.names(in: folder) == ["keep"])
            #expect(try disk.names(in: "\(folder)/keep") == ["file"])
            try disk.remove("\(folder)/tree")
        }
    }

    @Test("kind and names: a missing folder is nothing to one and an error to the other")
    func missing() throws {
        #expect(try disk.kind(of: "/nonexistent/x") == .nothing)
        #expect(try disk.kind(of: "/dev/null/x") == .nothing)
        let error = #expect(throws: TrainerError.self) { try disk.names(in: "/nonexistent") }
        #expect(error == TrainerError(.file, "/nonexistent", "can't be listed (No such file or directory)"))
    }

    @Test("freeSpace: agrees with what df reports")
    func freeSpace() throws {
        let values = try FileManager.default.attributesOfFileSystem(forPath: "/tmp")
        let wanted = try #require(values[.systemFreeSize] as? NSNumber).doubleValue
        let found = Double(try disk.freeSpace(at: "/tmp").bytes)
        // Root's reserve apart, and other programs write meanwhile.
        #expect(found <= wanted * 1.05)
        #expect(found > wanted * 0.5)
    }

    @Test("parent: the folder part of a path")
    func parent() {
        for (path, folder) in [("/a/b", "/a"), ("/a", "/"), ("a", "."), ("a/b/", "a"), ("/", "/")] { #expect(disk.parent(of: path) == folder) }
    }
}
