import Foundation
import Formats
import Support
import TestSupport
import Testing

@testable import Data

@Suite struct DataFileTests {
    /// The records of a file of that name as JSON texts; nil for a blank line.
    func records(_ text: String, name: String = "rows.jsonl", _ format: DataFormat = .auto) throws -> [String?] {
        try withTemporaryFolder { folder in
            let path = "\(folder)/\(name)"
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            do throws(TrainerError) {
                let file = try DataFile(path: path, format: format)
                var records: [String?] = []
                for index in 0..<file.recordCount { records.append(try file.record(index).map { JSONValue.object($0).text() }) }
                return records
            } catch {
                var nameless = error
                nameless.subject = String(error.subject.dropFirst(folder.utf8.count + 1))
                throw nameless
            }
        }
    }

    @Test("lines end at line feeds, the last may lack its own, and lines of white space are no records")
    func lines() throws {
        #expect(try records("") == [])
        #expect(try records("\u{FEFF}{\"a\":1}\r\n \n{\"b\":\"\\n\"}") == ["{\"a\":1}", nil, "{\"b\":\"\\n\"}"])
    }

    @Test("a list of objects is read element by element, whatever its strings hold and however it is broken into lines")
    func list() throws {
        let text = "\n[ {\"a\": \"]},{[\\\"\"},\n  {\"b\": [1, {\"c\": {}}]} ,{}\n]\n"
        #expect(try records(text, name: "rows.json") == ["{\"a\":\"]},{[\\\"\"}", "{\"b\":[1,{\"c\":{}}]}", "{}"])
        #expect(try records("[]", name: "rows.json") == [])
        #expect(try records("{\"a\":1}\n{\"a\":2}", name: "rows.json").count == 2)
    }

    @Test(
        "a broken list is refused with the line",
        arguments: [
            ("[{}", "too early"), ("[{}\n{}]", "not valid JSON"), ("[{},]", "missing"), ("[,{}]", "missing"), ("[{}] x", "after the list"),
            ("[{\"a]", "no end"), ("[1]", "not a JSON object"),
        ])
    func brokenList(text: String, problem: String) {
        #expect {
            try records(text, name: "rows.json")
        } throws: {
            let error = $0 as? TrainerError
            return error?.code == .format && error?.subject.hasPrefix("rows.json:") == true && error?.problem.contains(problem) == true
        }
    }

    @Test("tables: quotes hold commas, quotes and line feeds; the header names the columns; errors name the line a record starts on")
    func tables() throws {
        let text = "prompt,completion\r\nhi,\"a, \"\"b\"\"\nc\"\r\n\"\",x\n"
        #expect(
            try records(text, name: "rows.csv") == [
                "{\"prompt\":\"hi\",\"completion\":\"a, \\\"b\\\"\\nc\"}", "{\"prompt\":\"\",\"completion\":\"x\"}",
            ])
        #expect(try records("a\tb\n1\t2\n", name: "rows.tsv") == ["{\"a\":\"1\",\"b\":\"2\"}"])
        #expect {
            try records("a,b\n\"1\n\",2\n3\n", name: "rows.csv")
        } throws: {
            ($0 as? TrainerError)?.subject == "rows.csv:4" && ($0 as? TrainerError)?.problem.contains("1 fields, but the header names 2") == true
        }
        #expect(throws: TrainerError.self) { try records("", name: "rows.csv") }
    }

    @Test("a text file is one row, and a format that is asked for goes over the name")
    func text() throws {
        #expect(try records("a\n\nb\n", name: "book.txt") == ["{\"text\":\"a\\n\\nb\\n\"}"])
        #expect(try records("a,b\n1,2\n", name: "book.txt", .csv) == ["{\"a\":\"1\",\"b\":\"2\"}"])
    }

    @Test("a file that is not there is named")
    func missing() {
        #expect {
            try DataFile(path: "/nowhere/rows.jsonl")
        } throws: {
            ($0 as? TrainerError)?.code == .file && ($0 as? TrainerError)?.subject == "/nowhere/rows.jsonl"
        }
    }
}
