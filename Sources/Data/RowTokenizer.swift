public import Support

/// Tokenises the rows of a data set, in one go or in parts that threads and ranks share.
///
/// The parts are cut by the data alone, and each is a pure function of its records, so it doesn't matter who makes which.
public struct RowTokenizer: Sendable {
    public let files: DataFiles
    public let kind: RowKind
    /// Into how many parts the data is cut.
    public let partCount: Int
    /// Bytes of the records that are read.
    public let byteCount: Int
    /// Whether the rows become chats in the model's template.
    public var isChat: Bool { renderer.chat != nil }
    private let options: RowOptions
    private let reader: RowReader
    private let renderer: RowRenderer

    /// Finds the kind of the rows from the first.
    ///
    /// - Throws: `format` if there is no row or the first is malformed, or the template is; `configuration` if rows of text are to be trained on
    ///   completions, pairs without turns on the last one, or chats have no template.
    public init(files: DataFiles, recipe: RowRecipe) throws(TrainerError) {
        self.files = files
        options = recipe.options
        reader = RowReader(files: files, columns: options.columns)
        kind = try reader.kind()
        let isChat = kind.isChat || kind == .pairs && options.promptsAsChat
        if kind == .text, options.trainOn != .all {
            throw TrainerError(
                .configuration, "data.train_on", "\(options.trainOn.rawValue) has no meaning for \(files.name), whose rows are text without a prompt",
                remedy: "Use all")
        }
        if !isChat, options.trainOn == .lastTurn {
            throw TrainerError(
                .configuration, "data.train_on", "last_turn has no meaning for \(files.name), whose rows are no chats", remedy: "Use completions")
        }
        guard !isChat || recipe.chat != nil else {
            throw TrainerError(
                .configuration, "data.chat_template", "is needed for the chats of \(files.name): the model brings no template",
                remedy: "Name a file with the model's template")
        }
        var renderer = RowRenderer(encoding: recipe.encoding, trainOn: options.trainOn)
        if isChat, let chat = recipe.chat { renderer.chat = try ChatRendering(chat) }
        self.renderer = renderer
        byteCount = try files.byteCount(ofFirst: options.limit ?? .max)
        partCount = Self.partCount(bytes: byteCount)
    }

    /// Enough parts for many threads to share, few enough to be files: at least 16 of 32 kB, 64 of 1 MB, then one for each 16 MB, up to 4,096.
    private static func partCount(bytes: Int) -> Int {
        max(1, min(16, bytes >> 15), min(64, bytes >> 20), min(4096, bytes >> 24))
    }

    /// Tokenises a part's records.
    ///
    /// - Throws: `format` with file and line for a row that is malformed, `file` as the writer does.
    func write(into writer: inout TokenPartWriter) throws(TrainerError) {
        let records = try files.share(writer.name.index, of: partCount, limit: options.limit ?? .max)
        var part = writer
        try files.forEach(records) { (index, record) throws(TrainerError) in
            guard let record else {
                part.about.report.blankCount += 1
                return
            }
            part.about.report.readCount += 1
            let row = try reader.row(index, record, kind: kind)
            if let role = row.unknownRole { return part.about.report.addUnknownRole(role, files.place(ofRecord: index)) }
            try add(renderer.render(row, place: files.name(ofRecord: index)), record: index, to: &part)
        }
        writer = part
    }

    /// A part in memory, as the words that `rows` reads.
    public func words(of name: TokenPartName) throws(TrainerError) -> [UInt32] {
        var writer = TokenPartWriter(name, kind: kind, isChat: isChat)
        try write(into: &writer)
        return try writer.finish()
    }

    /// The rows of all parts, in the order of the parts.
    ///
    /// - Throws: `format` if the words are not what `words` gave for that part.
    public func rows(_ words: [[UInt32]]) throws(TrainerError) -> ReadRows {
        var parts: [TokenPart] = []
        for (index, words) in words.enumerated() { parts.append(try TokenPart(words: words, name: name(ofPart: index))) }
        return ReadRows(parts, paths: files.paths, sequenceLength: options.sequenceLength)
    }

    /// What a part is called that is in no cache.
    public func name(ofPart index: Int) -> TokenPartName { TokenPartName(key: "", index: index, count: partCount) }

    /// All rows in memory, tokenised on a pool's threads. The result, and the error if there is one, do not depend on the number of threads.
    ///
    /// - Throws: `format` with file and line for a malformed row.
    public func tokenize(on pool: ThreadPool) throws(TrainerError) -> ReadRows {
        try rows(pool.results(partCount) { (index) throws(TrainerError) in try words(of: name(ofPart: index)) })
    }

    /// Applies the over-length policy to a row and counts what became of it.
    private func add(_ rendered: RowRenderer.Rendered, record: Int, to part: inout TokenPartWriter) throws(TrainerError) {
        let limit = options.sequenceLength
        let length = rendered.ids.count
        let isOver = length > limit
        let place = { files.place(ofRecord: record) }
        part.about.report.count(length: length)
        if isOver, options.overLength == .error { return part.about.report.overlong.add(place()) }
        if isOver, options.overLength == .drop { return part.about.report.dropped.add(place()) }
        let isSplit = isOver && options.overLength == .split
        let pieces = isSplit ? stride(from: 0, to: length, by: limit).map { $0..<min($0 + limit, length) } : [0..<min(length, limit)]
        // A row's first token is never a target, so it does not count.
        let trained = pieces.filter { rendered.trained[$0].dropFirst().contains(true) }
        guard !trained.isEmpty else { return isOver ? part.about.report.cutAway.add(place()) : part.about.report.empty.add(place()) }
        for piece in trained { try part.append(tokens: rendered.ids[piece], trained: rendered.trained[piece], record: record) }
        part.about.report.keptCount += 1
        if isSplit {
            part.about.report.split.add(place())
            part.about.report.untrainedPieceCount += pieces.count - trained.count
        } else if isOver {
            part.about.report.truncated.add(place())
        }
        if rendered.beginsTwice { part.about.report.twoBegins.add(place()) }
        let turns = rendered.turns.filter { $0.first < trained[trained.count - 1].upperBound }
        let endings = turns.count { turn in trained.contains { $0.dropFirst().contains(turn.end ?? -1) } }
        part.about.report.turnCount += turns.count
        part.about.report.endingCount += endings
        if endings < turns.count { part.about.report.endless.add(place()) }
    }
}
