import Foundation
import Support
import Tensors
import TestSupport
import Testing

@testable import Data

@Suite struct TokenCacheTests {
    let pool = ThreadPool(threadCount: 2)

    /// Some rows in a file, and the cache that is to keep them.
    func withData(_ body: (RowTokenizer, RowRecipe, TokenCache, String) throws -> Void) throws {
        let lines = (0..<3000).map { "{\"prompt\": \"\(String(repeating: "p", count: $0 % 50))\", \"completion\": \"\($0)\"}\n" }
        try withTemporaryFolder { folder in
            let path = "\(folder)/rows.jsonl"
            try Foundation.Data(lines.joined().utf8).write(to: URL(fileURLWithPath: path))
            let recipe = RowRecipe(encoding: ByteEncoding(endToken: 0), options: RowOptions(sequenceLength: 40, overLength: .truncate))
            let cache = TokenCache(folder: "\(folder)/cache")
            let key = try SourceFiles([path]).key(recipe, in: cache, on: pool)
            try body(RowTokenizer(files: DataFiles([path]), recipe: recipe), recipe, cache, key)
        }
    }

    func make(_ parts: some Sequence<Int>, _ tokenizer: RowTokenizer, _ cache: TokenCache, _ key: String) throws {
        try cache.prepare(key)
        for part in parts {
            try cache.make(TokenPartName(key: key, index: part, count: tokenizer.partCount), with: tokenizer, of: SourceFiles(tokenizer.files.paths))
        }
    }

    @Test("what is read from the cache is what was tokenised: rows, hash, report and kind; nothing is missing, and nothing else is left there")
    func sameRows() throws {
        try withData { tokenizer, recipe, cache, key in
            #expect(try cache.contents(of: key).missing(of: tokenizer.partCount) == Array(0..<tokenizer.partCount))
            try make(0..<tokenizer.partCount, tokenizer, cache, key)
            let contents = try cache.contents(of: key)
            #expect(contents.isComplete && contents.missing(of: tokenizer.partCount).isEmpty && contents.damages.isEmpty)
            let found = try #require(cache.rows(contents, paths: tokenizer.files.paths, recipe: recipe))
            let wanted = try tokenizer.tokenize(on: pool)
            #expect(try found.rows.all == wanted.rows.all)
            #expect(found.rows.contentHash == wanted.rows.contentHash)
            #expect(found.report == wanted.report && found.kind == .pairs && !found.isChat)
            #expect(try FileSystem().names(in: cache.path(of: key)).count == tokenizer.partCount)
        }
    }

    /// Bytes that mappings of files below a folder hold in this process's memory.
    func residentBytes(below folder: String) throws -> Int {
        var (kilobytes, isBelow) = (0, false)
        for line in try String(contentsOfFile: "/proc/self/smaps", encoding: .utf8).split(separator: "\n") {
            if let path = line.firstIndex(of: "/") { isBelow = line[path...].hasPrefix(folder) }
            if isBelow, line.hasPrefix("Rss:"), let size = line.split(separator: " ").dropFirst().first { kilobytes += Int(size) ?? 0 }
        }
        return 1024 * kilobytes
    }

    @Test("pain 15: rows cost no memory until they are read, nor after: what is mapped is given back, the data's file and the cache's alike")
    func memory() throws {
        try withData { tokenizer, recipe, cache, key in
            let folder = FileSystem().parent(of: cache.folder)
            try make(0..<tokenizer.partCount, tokenizer, cache, key)
            #expect(try residentBytes(below: folder) == 0)
            let rows = try #require(cache.rows(try cache.contents(of: key), paths: [], recipe: recipe)).rows
            let schedule = try RunSchedule(rows, options: RunSchedule.Options(seed: 1, batch: .tokens(2000), maxSteps: 20))
            for step in 0..<schedule.stepCount {
                let plan = schedule.plan(step: step, packing: PackingOptions(rankCount: 1, microbatchTokens: 2000))
                #expect(try residentBytes(below: folder) == 0)
                #expect(try plan.batches(ofRank: 0, from: rows)[0].tokenCount == plan.tokenCount)
            }
        }
    }

    @Test("pain 9: parts that are missing, cut, lengthened or damaged are named and made again, and only those")
    func damage() throws {
        try withData { tokenizer, recipe, cache, key in
            try make(0..<tokenizer.partCount, tokenizer, cache, key)
            let folder = cache.path(of: key)
            func path(_ part: Int) -> String { "\(folder)/\(TokenPartName(key: key, index: part, count: tokenizer.partCount).fileName)" }
            let whole = try FileSystem().contents(of: path(1))
            func put(_ bytes: [UInt8], _ part: Int) throws {
                try FileSystem().remove(path(part))
                let file = try FileSystem().create(path(part))
                try file.write(bytes)
                try file.close()
            }
            var flipped = whole
            flipped[whole.count - 100] ^= 8
            for damaged in [Array(whole.dropLast(4)), Array(whole.dropLast()), whole + [0, 0, 0, 0], [], flipped] {
                try put(damaged, 1)
                let contents = try cache.contents(of: key)
                #expect(contents.missing(of: tokenizer.partCount) == [1] && !contents.isComplete)
                #expect(contents.damages.map(\.subject) == [path(1)])
                #expect(cache.rows(contents, paths: [], recipe: recipe) == nil)
                try make([1], tokenizer, cache, key)
                #expect(try FileSystem().contents(of: path(1)) == whole)
            }
            // Another part's bytes under this one's name.
            try put(FileSystem().contents(of: path(2)), 1)
            #expect(try cache.contents(of: key).missing(of: tokenizer.partCount) == [1])
            try FileSystem().remove(path(1))
            let contents = try cache.contents(of: key)
            #expect(contents.missing(of: tokenizer.partCount) == [1] && contents.damages.isEmpty)
        }
    }

    @Test("a row damaged in a part that is whole otherwise is an error when it is read, with the file and what to do")
    func damagedRow() throws {
        try withData { tokenizer, recipe, cache, key in
            try make(0..<tokenizer.partCount, tokenizer, cache, key)
            let path = "\(cache.path(of: key))/\(TokenPartName(key: key, index: 0, count: tokenizer.partCount).fileName)"
            let handle = try #require(FileHandle(forWritingAtPath: path))
            handle.write(Foundation.Data([0xFF]))
            try handle.close()
            let rows = try #require(cache.rows(try cache.contents(of: key), paths: [], recipe: recipe)).rows
            #expect {
                try rows.row(0)
            } throws: {
                let error = $0 as? TrainerError
                return error?.subject == path && error?.remedy?.contains("Remove the file") == true
            }
            _ = try rows.row(1)
        }
    }

    @Test("killed at any operation while a part is made, the next start finds the part whole or not at all")
    func killed() throws {
        try withData { tokenizer, recipe, cache, key in
            try cache.prepare(key)
            let name = TokenPartName(key: key, index: 0, count: tokenizer.partCount)
            var operations = 0
            while true {
                let stop = operations
                let count = Counter()
                let dying = TokenCache(
                    folder: cache.folder,
                    fileSystem: FileSystem { (_) throws(TrainerError) in
                        if count.next() >= stop { throw TrainerError(.interrupted, "test", "killed") }
                    })
                do {
                    try dying.make(name, with: tokenizer, of: SourceFiles(tokenizer.files.paths))
                    break
                } catch {
                    #expect(try cache.contents(of: key).parts.allSatisfy { $0 == nil })
                }
                operations += 1
                try #require(operations < 100)
            }
            #expect(operations >= 4)
            #expect(try cache.contents(of: key).parts[0] != nil)
        }
    }

    @Test("a folder that can't be written is named with the key that says where else")
    func unwritable() throws {
        try withData { tokenizer, recipe, cache, key in
            let full = TokenCache(
                folder: cache.folder,
                fileSystem: FileSystem { (operation) throws(TrainerError) in
                    if case .write(let path) = operation { throw TrainerError(.file, path, "can't be written (No space left on device)") }
                })
            try cache.prepare(key)
            #expect {
                try full.make(TokenPartName(key: key, index: 0, count: tokenizer.partCount), with: tokenizer, of: SourceFiles(tokenizer.files.paths))
            } throws: {
                ($0 as? TrainerError)?.remedy?.contains("data.cache") == true
            }
        }
    }

    @Test("pain 9: data that changes while it is tokenised leaves nothing behind under the key of what it was")
    func changing() throws {
        try withData { tokenizer, recipe, cache, key in
            let sources = try SourceFiles(tokenizer.files.paths)
            try cache.prepare(key)
            try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 9)], ofItemAtPath: tokenizer.files.paths[0])
            #expect {
                try cache.make(TokenPartName(key: key, index: 0, count: tokenizer.partCount), with: tokenizer, of: sources)
            } throws: {
                ($0 as? TrainerError)?.problem == "changes while it is read"
            }
            #expect(try FileSystem().names(in: cache.path(of: key)).isEmpty)
        }
    }

    @Test("a name that is no part's does not count, and a part's name tells how many there are")
    func names() {
        #expect(TokenPartName(key: "", index: 3, count: 57).fileName == "part-00003-of-00057")
        #expect(TokenPartName.count(in: "part-00003-of-00057") == 57)
        for name in ["part-00057-of-00057", "part-3-of-57", "part-00003-of-00057.host.12.partial", "part--1-of-00057", "notes"] {
            #expect(TokenPartName.count(in: name) == nil)
        }
    }
}

private final class Counter: @unchecked Sendable {
    private var count = 0

    func next() -> Int {
        count += 1
        return count - 1
    }
}
