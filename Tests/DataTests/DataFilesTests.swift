import Formats
import Foundation
import Support
import TestSupport
import Testing

@testable import Data

@Suite struct DataFilesTests {
    func withFiles<Result>(_ files: [(name: String, text: String)], _ body: (String) throws -> Result) throws -> Result {
        try withTemporaryFolder { folder in
            for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
            return try body(folder)
        }
    }

    @Test("patterns give their matches by name, a file named twice is read once, and records are numbered over all files")
    func patterns() throws {
        let line = "{\"text\":\"a\"}\n"
        try withFiles([("b.jsonl", line + line), ("a.jsonl", line), ("c.csv", "text\nx\ny\n")]) { folder in
            let files = try DataFiles(["\(folder)/c.csv", "\(folder)/*.jsonl", "\(folder)/a.jsonl"])
            #expect(files.files.map { $0.path.dropFirst(folder.utf8.count + 1) } == ["c.csv", "a.jsonl", "b.jsonl"])
            #expect(files.recordCount == 5)
            #expect(
                (0..<5).map { files.name(ofRecord: $0).dropFirst(folder.utf8.count + 1) } == [
                    "c.csv:2", "c.csv:3", "a.jsonl:1", "b.jsonl:1", "b.jsonl:2",
                ])
            #expect {
                try DataFiles(["\(folder)/*.parquet"])
            } throws: {
                ($0 as? TrainerError)?.code == .file && ($0 as? TrainerError)?.problem == "matches no file"
            }
        }
    }

    @Test("shares hold each record once, in order, and none is much larger than another")
    func shares() throws {
        func text(_ numbers: Range<Int>) -> String { numbers.map { String(repeating: " ", count: $0 % 17) + "\n" }.joined() }
        try withFiles([("a.jsonl", text(0..<150)), ("b.jsonl", ""), ("c.jsonl", text(150..<200))]) { folder in
            let files = try DataFiles(["\(folder)/*.jsonl"])
            for count in [1, 2, 3, 7, 300] {
                let shares = try (0..<count).map { try files.share($0, of: count) }
                #expect(shares.flatMap { Array($0) } == Array(0..<200))
                let sizes = shares.map { $0.reduce(0) { $0 + 1 + $1 % 17 } }
                #expect(sizes.allSatisfy { $0 <= files.byteCount / count + 17 })
            }
        }
    }

    @Test("with a cap on records the shares are of those alone")
    func limit() throws {
        let line = "{\"text\":\"a\"}\n"
        try withFiles([("a.jsonl", line + line + line), ("b.jsonl", line + line)]) { folder in
            let files = try DataFiles(["\(folder)/*.jsonl"])
            for limit in 0...6 {
                #expect(try (0..<3).flatMap { Array(try files.share($0, of: 3, limit: limit)) } == Array(0..<min(limit, 5)))
                #expect(try files.byteCount(ofFirst: limit) == min(limit, 5) * line.utf8.count)
            }
        }
    }

    @Test("records are found by number and in order far beyond the 256 of which one is remembered", arguments: ["jsonl", "json", "csv"])
    func manyRecords(ending: String) throws {
        func text(_ record: JSONObject?) -> String? {
            switch record?["text"] {
            case .string(let text), .number(let text): text
            default: nil
            }
        }
        let count = 1000
        let fields = (0..<count).map { "\($0)" + String(repeating: "\n", count: $0 % 3) }
        let content =
            switch ending {
            case "jsonl": (0..<count).map { "{\"text\": \($0)}\n" }.joined()
            case "json": "[\n" + fields.map { "{\"text\": \($0)}" }.joined(separator: ", ") + "]"
            default: "text\n" + fields.map { "\"\($0)\"\n" }.joined()
            }
        try withFiles([("a.\(ending)", content)]) { folder in
            let files = try DataFiles(["\(folder)/a.\(ending)"])
            try #require(files.recordCount == count)
            var line = ending == "jsonl" ? 1 : 2
            for index in 0..<count {
                let wanted = ending == "csv" ? fields[index] : String(index)
                #expect(text(try files.record(index)) == wanted)
                #expect(files.place(ofRecord: index).line == line)
                line += ending == "jsonl" ? 1 : index % 3 + (ending == "csv" ? 1 : 0)
            }
            for range in [0..<count, 255..<257, 256..<600, 999..<1000, 7..<7] {
                var seen: [Int] = []
                try files.forEach(range) { (index, record) throws(TrainerError) in
                    let alone = try files.record(index)
                    #expect(record == alone)
                    seen.append(index)
                }
                #expect(seen == Array(range))
            }
        }
    }
}
