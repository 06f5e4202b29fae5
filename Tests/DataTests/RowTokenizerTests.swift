import Foundation
import Support
import TestSupport
import Testing

@testable import Data

/// Writes lines to a file and hands over its path.
func withLines<Result>(_ bytes: some Sequence<UInt8>, _ body: (String) throws -> Result) throws -> Result {
    try withTemporaryFolder { folder in
        let path = folder + "/rows.jsonl"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return try body(path)
    }
}

@Suite struct RowTokenizerTests {
    let encoding = ByteEncoding(endToken: 0)

    func tokenize(_ lines: String, _ options: RowOptions = RowOptions(sequenceLength: 1000), threads: Int = 1, chat: ChatSource? = nil) throws
        -> ReadRows
    {
        try withLines(lines.utf8) { path in
            let recipe = RowRecipe(encoding: encoding, options: options, chat: chat)
            let read = try RowTokenizer(files: DataFiles([path]), recipe: recipe).tokenize(on: ThreadPool(threadCount: threads))
            try read.check()
            return read
        }
    }

    /// A value of the audit's table by its name.
    func audit(_ read: ReadRows, _ name: String) -> String? { read.table.first { $0.name == name }?.value }

    /// The error that some lines end in, without the folder's name.
    func message(_ lines: String, _ options: RowOptions = RowOptions(sequenceLength: 1000), chat: ChatSource? = nil) -> String {
        do {
            _ = try tokenize(lines, options, chat: chat)
            return "no error"
        } catch {
            let text = "\(error)"
            guard let name = text.range(of: "rows.jsonl"), let colon = text.range(of: ": ") else { return text }
            return String(text[..<colon.upperBound]) + text[name.lowerBound...]
        }
    }

    @Test("pairs and texts become rows, with the line that each came from")
    func rows() throws {
        let pairs = try tokenize("{\"prompt\": \"a\", \"completion\": \"bc\", \"id\": 7}\n\n{\"completion\": \"\\n\", \"prompt\": \"x\"}\r\n")
        #expect(try pairs.rows.tokens == [97, 98, 99, 0, 120, 10, 0])
        #expect(try pairs.rows.trained == [false, true, true, true, false, true, true])
        #expect(pairs.rows.lines == [1, 3])
        #expect(pairs.report.blankCount == 1)
        let texts = try tokenize("\u{FEFF}{\"text\": \"ab\"}", RowOptions(trainOn: .all, sequenceLength: 10))
        #expect(try texts.rows.tokens == [97, 98, 0])
        #expect(try texts.rows.trained == [false, true, true])
    }

    @Test("pain 9: rows too long are cut or left out as asked, and counted, never lost in silence")
    func overLength() throws {
        let lines = """
            {"prompt": "ab", "completion": "cd"}
            {"prompt": "ab", "completion": "cdefg"}
            {"prompt": "", "completion": "abc"}

            """
        let cut = try tokenize(lines, RowOptions(sequenceLength: 5, overLength: .truncate))
        #expect(try cut.rows.tokens == [97, 98, 99, 100, 0, 97, 98, 99, 100, 101, 97, 98, 99, 0])
        #expect(cut.report.keptCount == 3 && audit(cut, "rows truncated") == "1 (line 2)" && audit(cut, "trained tokens") == "9 (64.3 %)")
        #expect(audit(cut, "turns ending in a trained stop token") == "2 of 3 (66.6 %)")
        #expect(audit(cut, "longest row, as read") == "8 tokens" && audit(cut, "rows by length in tokens") == "up to 4: 1, up to 8: 2")
        #expect(cut.warnings.count == 1 && cut.warnings[0].hasPrefix("only 66.6 % of the trained turns end in a trained stop token"))
        #expect(cut.warnings[0].hasSuffix(": rows 1 (line 2)"))
        let dropped = try tokenize(lines, RowOptions(sequenceLength: 5, overLength: .drop))
        #expect(dropped.rows.lines == [1, 3])
        #expect(dropped.report.readCount == 3 && dropped.report.keptCount == 2 && audit(dropped, "rows dropped: over length") == "1 (line 2)")
        #expect(audit(dropped, "turns ending in a trained stop token") == "2 of 2 (100.0 %)" && dropped.warnings.isEmpty)
        #expect(
            message(lines, RowOptions(sequenceLength: 5)) == "format: rows.jsonl: has rows of more than the 5 tokens of data.sequence_length: "
                + "1 (line 2), the longest of 8. Raise data.sequence_length, or set data.overlength to truncate, split or drop.")
        #expect(
            message(lines, RowOptions(sequenceLength: 2, overLength: .drop))
                == "format: rows.jsonl: has no row of at most 2 tokens; all 3 were dropped. "
                + "Raise data.sequence_length; the longest row has 8 tokens.")
    }

    @Test("pain 3: rows with nothing to train on are an error with their count, the first lines and the reason")
    func untrained() {
        let long = String(repeating: "{\"prompt\": \"abcdefgh\", \"completion\": \"x\"}\n", count: 7)
        #expect(
            message("{\"prompt\": \"a\", \"completion\": \"x\"}\n" + long, RowOptions(sequenceLength: 5, overLength: .truncate))
                == "format: rows.jsonl: has rows with no token to train on after truncation to 5 tokens: 7 (lines 2, 3, 4, 5, 6, …). "
                + "Raise data.sequence_length, or drop such rows with data.overlength.")
        #expect(
            message("{\"text\": \"ab\"}\n{\"text\": \"\"}\n", RowOptions(trainOn: .all, sequenceLength: 5))
                == "format: rows.jsonl: has rows with no token to train on: 1 (line 2). "
                + "Fill these rows in or remove them; chats need a turn of the assistant.")
    }

    @Test("pain 5: two begin tokens are counted over all rows: some are a warning, all are refused with the count and the first lines")
    func twoBegins() throws {
        let encoding = ByteEncoding(merges: ["<s>"], beginToken: 256, endToken: 0, addsBegin: true)
        func read(_ prompts: [String]) throws -> ReadRows {
            try withLines(prompts.map { "{\"prompt\": \"\($0)\", \"completion\": \"b\"}\n" }.joined().utf8) { path in
                let recipe = RowRecipe(encoding: encoding, options: RowOptions(sequenceLength: 9))
                return try RowTokenizer(files: DataFiles([path]), recipe: recipe).tokenize(on: ThreadPool(threadCount: 1))
            }
        }
        let some = try read(["a", "<s>a", "a", "<s>"])
        try some.check()
        #expect(audit(some, "rows with two begin tokens") == "2 (lines 2, 4)")
        #expect(some.warnings == ["rows begin with two begin tokens: 2 (lines 2, 4)"])
        let all = try read(["<s>a", "<s>b"])
        #expect {
            try all.check()
        } throws: {
            ($0 as? TrainerError)?.problem == "has two begin tokens in front of every row: 2 (lines 1, 2)"
        }
    }

    @Test("chats with roles that no template knows are refused with their count, the roles and the first lines")
    func unknownRoles() throws {
        func line(_ role: String) -> String {
            #"{"messages": [{"role": "\#(role)", "content": "a"}, {"role": "assistant", "content": "b"}]}"# + "\n"
        }
        let lines = line("user") + line("bot") + line("user") + line("me") + line("bot")
        let found = message(lines, chat: ChatRenderingTests.source)
        #expect(found.hasPrefix("format: rows.jsonl: has chats with unknown roles 'bot', 'me': 3 (lines 2, 4, 5). Use system, developer, user"))
        #expect(try tokenize(line("user"), chat: ChatRenderingTests.source).isChat)
    }

    @Test("all that is wrong is told at once, a line each")
    func allProblems() {
        let lines = "{\"prompt\": \"abcdef\", \"completion\": \"x\"}\n{\"prompt\": \"\", \"completion\": \"\"}\n"
        #expect(message(lines, RowOptions(sequenceLength: 5)).split(separator: "\n").count == 2)
    }

    @Test("pain 4: the report counts the turns that end in a trained end token")
    func ends() throws {
        try withLines("{\"prompt\": \"a\", \"completion\": \"b\"}\n".utf8) { path in
            for (encoding, ending) in [(ByteEncoding(), 0), (encoding, 1)] {
                let recipe = RowRecipe(encoding: encoding, options: RowOptions(sequenceLength: 5))
                let read = try RowTokenizer(files: DataFiles([path]), recipe: recipe).tokenize(on: ThreadPool(threadCount: 1))
                #expect(read.report.turnCount == 1 && read.report.endingCount == ending && read.warnings.count == 1 - ending)
            }
        }
    }

    @Test("pain 12: parts made by any number of threads are the same rows and the same report, records of several files in order")
    func parts() throws {
        let lines = (0..<4000).map { line in
            line % 10 == 3 ? "" : "{\"prompt\": \"\(String(repeating: "p", count: line % 97))\", \"completion\": \"\(line)\"}"
        }
        let options = RowOptions(sequenceLength: 80, overLength: .drop)
        let whole = try tokenize(lines.joined(separator: "\n"), options)
        #expect(whole.report.blankCount == 400 && whole.report.dropped.count > 200 && whole.report.dropped.first.count == 5)
        #expect(whole.rows.lines == whole.rows.lines.sorted())
        let other = try tokenize(lines.joined(separator: "\n"), options, threads: 3)
        #expect(other.rows.contentHash == whole.rows.contentHash && other.report == whole.report && other.rows.lines == whole.rows.lines)
        // Rows cut into other parts hash alike: the hash is of the rows.
        #expect(try TokenizedRows(whole.rows.all).contentHash == whole.rows.contentHash)
    }

    @Test("threads: the error is that of the first bad line, whoever finds one first")
    func firstError() throws {
        let lines = (0..<200).map { $0 == 60 || $0 == 150 ? "{\"prompt\": \"a\"}" : "{\"prompt\": \"a\", \"completion\": \"b\"}" }
        #expect {
            try tokenize(lines.joined(separator: "\n"), threads: 4)
        } throws: {
            ($0 as? TrainerError)?.subject.hasSuffix("rows.jsonl:61") == true
        }
    }

    @Test("train_on: completions has no meaning for rows of text, and the error says so")
    func completionsOfText() {
        #expect(
            message("{\"text\": \"a\"}").contains("rows.jsonl, whose rows are text without a prompt. Use all."))
    }

    @Test("split: a row over length becomes several without overlap, and pieces without a trained token are left out")
    func split() throws {
        let lines = "{\"prompt\": \"abcdef\", \"completion\": \"gh\"}\n{\"prompt\": \"a\", \"completion\": \"b\"}\n"
        let whole = try tokenize("{\"text\": \"abcdefg\"}", RowOptions(trainOn: .all, sequenceLength: 3, overLength: .split))
        #expect(try whole.rows.tokens == [97, 98, 99, 100, 101, 102, 103, 0])
        #expect((0..<3).map { whole.rows.length(of: $0) } == [3, 3, 2])
        #expect(try whole.rows.trained == [false, true, true, false, true, true, false, true])
        let pairs = try tokenize(lines, RowOptions(sequenceLength: 4, overLength: .split))
        #expect(try pairs.rows.tokens == [101, 102, 103, 104, 97, 98, 0])
        #expect(pairs.rows.lines == [1, 2])
        #expect(audit(pairs, "rows split") == "1 (line 1), 2 untrained pieces left out" && pairs.report.keptCount == 2)
        // The first row's end token is all that its last piece has, so nothing teaches it.
        #expect(pairs.report.turnCount == 2 && pairs.report.endingCount == 1)
    }

    @Test("train_on: a choice that has no meaning for the rows is refused, and so are chats without a template")
    func meaning() throws {
        #expect(message("{\"text\": \"a\"}").contains("rows are text without a prompt"))
        let options = RowOptions(trainOn: .lastTurn, sequenceLength: 10)
        #expect(message("{\"prompt\": \"a\", \"completion\": \"b\"}", options).contains("rows are no chats"))
        #expect(message("{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}").contains("the model brings no template"))
    }
}
