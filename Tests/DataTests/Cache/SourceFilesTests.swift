import Foundation
import Support
import TestSupport
import Testing

@testable import Data

@Suite struct SourceFilesTests {
    let options = RowOptions(sequenceLength: 8)

    func key(
        _ paths: [String], _ options: RowOptions, in folder: String, encoding: ByteEncoding = ByteEncoding(endToken: 0), chat: ChatSource? = nil
    ) throws -> String {
        let recipe = RowRecipe(encoding: encoding, options: options, chat: chat)
        return try SourceFiles(paths).key(recipe, in: TokenCache(folder: "\(folder)/cache"), on: ThreadPool(threadCount: 2))
    }

    func write(_ text: String, to path: String, secondsAgo: Double = 60) throws {
        try Foundation.Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.modificationDate: Date() - secondsAgo], ofItemAtPath: path)
    }

    @Test("pain 9: the key changes with content, tokenizer, template and every option that decides tokens, and with nothing else")
    func keys() throws {
        try withTemporaryFolder { folder in
            let (a, b) = ("\(folder)/a.jsonl", "\(folder)/b.jsonl")
            try write("{\"prompt\": \"a\", \"completion\": \"b\"}\n", to: a)
            try write("{\"prompt\": \"a\", \"completion\": \"c\"}\n", to: b)
            func changed(_ change: (inout RowOptions) -> Void) -> RowOptions {
                var changed = options
                change(&changed)
                return changed
            }
            let chat = ChatRenderingTests.source
            var otherStops = chat
            otherStops.stopTokens = []
            var others = [
                try key([a], options, in: folder), try key([b], options, in: folder), try key([a, b], options, in: folder),
                try key([b, a], options, in: folder),
                try key([a], options, in: folder, encoding: ByteEncoding(endToken: 0, fingerprint: "other")),
                try key([a], options, in: folder, encoding: ByteEncoding(endToken: 1)), try key([a], options, in: folder, chat: chat),
                try key([a], options, in: folder, chat: otherStops),
            ]
            for change in [
                { $0.trainOn = .all }, { $0.sequenceLength = 9 }, { $0.overLength = .drop }, { $0.format = .jsonl }, { $0.promptsAsChat = true },
                { $0.limit = 3 }, { $0.columns = RowColumns(["prompt": "question"]) },
            ] as [(inout RowOptions) -> Void] {
                others.append(try key([a], changed(change), in: folder))
            }
            #expect(Set(others).count == others.count)
            #expect(try key([a], options, in: folder) == others[0])
            // The same content elsewhere is the same data; under a name that is read otherwise it is not.
            let (moved, table) = ("\(folder)/moved.jsonl", "\(folder)/a.csv")
            try FileManager.default.copyItem(atPath: a, toPath: moved)
            try FileManager.default.copyItem(atPath: a, toPath: table)
            #expect(try key([moved], options, in: folder) == others[0])
            #expect(try key([table], options, in: folder) != others[0])
        }
    }

    @Test("pain 9: content changed in place is seen, though its size and its time of change were put back")
    func changedInPlace() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/a.jsonl"
            try write("{\"prompt\": \"a\", \"completion\": \"b\"}\n", to: path)
            let before = try key([path], options, in: folder)
            let date = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
            let handle = try #require(FileHandle(forWritingAtPath: path))
            try handle.seek(toOffset: 13)
            handle.write(Foundation.Data("x".utf8))
            try handle.close()
            try FileManager.default.setAttributes([.modificationDate: try #require(date)], ofItemAtPath: path)
            #expect(try key([path], options, in: folder) != before)
        }
    }

    @Test("hashes are kept for files that have not changed for two seconds, so that they are not read again, and for no others")
    func keptHashes() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/a.jsonl"
            let cache = TokenCache(folder: "\(folder)/cache")
            try write("{}\n", to: path)
            _ = try key([path], options, in: folder)
            // What is known of a file changes when it is written, whatever time it is given.
            #expect(cache.hash(of: try FileIdentity(path: path)) == nil)
            usleep(2_100_000)
            _ = try key([path], options, in: folder)
            let identity = try FileIdentity(path: path)
            let hash = try #require(cache.hash(of: identity))
            #expect(hash.utf8.count == 64)
            try write("{}\n", to: path)
            #expect(cache.hash(of: try FileIdentity(path: path)) == nil)
        }
    }

    @Test("a file of many pieces hashes the same on any number of threads")
    func pieces() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/a.txt"
            try Foundation.Data(repeating: 65, count: 17 << 20).write(to: URL(fileURLWithPath: path))
            let recipe = RowRecipe(encoding: ByteEncoding(), options: options)
            let keys = try [1, 3].map { threads in
                try SourceFiles([path]).key(recipe, in: TokenCache(folder: "\(folder)/cache-\(threads)"), on: ThreadPool(threadCount: threads))
            }
            #expect(keys[0] == keys[1])
        }
    }
}
