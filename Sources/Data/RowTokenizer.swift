public import Formats
public import Support
import Synchronization
public import Tokenizers

/// Tokenises the rows of a data set, in one go or in parts that threads and ranks share.
///
/// A part is a pure function of its lines, so parts made anywhere and merged in order are the same as the whole.
public struct RowTokenizer: Sendable {
    public let files: DataFiles
    public let kind: RowKind
    public let options: RowOptions
    /// Whether the rows become chats in the model's template.
    public var isChat: Bool { renderer.chat != nil }
    private let encoding: any TextEncoding
    private let reader: RowReader
    private let renderer: RowRenderer

    /// Tokenised rows of a range of lines, and what became of each line.
    public struct Part: Sendable, Equatable {
        public internal(set) var rows = TokenizedRows()
        public internal(set) var report = DataReport()

        public init() {}
    }

    /// Finds the kind of the rows from the first.
    ///
    /// - Parameters:
    ///   - columns: Which column holds which field.
    ///   - chat: Called for chats, and for pairs if they are to be chats; gives nil if the model has no template.
    ///   - promptsAsChat: Whether pairs become chats.
    /// - Throws: `format` if there is no row or the first is malformed; `configuration` if rows of text are to be trained on completions, pairs without
    ///   turns on the last one, or chats have no template.
    public init(
        files: DataFiles, encoding: any TextEncoding, options: RowOptions, columns: RowColumns = RowColumns(), promptsAsChat: Bool = false,
        chat: () throws(TrainerError) -> ChatRendering? = { () throws(TrainerError) in nil }
    ) throws(TrainerError) {
        reader = RowReader(files: files, columns: columns)
        kind = try reader.kind()
        let isChat = kind.isChat || kind == .pairs && promptsAsChat
        if kind == .text, options.trainOn != .all {
            throw TrainerError(
                .configuration, "data.train_on", "\(options.trainOn.rawValue) has no meaning for \(files.name), whose rows are text without a prompt",
                remedy: "Use all")
        }
        if !isChat, options.trainOn == .lastTurn {
            throw TrainerError(
                .configuration, "data.train_on", "last_turn has no meaning for \(files.name), whose rows are no chats", remedy: "Use completions")
        }
        let rendering = isChat ? try chat() : nil
        if isChat, rendering == nil {
            throw TrainerError(
                .configuration, "data.chat_template", "is needed for the chats of \(files.name): the model brings no template",
                remedy: "Name a file with the model's template")
        }
        self.files = files
        self.options = options
        self.encoding = encoding
        renderer = RowRenderer(encoding: encoding, trainOn: options.trainOn, chat: rendering)
    }

    /// Reads the files that a configuration names, for a model.
    public init(_ paths: DataPaths, _ options: DataOptions, _ model: ModelFiles, _ tokenizer: Tokenizer) throws(TrainerError) {
        let rowOptions = RowOptions(trainOn: options.trainOn, sequenceLength: options.sequenceLength, overLength: options.overlength)
        try self.init(
            files: DataFiles(paths.patterns, format: options.format), encoding: tokenizer, options: rowOptions,
            columns: options.columns ?? RowColumns(),
            promptsAsChat: options.promptsAsChat
        ) { () throws(TrainerError) in try ChatRendering.load(model, tokenizer, path: options.chatTemplate) }
    }

    /// Tokenises some records, counted from 0. Ranks share them by `DataFiles.share`, and `merge` joins what they made.
    ///
    /// - Throws: `format` with file and line: a malformed row, two begin tokens, or a row over length where that is an error.
    public func tokenize(records: Range<Int>) throws(TrainerError) -> Part {
        var part = Part()
        for record in records {
            guard let row = try reader.row(record, kind: kind) else {
                part.report.blankCount += 1
                continue
            }
            try add(renderer.render(row, place: files.name(ofRecord: record)), record: record, to: &part)
        }
        part.report.tokenCount = part.rows.tokenCount
        part.report.trainedTokenCount = part.rows.trainedTokenCount
        return part
    }

    /// Tokenises all rows, or the first `limit` records, on a pool's threads. The result, and the error if there is one, do not depend on the number of threads.
    ///
    /// - Throws: What `tokenize(records:)` and `merge` throw.
    public func tokenize(on pool: ThreadPool, limit: Int? = nil) throws(TrainerError) -> Part {
        let shareCount = pool.threadCount == 1 ? 1 : 8 * pool.threadCount
        let results = Mutex(Array(repeating: Result<Part, TrainerError>.success(Part()), count: shareCount))
        pool.parallelItems(shareCount) { share, _ in
            let result = Result { () throws(TrainerError) in
                try tokenize(records: files.share(share, of: shareCount).clamped(to: 0..<(limit ?? .max)))
            }
            results.withLock { $0[share] = result }
        }
        var parts: [Part] = []
        for result in results.withLock({ $0 }) { parts.append(try result.get()) }
        return try merge(parts)
    }

    /// Joins parts that cover the records in order.
    ///
    /// - Throws: `format` if rows have no trained token, with their count, the first lines and the reason, or if no row is left.
    public func merge(_ parts: [Part]) throws(TrainerError) -> Part {
        var whole = Part()
        for part in parts {
            whole.rows.append(part.rows)
            whole.report.append(part.report)
        }
        try whole.report.check(files, sequenceLength: options.sequenceLength)
        return whole
    }

    /// A checksum of all that decides the tokens: the files' bytes, the tokenizer, the template and the options. Rows kept under another key are stale.
    public var fingerprint: UInt64 {
        var checksum = Checksum(files.contentHash)
        checksum.add(encoding.fingerprint)
        checksum.add(kind.rawValue)
        checksum.add(reader.columns.configuration.flowText)
        checksum.add(renderer.chat.map { $0.source + $0.stopTokens.joined(separator: "\n") } ?? "")
        checksum.add(options.trainOn.rawValue)
        checksum.add(options.sequenceLength)
        checksum.add(options.overLength.rawValue)
        return checksum.value
    }

    /// Applies the over-length policy to a row and counts what became of it.
    private func add(_ rendered: RowRenderer.Rendered, record: Int, to part: inout Part) throws(TrainerError) {
        let limit = options.sequenceLength
        let length = rendered.ids.count
        let isOver = length > limit
        if isOver, options.overLength == .error {
            throw TrainerError(
                .format, files.name(ofRecord: record), "has \(grouped(length)) tokens, more than the \(grouped(limit)) of data.sequence_length",
                remedy: "Raise data.sequence_length, or set data.overlength to truncate, split or drop")
        }
        part.report.count(length: length)
        if isOver, options.overLength == .drop {
            part.report.droppedCount += 1
            return
        }
        let pieces =
            isOver && options.overLength == .split
            ? stride(from: 0, to: length, by: limit).map { $0..<min($0 + limit, length) } : [0..<min(length, limit)]
        var isKept = false
        // A row's first token is never a target, so it does not count.
        for piece in pieces where rendered.trained[piece].dropFirst().contains(true) {
            part.rows.append(tokens: rendered.ids[piece], trained: rendered.trained[piece], line: record + 1)
            isKept = true
        }
        guard isKept else {
            if isOver { part.report.cutAway.add(record) } else { part.report.empty.add(record) }
            return
        }
        part.report.keptCount += 1
        if isOver, options.overLength == .split { part.report.splitCount += 1 }
        if isOver, options.overLength == .truncate { part.report.truncatedCount += 1 } else if rendered.endsTrained { part.report.endingCount += 1 }
    }
}
