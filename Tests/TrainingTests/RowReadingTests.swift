import Data
import Formats
import Foundation
import Support
import TestSupport
import Testing
import Tokenizers

@testable import Training

@Suite struct RowReadingTests {
    /// What a rank came to.
    struct Outcome: Sendable {
        var hash: UInt64
        var lines: [Int]
        var report: DataReport
        var origin: String
        var damages: [String]
    }

    /// Reads the rows on some ranks, each with the cache that it is given.
    func read(_ path: String, ranks: Int, _ cache: @escaping @Sendable (Int) -> CachePlace, limit: Int? = nil) -> [Result<Outcome, any Error>] {
        ThreadGroup.run(ranks) { group in
            var options = DataOptions()
            options.train = DataPaths([path])
            options.sequenceLength = 64
            options.cache = cache(group.index)
            let model = try ModelFiles.open(fixture("tied", of: "Training"))
            let tokenizer = try Tokenizer.load(folder: fixture("smollm", of: "Tokenizers"))
            let reading = RowReading(options, model, tokenizer, group: group, pool: ThreadPool(threadCount: 2))
            let found = try reading.rows(options.train, limit: limit)
            let rows = found.rows
            for row in 0..<rows.count { _ = try rows.row(row) }
            return Outcome(
                hash: rows.contentHash, lines: (0..<rows.count).map { rows.line(of: $0) }, report: found.data.report, origin: found.origin,
                damages: found.damages.map(\.subject))
        }
    }

    func withRows(_ count: Int, badLines: Set<Int> = [], _ body: (String, String) throws -> Void) throws {
        let lines = (1...count).map {
            badLines.contains($0)
                ? "{\"prompt\": 3}" : "{\"prompt\": \"row number \($0) is\", \"completion\": \" \(String(repeating: "x", count: $0 % 30))\"}"
        }
        try withTemporaryFolder { folder in
            let path = "\(folder)/rows.jsonl"
            try Foundation.Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path))
            try body(path, folder)
        }
    }

    func expectSame(_ outcomes: [Result<Outcome, any Error>], as wanted: Outcome, origin: String) throws {
        for outcome in outcomes {
            let found = try outcome.get()
            #expect(found.hash == wanted.hash && found.lines == wanted.lines && found.report == wanted.report)
            #expect(found.origin.contains(origin), "\(found.origin)")
        }
    }

    @Test("pain 12: one rank or several, with a folder in common, one of their own or none: the same rows and audit, made by all and made once")
    func anyRanks() throws {
        try withRows(3000) { path, folder in
            let wanted = try read(path, ranks: 1) { _ in .memory }[0].get()
            #expect(wanted.lines == Array(1...3000))
            try expectSame(read(path, ranks: 3) { _ in .memory }, as: wanted, origin: "held in memory")
            try expectSame(read(path, ranks: 3) { _ in .folder("\(folder)/shared") }, as: wanted, origin: "made in")
            try expectSame(read(path, ranks: 2) { _ in .folder("\(folder)/shared") }, as: wanted, origin: "read from \(folder)/shared")
            // Nodes without a file system in common; ranks 0 and 1 are on the first.
            let nodes: @Sendable (Int) -> CachePlace = { .folder("\(folder)/node-\($0 / 2)") }
            try expectSame(read(path, ranks: 3, nodes), as: wanted, origin: "made in")
            try expectSame(read(path, ranks: 1) { _ in .folder("\(folder)/node-1") }, as: wanted, origin: "read from")
            // A node that lost its files makes them again, while the other reads on.
            try FileManager.default.removeItem(atPath: "\(folder)/node-0")
            try expectSame(read(path, ranks: 4, nodes), as: wanted, origin: "made in")
            #expect(try FileSystem().names(in: "\(folder)/shared/tokens").count == 1)
        }
    }

    @Test("jobs that make the same cache at once all come to whole rows, and leave nothing but the parts")
    func sameTime() throws {
        try withRows(2000) { path, folder in
            let wanted = try read(path, ranks: 1) { _ in .memory }[0].get()
            let jobs = ThreadGroup.run(4) { _ in read(path, ranks: 2) { _ in .folder("\(folder)/cache") } }
            for job in jobs { try expectSame(job.get(), as: wanted, origin: "\(folder)/cache") }
            let entry = try FileSystem().names(in: "\(folder)/cache/tokens")[0]
            #expect(try FileSystem().names(in: "\(folder)/cache/tokens/\(entry)").allSatisfy { $0.hasPrefix("part-") && !$0.hasSuffix("partial") })
        }
    }

    @Test("pain 9: a damaged part is named and made again; what is read then is right")
    func damaged() throws {
        try withRows(2000) { path, folder in
            let cache: @Sendable (Int) -> CachePlace = { _ in .folder("\(folder)/cache") }
            let wanted = try read(path, ranks: 2, cache)[0].get()
            let entry = "\(folder)/cache/tokens/\(try FileSystem().names(in: "\(folder)/cache/tokens")[0])"
            let part = "\(entry)/\(try FileSystem().names(in: entry)[1])"
            let handle = try #require(FileHandle(forWritingAtPath: part))
            try handle.truncate(atOffset: 1000)
            try handle.close()
            let outcomes = read(path, ranks: 2, cache)
            try expectSame(outcomes, as: wanted, origin: "made in")
            #expect(try outcomes[0].get().damages == [part])
            try expectSame(read(path, ranks: 2, cache), as: wanted, origin: "read from")
        }
    }

    @Test("pain 13: the first bad row ends all ranks with the same error, wherever it was found, and a corrected file has rows of its own")
    func badRow() throws {
        try withRows(3000, badLines: [2500, 2900]) { path, folder in
            for cache in [CachePlace.memory, .folder("\(folder)/cache")] {
                for outcome in read(path, ranks: 3, { _ in cache }) {
                    #expect {
                        try outcome.get()
                    } throws: {
                        ($0 as? TrainerError)?.subject == "\(path):2500"
                    }
                }
            }
            try Foundation.Data("{\"prompt\": \"one\", \"completion\": \" two three\"}".utf8).write(to: URL(fileURLWithPath: path))
            #expect(try read(path, ranks: 2) { _ in .folder("\(folder)/cache") }[1].get().lines == [1])
        }
    }

    @Test("a cap on rows has a cache entry of its own")
    func limit() throws {
        try withRows(500) { path, folder in
            for limit in [3, 500, nil] {
                let found = try read(path, ranks: 2, { _ in .folder("\(folder)/cache") }, limit: limit)[0].get()
                #expect(found.lines.count == limit ?? 500)
            }
            #expect(try FileSystem().names(in: "\(folder)/cache/tokens").count == 3)
        }
    }
}
