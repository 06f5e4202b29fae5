import Foundation
import Support
import TestSupport
import Testing

@testable import Hub

@Suite(.serialized) struct BlobDownloadTests {
    private let path = "model.safetensors"

    @Test("a connection that breaks goes on where it broke, and what was here before the program started counts")
    func resume() throws {
        try withHub { hub in
            hub.hub.add(.cut(after: 15_000), .cut(after: 1), .cut(after: 0), to: path)
            try hub.fetch()
            #expect(try hub.bytes(path) == HubCase.weights)
            let ranges = hub.hub.requests.filter { $0.isToStore && $0.method == "GET" }.map { $0.headers["range"] ?? "" }
            #expect(ranges == ["", "bytes=15000-", "bytes=15001-", "bytes=15001-"])
        }
        try withHub { hub in
            hub.hub.add(.cutAtEnd, to: path)
            try hub.fetch()
            #expect(hub.hub.requests.filter { $0.isToStore && $0.method == "GET" }.count == 1)
        }
        try withHub { hub in
            try FileSystem().createFolders(hub.blobs)
            let partial = "\(hub.blobs)/\(LocalHub.sha256(HubCase.weights)).incomplete"
            try FileSystem().replace(partial, with: Array(HubCase.weights.prefix(30_000)))
            try hub.fetch()
            #expect(try hub.bytes(path) == HubCase.weights)
            #expect(hub.hub.requests.contains { $0.headers["range"] == "bytes=30000-" })
            #expect(try FileSystem().names(in: hub.blobs).count == 3)
        }
    }

    @Test("a server that knows no ranges is read from the beginning; what an earlier attempt left wrong is fetched anew")
    func restart() throws {
        try withHub { hub in
            hub.hub.add(.cut(after: 15_000), .wholeFile(), to: path)
            try hub.fetch()
            #expect(try hub.bytes(path) == HubCase.weights)
        }
        try withHub { hub in
            for count in 15...19 { hub.hub.add(.wholeFile(cutAfter: 1000 * count), to: path) }
            #expect(hub.error()?.problem == "the hub sends no parts of files, and no attempt got to the end")
        }
        for wrong in [[UInt8](repeating: 7, count: 30_000), [UInt8](repeating: 7, count: 40_000), [UInt8](repeating: 7, count: 50_000)] {
            try withHub { hub in
                try FileSystem().createFolders(hub.blobs)
                try FileSystem().replace("\(hub.blobs)/\(LocalHub.sha256(HubCase.weights)).incomplete", with: wrong)
                try hub.fetch()
                #expect(try hub.bytes(path) == HubCase.weights)
            }
        }
    }

    @Test("content with a wrong hash, large or small, or of another size is an error, and never gets a name")
    func wrongBytes() throws {
        for name in [path, "config.json"] {
            try withHub { hub in
                hub.hub.add(.wrongByte, to: name)
                let error = hub.error()
                #expect(error?.code == .format && error?.subject == "owner/name/\(name)" && error?.problem.contains("has the hash") == true)
                #expect(!FileManager.default.fileExists(atPath: "\(hub.snapshot)/\(name)"))
                try hub.fetch()
            }
        }
        try withHub { hub in
            hub.hub.add(.tooMuch, to: path)
            #expect(hub.error()?.problem == "the hub promised 40000 bytes and sent more")
        }
    }

    @Test("the space is looked at first, and a disk that fills up is one line", .enabled(if: SmallDisk.isAvailable))
    func fullDisk() throws {
        try SmallDisk.with { disk in
            var hub = try HubCase(["a.gguf": [UInt8](repeating: 1, count: 8 << 20)], in: disk)
            defer { hub.hub.stop() }
            #expect(hub.error()?.problem.contains("needs 8.39 MB more, and 4.") == true)
            hub = try HubCase(HubCase.files, in: disk)
            try hub.fetch()
        }
    }

    @Test("two that fetch the same at once fetch each blob once")
    func lock() throws {
        try withHub { hub in
            // Nothing here is about time-outs: on a busy machine an answer may take its time.
            hub.settings.timeout = .seconds(60)
            let fetched = hub
            let results = Results()
            DispatchQueue.concurrentPerform(iterations: 2) { _ in
                do { results.add(try fetched.fetch()) } catch { results.add("\(error)") }
            }
            #expect(results.values == [hub.snapshot, hub.snapshot])
            #expect(hub.hub.requests.filter { $0.method == "GET" && $0.isToStore }.count == 1)
        }
    }

    private final class Results: @unchecked Sendable {
        private let lock = NSLock()
        private var texts: [String] = []
        var values: [String] { lock.withLock { texts } }
        func add(_ text: String) { lock.withLock { texts.append(text) } }
    }
}
