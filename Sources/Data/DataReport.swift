import Support

/// What became of each line of a data file: nothing is lost without being counted here.
public struct DataReport: Sendable, Equatable {
    /// Rows read. Each is kept, dropped or without a trained token.
    public internal(set) var readCount = 0
    /// Lines of white space, which are not rows.
    public internal(set) var blankCount = 0
    /// Rows that are trained on, the truncated ones among them.
    public internal(set) var keptCount = 0
    /// Rows cut to the sequence length.
    public internal(set) var truncatedCount = 0
    /// Rows left out because they are longer than the sequence length.
    public internal(set) var droppedCount = 0
    /// Kept rows that end in a trained end token. A model learns where to stop from these alone.
    public internal(set) var endingCount = 0
    /// Tokens of the kept rows.
    public internal(set) var tokenCount = 0
    /// Tokens of the kept rows that the loss counts.
    public internal(set) var trainedTokenCount = 0
    /// The tokens of the longest row read, before it was cut or dropped.
    public internal(set) var longestRow = 0
    /// Rows whose trained tokens were all cut away.
    public internal(set) var cutAway = UntrainedRows()
    /// Rows that have no token to train on, whatever their length.
    public internal(set) var empty = UntrainedRows()

    public init() {}

    /// Rows without a trained token: how many, and the first few lines, from 1.
    public struct UntrainedRows: Sendable, Equatable {
        public internal(set) var count = 0
        public internal(set) var firstLines: [Int] = []

        static let linesShown = 5

        mutating func add(_ line: Int) { add(UntrainedRows(count: 1, firstLines: [line])) }

        mutating func add(_ next: UntrainedRows) {
            count += next.count
            firstLines = Array((firstLines + next.firstLines).prefix(UntrainedRows.linesShown))
        }

        var description: String {
            let lines = firstLines.map(String.init).joined(separator: ", ") + (count > firstLines.count ? ", …" : "")
            return "\(grouped(count)) (line\(count == 1 ? "" : "s") \(lines))"
        }
    }

    /// Adds what became of the lines after these.
    public mutating func append(_ next: DataReport) {
        readCount += next.readCount
        blankCount += next.blankCount
        keptCount += next.keptCount
        truncatedCount += next.truncatedCount
        droppedCount += next.droppedCount
        endingCount += next.endingCount
        tokenCount += next.tokenCount
        trainedTokenCount += next.trainedTokenCount
        longestRow = max(longestRow, next.longestRow)
        cutAway.add(next.cutAway)
        empty.add(next.empty)
    }

    /// The report as rows of name and value.
    public var table: [(name: String, value: String)] {
        [
            ("rows read", grouped(readCount)),
            ("rows kept", grouped(keptCount)),
            ("rows truncated", grouped(truncatedCount)),
            ("rows dropped: over length", grouped(droppedCount)),
            ("blank lines", grouped(blankCount)),
            ("tokens", grouped(tokenCount)),
            ("trained tokens", grouped(trainedTokenCount)),
            ("longest row, as read", "\(grouped(longestRow)) tokens"),
            ("rows that end in a trained end token", "\(grouped(endingCount)) of \(grouped(keptCount))"),
        ]
    }

    /// Whether a row is kept that does not teach where to stop; worth a warning.
    public var lacksEnds: Bool { endingCount < keptCount }

    /// Refuses data with rows that could not be trained on, and data with no row left.
    ///
    /// - Throws: `format` with the count, the first lines and the reason.
    func check(path: String, sequenceLength: Int) throws(TrainerError) {
        var problems: [String] = []
        if empty.count > 0 { problems.append("rows with no token to train on: \(empty.description), empty or of a single token") }
        if cutAway.count > 0 {
            problems.append("rows with no token to train on after truncation to \(grouped(sequenceLength)) tokens: \(cutAway.description)")
        }
        guard problems.isEmpty else {
            let remedy =
                cutAway.count > 0 ? "Raise data.sequence_length, or drop such rows with data.overlength" : "Fill these rows in or remove them"
            throw TrainerError(.format, path, "has " + problems.joined(separator: "; "), remedy: remedy)
        }
        guard keptCount == 0 else { return }
        throw TrainerError(
            .format, path, "has no row of at most \(grouped(sequenceLength)) tokens; all \(grouped(readCount)) were dropped",
            remedy: "Raise data.sequence_length; the longest row has \(grouped(longestRow)) tokens")
    }
}
