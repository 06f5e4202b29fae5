import Support
import TestSupport
import Testing

@testable import Data

@Suite struct SourceRowTests {
    /// Reads all rows of a file; its name is left out of an error.
    func read(_ bytes: [UInt8]) throws -> [SourceRow] {
        try withLines(bytes) { path in
            do throws(TrainerError) {
                let file = try LineFile(path: path)
                let reader = RowReader(file: file)
                let kind = try reader.kind()
                var rows: [SourceRow] = []
                for line in 0..<file.lineCount {
                    if let row = try reader.row(line, kind: kind) { rows.append(row) }
                }
                return rows
            } catch {
                var nameless = error
                nameless.subject = String(error.subject.dropFirst(path.count))
                throw nameless
            }
        }
    }

    @Test(
        "malformed rows are refused with file and line",
        arguments: [
            ("", "", "has no rows"), (" \n\r\n", "", "has no rows"),
            ("{\"text\": \"a\"}\n{\"text\": \"a\"", ":2", "is not valid JSON: "),
            ("\n{\"text\": \"a\"} x", ":2", "is not valid JSON: "),
            ("{\"text\": \"a\tb\"}", ":1", "is not valid JSON: "),
            (
                "{\"text\": \"\\ud800x\"}", ":1",
                "is not valid JSON: "
            ),
            ("[{\"text\": \"a\"}]", ":1", "is not a JSON object"), ("{\"text\": 3}", ":1", "text is not a string"),
            ("{\"text\": \"a\"}\n{\"text\": [\"b\"]}", ":2", "text is not a string"),
            ("{\"prompt\": \"a\", \"completion\": null}", ":1", "has no completion"),
            ("{\"instruction\": \"a\", \"output\": \"b\"}", ":1", "has the fields instruction, output"), ("{}", ":1", "has no fields"),
            ("{\"prompt\": \"a\", \"text\": \"b\"}", ":1", "has both text and prompt or completion"),
            ("{\"prompt\": \"a\", \"completion\": \"b\"}\n{\"text\": \"b\"}", ":2", "has no prompt"),
            ("{\"prompt\": \"a\", \"completion\": \"b\"}\n{\"prompt\": \"b\"}", ":2", "has no completion"),
            ("{\"text\": \"a\"}\n{\"prompt\": \"b\", \"completion\": \"c\"}", ":2", "has no text"),
        ])
    func malformed(lines: String, place: String, problem: String) {
        #expect {
            try read(Array(lines.utf8))
        } throws: {
            let error = $0 as? TrainerError
            return error?.code == .format && error?.subject == place && error?.problem.hasPrefix(problem) == true
        }
    }

    @Test("bytes that are not UTF-8 are refused with file and line")
    func notUTF8() {
        let lines = Array("{\"text\": \"a\"}\n{\"text\": \"".utf8) + [0xE9] + Array("\"}\n".utf8)
        #expect(throws: TrainerError(.format, ":2", "has bytes that are not UTF-8", remedy: "Save the file as UTF-8")) { try read(lines) }
    }

    @Test("escapes, other fields and blank lines are read as JSON has them")
    func wellFormed() throws {
        let lines = "\n{\"a\": [1, {\"text\": 2}], \"text\": \"\\u00e9\\ud83d\\ude00\\n\\\"\"}\n \t\n{\"text\": \"\"}\r\n"
        #expect(try read(Array(lines.utf8)) == [.text("é😀\n\""), .text("")])
    }
}
