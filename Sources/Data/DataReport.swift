public import Support

/// The audit of a data set: what became of each record, so that nothing is lost without being counted, and what looks wrong in those kept.
public struct DataReport: Codable, Sendable, Equatable {
    /// Rows read. Each is kept, dropped, or one that can't be trained on.
    public internal(set) var readCount = 0
    /// Lines of white space, which are not rows.
    public internal(set) var blankCount = 0
    /// Rows that are trained on, the truncated ones among them.
    public internal(set) var keptCount = 0
    /// Rows cut to the sequence length.
    public internal(set) var truncated = RecordPlaces()
    /// Rows cut into several because they are longer than the sequence length.
    public internal(set) var split = RecordPlaces()
    /// Pieces of those that were left out because nothing in them is trained.
    public internal(set) var untrainedPieceCount = 0
    /// Rows left out because they are longer than the sequence length.
    public internal(set) var dropped = RecordPlaces()
    /// Rows longer than the sequence length where that is an error.
    public internal(set) var overlong = RecordPlaces()
    /// Rows whose trained tokens were all cut away.
    public internal(set) var cutAway = RecordPlaces()
    /// Rows that have no token to train on, whatever their length.
    public internal(set) var empty = RecordPlaces()
    /// Chats with a message of a role that no template knows.
    public internal(set) var unknownRoles = RecordPlaces()
    /// The first few of those roles.
    public internal(set) var unknownRoleNames: [String] = []
    /// Rows that begin with two begin tokens.
    public internal(set) var twoBegins = RecordPlaces()
    /// Trained turns of kept rows: an assistant's in a chat, the completion of a pair, a text.
    public internal(set) var turnCount = 0
    /// Those that end in a trained stop token. A model learns where to stop from these alone.
    public internal(set) var endingCount = 0
    /// Kept rows with a turn that does not.
    public internal(set) var endless = RecordPlaces()
    /// Tokens of the kept rows.
    public internal(set) var tokenCount = 0
    /// Tokens of the kept rows that the loss counts.
    public internal(set) var trainedTokenCount = 0
    /// The tokens of the longest row read, before it was cut or dropped.
    public internal(set) var longestRow = 0
    /// Rows read by their tokens before they were cut: of at most 1, 2, 4, 8 and so on.
    public internal(set) var lengthCounts = [Int](repeating: 0, count: 32)

    public init() {}

    /// Counts a row's tokens.
    mutating func count(length: Int) {
        longestRow = max(longestRow, length)
        lengthCounts[min(31, length <= 1 ? 0 : Int.bitWidth - (length - 1).leadingZeroBitCount)] += 1
    }

    mutating func addUnknownRole(_ name: String, _ place: @autoclosure () -> RecordPlace) {
        unknownRoles.add(place())
        addName(name)
    }

    private mutating func addName(_ name: String) {
        if unknownRoleNames.count < RecordPlaces.shown, !unknownRoleNames.contains(name) { unknownRoleNames.append(name) }
    }

    /// Adds what became of the records after these.
    mutating func append(_ next: DataReport) {
        for count in Self.counts { self[keyPath: count] += next[keyPath: count] }
        for places in Self.places { self[keyPath: places].append(next[keyPath: places]) }
        for name in next.unknownRoleNames { addName(name) }
        longestRow = max(longestRow, next.longestRow)
        for (index, count) in next.lengthCounts.enumerated() where lengthCounts.indices.contains(index) { lengthCounts[index] += count }
    }

    /// Whether no count is negative or so large that sums could overflow: what a report read from a file must be.
    var isPlausible: Bool {
        (Self.counts.map { self[keyPath: $0] } + Self.places.map { self[keyPath: $0].count } + lengthCounts + [longestRow])
            .allSatisfy { $0 >= 0 && $0 < 1 << 48 }
    }

    private static var counts: [WritableKeyPath<DataReport, Int>] {
        [\.readCount, \.blankCount, \.keptCount, \.untrainedPieceCount, \.turnCount, \.endingCount, \.tokenCount, \.trainedTokenCount]
    }

    private static var places: [WritableKeyPath<DataReport, RecordPlaces>] {
        [\.truncated, \.split, \.dropped, \.overlong, \.cutAway, \.empty, \.unknownRoles, \.twoBegins, \.endless]
    }
}

extension DataReport {
    /// The report as rows of name and value. Of what may be wrong the first few places are named.
    ///
    /// - Parameter paths: The files of the data set.
    public func table(_ paths: [String]) -> [(name: String, value: String)] {
        [
            ("rows read", grouped(readCount)),
            ("rows kept", grouped(keptCount)),
            ("rows truncated", truncated.description(paths)),
            ("rows split", split.description(paths) + (untrainedPieceCount > 0 ? ", \(grouped(untrainedPieceCount)) untrained pieces left out" : "")),
            ("rows dropped: over length", dropped.description(paths)),
            ("rows over length", overlong.description(paths)),
            ("rows with nothing trained", empty.description(paths)),
            ("rows with nothing trained left", cutAway.description(paths)),
            ("rows with two begin tokens", twoBegins.description(paths)),
            ("rows with unknown roles", unknownRoles.description(paths)),
            ("blank lines", grouped(blankCount)),
            ("tokens", grouped(tokenCount)),
            ("trained tokens", "\(grouped(trainedTokenCount)) (\(percent(trainedTokenCount, of: tokenCount)))"),
            ("turns ending in a trained stop token", endings),
            ("longest row, as read", "\(grouped(longestRow)) tokens"),
            ("rows by length in tokens", lengths),
        ]
    }

    private var endings: String { turnCount == 0 ? "not told apart" : "\(grouped(endingCount)) of \(grouped(turnCount)) (\(endingShare))" }

    /// Rounded down, so that only all are 100 %.
    private var endingShare: String {
        let tenths = turnCount == 0 ? 0 : 1000 * endingCount / turnCount
        return "\(tenths / 10).\(tenths % 10) %"
    }

    /// The histogram in one line: `up to 64: 12, up to 128: 340`.
    private var lengths: String {
        lengthCounts.indices.filter { lengthCounts[$0] > 0 }.map { "up to \(grouped(1 << $0)): \(grouped(lengthCounts[$0]))" }
            .joined(separator: ", ")
    }

    /// What looks wrong but may be meant, a line each.
    public func warnings(_ paths: [String]) -> [String] {
        var warnings: [String] = []
        if endingCount < turnCount {
            warnings.append(
                "only \(endingShare) of the trained turns end in a trained stop token; the model does not learn from the others where to stop: "
                    + "rows \(endless.description(paths))")
        }
        if twoBegins.count > 0 { warnings.append("rows begin with two begin tokens: \(twoBegins.description(paths))") }
        return warnings
    }

    /// Refuses data that can't be trained on as it is.
    ///
    /// - Throws: `format` with the counts, the first places and what to do: roles that are not known, rows without a trained token, rows over length
    ///   where that is an error, two begin tokens in every row, or no row left.
    public func check(_ paths: [String], sequenceLength: Int) throws(TrainerError) {
        let name = DataFiles.name(of: paths)
        let limit = grouped(sequenceLength)
        var problems: [(problem: String, remedy: String)] = []
        if unknownRoles.count > 0 {
            let roles = unknownRoleNames.map { "'\($0)'" }.joined(separator: ", ")
            problems.append(
                (
                    "has chats with unknown roles \(roles): \(unknownRoles.description(paths))",
                    "Use \(alternatives(ChatRoles.all)), or ShareGPT's names"
                ))
        }
        if empty.count > 0 {
            let found = "has rows with no token to train on: \(empty.description(paths))"
            problems.append((found, "Fill these rows in or remove them; chats need a turn of the assistant"))
        }
        if cutAway.count > 0 {
            let found = "has rows with no token to train on after truncation to \(limit) tokens: \(cutAway.description(paths))"
            problems.append((found, "Raise data.sequence_length, or drop such rows with data.overlength"))
        }
        if overlong.count > 0 {
            let found =
                "has rows of more than the \(limit) tokens of data.sequence_length: \(overlong.description(paths)), the longest of \(grouped(longestRow))"
            problems.append((found, "Raise data.sequence_length, or set data.overlength to truncate, split or drop"))
        }
        if twoBegins.count > 0, twoBegins.count == keptCount {
            let found = "has two begin tokens in front of every row: \(twoBegins.description(paths))"
            problems.append((found, "Remove the begin token from the rows' texts; the tokenizer or the template adds it"))
        }
        if keptCount == 0, problems.isEmpty {
            let found = "has no row of at most \(limit) tokens; all \(grouped(readCount)) were dropped"
            problems.append((found, "Raise data.sequence_length; the longest row has \(grouped(longestRow)) tokens"))
        }
        try TrainerError.throwAll(problems.map { TrainerError(.format, name, $0.problem, remedy: $0.remedy) })
    }
}

/// A share in percent, with one place.
private func percent(_ part: Int, of whole: Int) -> String {
    let tenths = whole == 0 ? 0 : (1000 * part + whole / 2) / whole
    return "\(tenths / 10).\(tenths % 10) %"
}
