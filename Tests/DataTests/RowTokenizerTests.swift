import Data
import Foundation
import Support
import TestSupport
import Testing

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

    func tokenize(_ lines: String, _ options: RowOptions = RowOptions(sequenceLength: 1000), threads: Int = 1) throws -> RowTokenizer.Part {
        try withLines(lines.utf8) { path in
            let tokenizer = try RowTokenizer(files: DataFiles([path]), encoding: encoding, options: options)
            return try tokenizer.tokenize(on: ThreadPool(threadCount: threads))
        }
    }

    /// The error that some lines end in, without the folder's name.
    func message(_ lines: String, _ options: RowOptions = RowOptions(sequenceLength: 1000)) -> String {
        do {
            _ = try tokenize(lines, options)
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
        #expect(pairs.rows.tokens == [97, 98, 99, 0, 120, 10, 0])
        #expect(pairs.rows.trained == [false, true, true, true, false, true, true])
        #expect(pairs.rows.lines == [1, 3])
        #expect(pairs.report.blankCount == 1)
        let texts = try tokenize("\u{FEFF}{\"text\": \"ab\"}", RowOptions(trainOn: .all, sequenceLength: 10))
        #expect(texts.rows.tokens == [97, 98, 0])
        #expect(texts.rows.trained == [false, true, true])
    }

    @Test("pain 9: rows too long are cut or left out as asked, and counted, never lost in silence")
    func overLength() throws {
        let lines = """
            {"prompt": "ab", "completion": "cd"}
            {"prompt": "ab", "completion": "cdefg"}
            {"prompt": "", "completion": "abc"}

            """
        let cut = try tokenize(lines, RowOptions(sequenceLength: 5, overLength: .truncate))
        #expect(cut.rows.tokens == [97, 98, 99, 100, 0, 97, 98, 99, 100, 101, 97, 98, 99, 0])
        #expect(cut.report.table.map(\.value) == ["3", "3", "1", "0", "0", "0", "14", "9 (64.3 %)", "8 tokens", "2 of 3"])
        #expect(cut.report.lacksEnds)
        let dropped = try tokenize(lines, RowOptions(sequenceLength: 5, overLength: .drop))
        #expect(dropped.rows.lines == [1, 3])
        #expect(dropped.report.table.map(\.value) == ["3", "2", "0", "0", "1", "0", "9", "6 (66.7 %)", "8 tokens", "2 of 2"])
        #expect(!dropped.report.lacksEnds)
        #expect(
            message(lines, RowOptions(sequenceLength: 5)) == "format: rows.jsonl:2: has 8 tokens, more than the 5 of data.sequence_length. "
                + "Raise data.sequence_length, or set data.overlength to truncate, split or drop.")
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
                == "format: rows.jsonl: has rows with no token to train on: 1 (line 2), empty or of a single token. "
                + "Fill these rows in or remove them.")
    }

    @Test("pain 4: the report counts the rows that end in a trained end token")
    func ends() throws {
        let lines = "{\"prompt\": \"a\", \"completion\": \"b\"}\n"
        try withLines(lines.utf8) { path in
            let options = RowOptions(sequenceLength: 5)
            let without = try RowTokenizer(files: DataFiles([path]), encoding: ByteEncoding(), options: options).tokenize(records: 0..<1)
            #expect(without.report.endingCount == 0)
            #expect(without.report.lacksEnds)
            let with = try RowTokenizer(files: DataFiles([path]), encoding: encoding, options: options).tokenize(records: 0..<1)
            #expect(with.report.endingCount == 1)
        }
    }

    @Test("pain 12: parts made by any number of ranks or threads merge into the same rows and report")
    func parts() throws {
        let lines = (0..<97).map { line in
            line % 10 == 3 ? "" : "{\"prompt\": \"\(String(repeating: "p", count: line))\", \"completion\": \"\(line)\"}"
        }.joined(separator: "\n")
        let options = RowOptions(sequenceLength: 80, overLength: .drop)
        let whole = try tokenize(lines, options)
        #expect(whole.report.droppedCount > 0)
        #expect(whole.report.blankCount == 10)
        #expect(try tokenize(lines, options, threads: 3) == whole)
        try withLines(lines.utf8) { path in
            let file = try DataFiles([path])
            let tokenizer = try RowTokenizer(files: file, encoding: encoding, options: options)
            for ranks in [1, 2, 5, 200] {
                let parts = try (0..<ranks).map { try tokenizer.tokenize(records: file.share($0, of: ranks)) }
                #expect(try tokenizer.merge(parts) == whole)
                #expect(try tokenizer.merge(parts.map { try RowTokenizer.Part(encoded: $0.encoded) }) == whole)
            }
        }
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

    @Test("pain 9: the key of kept rows changes with file, tokenizer and options")
    func fingerprint() throws {
        func key(_ lines: String, _ options: RowOptions, _ name: String = "bytes") throws -> UInt64 {
            try withLines(lines.utf8) { path in
                try RowTokenizer(files: DataFiles([path]), encoding: ByteEncoding(fingerprint: name), options: options).fingerprint
            }
        }
        let line = "{\"prompt\": \"a\", \"completion\": \"b\"}"
        let keys = [
            try key(line, RowOptions(sequenceLength: 8)), try key(line + "\n", RowOptions(sequenceLength: 8)),
            try key(line, RowOptions(sequenceLength: 9)),
            try key(line, RowOptions(trainOn: .all, sequenceLength: 8)), try key(line, RowOptions(sequenceLength: 8, overLength: .drop)),
            try key(line, RowOptions(sequenceLength: 8), "other"),
        ]
        #expect(Set(keys).count == keys.count)
        #expect(try key(line, RowOptions(sequenceLength: 8)) == keys[0])
    }

    @Test("split: a row over length becomes several without overlap, and pieces without a trained token are left out")
    func split() throws {
        let lines = "{\"prompt\": \"abcdef\", \"completion\": \"gh\"}\n{\"prompt\": \"a\", \"completion\": \"b\"}\n"
        let whole = try tokenize("{\"text\": \"abcdefg\"}", RowOptions(trainOn: .all, sequenceLength: 3, overLength: .split))
        #expect(whole.rows.tokens == [97, 98, 99, 100, 101, 102, 103, 0])
        #expect(whole.rows.starts == [0, 3, 6, 8])
        #expect(whole.rows.trained == [false, true, true, false, true, true, false, true])
        let pairs = try tokenize(lines, RowOptions(sequenceLength: 4, overLength: .split))
        #expect(pairs.rows.tokens == [101, 102, 103, 104, 97, 98, 0])
        #expect(pairs.rows.lines == [1, 2])
        #expect(pairs.report.splitCount == 1 && pairs.report.keptCount == 2)
    }

    @Test("train_on: a choice that has no meaning for the rows is refused, and so are chats without a template")
    func meaning() throws {
        #expect(message("{\"text\": \"a\"}").contains("rows are text without a prompt"))
        let options = RowOptions(trainOn: .lastTurn, sequenceLength: 10)
        #expect(message("{\"prompt\": \"a\", \"completion\": \"b\"}", options).contains("rows are no chats"))
        #expect(message("{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}").contains("the model brings no template"))
    }
}
