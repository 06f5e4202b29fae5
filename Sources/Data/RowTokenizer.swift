public import Support
import Synchronization

/// Tokenises the rows of a file of JSON lines, in one go or in parts that threads and ranks share.
///
/// A part is a pure function of its lines, so parts made anywhere and merged in order are the same as the whole.
public struct RowTokenizer: Sendable {
    public let file: LineFile
    public let kind: RowKind
    public let options: RowOptions
    private let encoding: any TextEncoding

    /// Tokenised rows of a range of lines, and what became of each line.
    public struct Part: Sendable, Equatable {
        public internal(set) var rows = TokenizedRows()
        public internal(set) var report = DataReport()

        public init() {}
    }

    /// Finds the kind of the file's rows from the first.
    ///
    /// - Throws: `format` if the file has no row or the first is malformed; `configuration` if rows of text are to be trained on completions.
    public init(file: LineFile, encoding: any TextEncoding, options: RowOptions) throws(TrainerError) {
        kind = try RowReader(file: file).kind()
        if kind == .text, options.trainOn == .completions {
            throw TrainerError(
                .configuration, "data.train_on", "completions has no meaning for \(file.path), whose rows are text without a prompt",
                remedy: "Use all")
        }
        self.file = file
        self.options = options
        self.encoding = encoding
    }

    /// Tokenises the rows of some lines, counted from 0. Ranks share a file by `LineFile.share`, and `merge` joins what they made.
    ///
    /// - Throws: `format` with file and line: a malformed row, two begin tokens, or a row over length where that is an error.
    public func tokenize(lines: Range<Int>) throws(TrainerError) -> Part {
        let reader = RowReader(file: file)
        let renderer = RowRenderer(encoding: encoding, trainOn: options.trainOn)
        var part = Part()
        for line in lines {
            guard let row = try reader.row(line, kind: kind) else {
                part.report.blankCount += 1
                continue
            }
            try add(renderer.render(row, place: file.name(ofLine: line)), line: line, to: &part)
        }
        part.report.tokenCount = part.rows.tokenCount
        part.report.trainedTokenCount = part.rows.trainedTokenCount
        return part
    }

    /// Tokenises the whole file on a pool's threads. The result, and the error if there is one, do not depend on the number of threads.
    ///
    /// - Throws: What `tokenize(lines:)` and `merge` throw.
    public func tokenize(on pool: ThreadPool) throws(TrainerError) -> Part {
        let shareCount = pool.threadCount == 1 ? 1 : 8 * pool.threadCount
        let results = Mutex(Array(repeating: Result<Part, TrainerError>.success(Part()), count: shareCount))
        pool.parallelItems(shareCount) { share, _ in
            let result = Result { () throws(TrainerError) in try tokenize(lines: file.share(share, of: shareCount)) }
            results.withLock { $0[share] = result }
        }
        var parts: [Part] = []
        for result in results.withLock({ $0 }) { parts.append(try result.get()) }
        return try merge(parts)
    }

    /// Joins parts that cover the file's lines in order.
    ///
    /// - Throws: `format` if rows have no trained token, with their count, the first lines and the reason, or if no row is left.
    public func merge(_ parts: [Part]) throws(TrainerError) -> Part {
        var whole = Part()
        for part in parts {
            whole.rows.append(part.rows)
            whole.report.append(part.report)
        }
        try whole.report.check(path: file.path, sequenceLength: options.sequenceLength)
        return whole
    }

    /// A checksum of all that decides the tokens: the file's bytes, the tokenizer and the options. Rows kept under another key are stale.
    public var fingerprint: UInt64 {
        var checksum = Checksum(file.contentHash)
        checksum.add(encoding.fingerprint)
        checksum.add(options.trainOn.rawValue)
        checksum.add(options.sequenceLength)
        checksum.add(options.overLength.rawValue)
        return checksum.value
    }

    /// Applies the over-length policy to a row and counts what became of it.
    private func add(_ rendered: RowRenderer.Rendered, line: Int, to part: inout Part) throws(TrainerError) {
        let limit = options.sequenceLength
        let length = rendered.ids.count
        let isOver = length > limit
        if isOver, options.overLength == .error {
            throw TrainerError(
                .format, file.name(ofLine: line), "has \(grouped(length)) tokens, more than the \(grouped(limit)) of data.sequence_length",
                remedy: "Raise data.sequence_length, or set data.overlength to truncate or drop")
        }
        part.report.readCount += 1
        part.report.longestRow = max(part.report.longestRow, length)
        if isOver, options.overLength == .drop {
            part.report.droppedCount += 1
            return
        }
        // A row's first token is never a target, so it does not count.
        guard rendered.trained.prefix(limit).dropFirst().contains(true) else {
            if isOver { part.report.cutAway.add(line + 1) } else { part.report.empty.add(line + 1) }
            return
        }
        part.rows.append(tokens: rendered.ids.prefix(limit), trained: rendered.trained.prefix(limit), line: line + 1)
        part.report.keptCount += 1
        if isOver { part.report.truncatedCount += 1 } else if rendered.endsTrained { part.report.endingCount += 1 }
    }
}
