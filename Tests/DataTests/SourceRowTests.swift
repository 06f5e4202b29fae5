import Formats
import Support
import TestSupport
import Testing

@testable import Data

@Suite struct SourceRowTests {
    /// Reads all rows of a file; its name is left out of an error.
    func read(_ bytes: [UInt8], columns: RowColumns = RowColumns()) throws -> [SourceRow] {
        try withLines(bytes) { path in
            do throws(TrainerError) {
                let files = try DataFiles([path])
                let reader = RowReader(files: files, columns: columns)
                let kind = try reader.kind()
                var rows: [SourceRow] = []
                try files.forEach(0..<files.recordCount) { (index, record) throws(TrainerError) in
                    if let record { rows.append(try reader.row(index, record, kind: kind)) }
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
            ("\"text\"", ":1", "is the string \"text\", not a JSON object"), ("{\"text\": 3}", ":1", "text is not a string"),
            ("{\"text\": \"a\"}\n{\"text\": [\"b\"]}", ":2", "text is not a string"),
            ("{\"prompt\": \"a\", \"completion\": null}", ":1", "has no completion"),
            ("{\"question\": \"a\", \"answer\": \"b\"}", ":1", "has the fields answer, question"), ("{}", ":1", "has no fields"),
            ("{\"prompt\": \"a\", \"text\": \"b\"}", ":1", "has fields of several kinds of rows: prompt and completion; text"),
            ("{\"instruction\": \"a\"}", ":1", "has no output"), ("{\"messages\": []}", ":1", "messages is empty"),
            ("{\"messages\": [\"a\"]}", ":1", "messages[0] is the string \"a\", not an object"),
            ("{\"messages\": [{\"content\": \"a\"}]}", ":1", "messages[0].role is not a string"),
            ("{\"conversations\": [{\"from\": \"gpt\"}]}", ":1", "conversations[0].value is not a string"),
            ("{\"messages\": \"x\"}", ":1", "messages is a string that is not JSON"),
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

    private func chat(_ turns: (String, String)...) -> SourceRow { .chat(messages: turns.map { ChatRoles.message($0.0, $0.1) }, tools: nil) }

    @Test("messages, ShareGPT's conversations and Alpaca's instructions become the same chats")
    func chats() throws {
        let wanted = [chat(("system", "s"), ("user", "a\n\nb"), ("assistant", "c"))]
        let rows = [
            #"{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a\n\nb"}, {"role": "assistant", "content": "c"}]}"#,
            #"{"system": "s", "conversations": [{"from": "human", "value": "a\n\nb"}, {"from": "gpt", "value": "c"}]}"#,
            #"{"system": "s", "instruction": "a", "input": "b", "output": "c"}"#,
        ]
        for row in rows { #expect(try read(Array(row.utf8)) == wanted, "\(row)") }
        #expect(try read(Array(#"{"instruction": "a", "input": "", "output": "c"}"#.utf8)) == [chat(("user", "a"), ("assistant", "c"))])
    }

    @Test("tools come as a list or as its JSON text, and what a message has beside its role and content is kept")
    func tools() throws {
        let calls = #"{"messages": [{"role": "assistant", "tool_calls": [{"name": "f"}]}], "tools": "[{\"name\": \"f\"}]"}"#
        guard case .chat(let messages, let tools)? = try read(Array(calls.utf8)).first else { throw TrainerError(.format, "", "no chat") }
        #expect(tools == .array([.object(JSONObject([("name", .string("f"))]))]))
        #expect(messages[0]["tool_calls"] == tools)
    }

    @Test("a role that no template knows is told, whether it is named as in messages or as in ShareGPT's lists")
    func unknownRoles() throws {
        let rows = [
            (#"{"messages": [{"role": "user", "content": "a"}, {"role": "bot", "content": "b"}]}"#, "bot"),
            (#"{"conversations": [{"from": "me", "value": "a"}, {"from": "gpt", "value": "b"}]}"#, "me"),
            (#"{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}"#, nil),
        ]
        for (row, role) in rows { #expect(try read(Array(row.utf8)).first?.unknownRole == role) }
    }

    @Test("columns: fields are read from the columns that are named for them, and a column that is missing is named")
    func columns() throws {
        let rows = Array(#"{"question": "a", "answer": "b", "text": "ignored"}"#.utf8)
        let columns = RowColumns(["prompt": "question", "completion": "answer", "text": "question"])
        #expect(throws: TrainerError.self) { try read(rows, columns: columns) }
        let pair = Array(#"{"question": "a", "answer": "b"}"#.utf8)
        #expect(try read(pair, columns: RowColumns(["prompt": "question", "completion": "answer"])) == [.pair(prompt: "a", completion: "b")])
        #expect {
            try read(pair, columns: RowColumns(["prompt": "query"]))
        } throws: {
            ($0 as? TrainerError)?.problem == "has no column 'query', which data.columns names for prompt"
        }
    }
}
