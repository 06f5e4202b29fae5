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
                let shares = (0..<count).map { files.share($0, of: count) }
                #expect(shares.flatMap { Array($0) } == Array(0..<200))
                let sizes = shares.map { $0.reduce(0) { $0 + 1 + $1 % 17 } }
                #expect(sizes.allSatisfy { $0 <= files.byteCount / count + 17 })
            }
        }
    }

    @Test("the content hash follows the bytes, the order of files and how they are read")
    func hash() throws {
        try withFiles([("a.txt", "a"), ("b.txt", "b")]) { folder in
            let hashes = try [["a.txt"], ["b.txt"], ["a.txt", "b.txt"], ["b.txt", "a.txt"]].map { names in
                try DataFiles(names.map { "\(folder)/\($0)" }).contentHash
            }
            #expect(Set(hashes).count == 4)
            #expect(try DataFiles(["\(folder)/a.txt"], format: .jsonl).contentHash != hashes[0])
        }
    }
}
