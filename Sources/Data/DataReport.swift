import Support

/// What became of each record of a data set: nothing is lost without being counted here.
public struct DataReport: Sendable, Equatable {
    /// Rows read. Each is kept, dropped or without a trained token.
    public internal(set) var readCount = 0
    /// Lines of white space, which are not rows.
    public internal(set) var blankCount = 0
    /// Rows that are trained on, the truncated ones among them.
    public internal(set) var keptCount = 0
    /// Rows cut to the sequence length.
    public internal(set) var truncatedCount = 0
    /// Rows cut into several because they are longer than the sequence length.
    public internal(set) var splitCount = 0
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
    /// Rows read by their tokens before they were cut: of at most 1, 2, 4, 8 and so on.
    public internal(set) var lengthCounts = [Int](repeating: 0, count: 32)
    /// Rows whose trained tokens were all cut away.
    public internal(set) var cutAway = UntrainedRows()
    /// Rows that have no token to train on, whatever their length.
    public internal(set) var empty = UntrainedRows()

    public init() {}

    /// Rows without a trained token: how many, and the first few records, from 0.
    public struct UntrainedRows: Sendable, Equatable {
        public internal(set) var count = 0
        public internal(set) var firstRecords: [Int] = []

        static let recordsShown = 5

        mutating func add(_ record: Int) { add(UntrainedRows(count: 1, firstRecords: [record])) }

        mutating func add(_ next: UntrainedRows) {
            count += next.count
            firstRecords = Array((firstRecords + next.firstRecords).prefix(UntrainedRows.recordsShown))
        }

        /// Lines of the one file, or files with lines.
        func description(_ files: DataFiles) -> String {
            let isOne = files.files.count == 1
            let places = firstRecords.map { isOne ? String(files.files[0].line(ofRecord: $0)) : files.name(ofRecord: $0) }
            let list = places.joined(separator: ", ") + (count > places.count ? ", …" : "")
            return "\(grouped(count)) (\(isOne ? "line\(count == 1 ? "" : "s") " : "")\(list))"
        }
    }

    /// Counts a row read.
    mutating func count(length: Int) {
        readCount += 1
        longestRow = max(longestRow, length)
        lengthCounts[min(31, length <= 1 ? 0 : Int.bitWidth - (length - 1).leadingZeroBitCount)] += 1
    }

    /// Adds what became of the records after these.
    public mutating func append(_ next: DataReport) {
        readCount += next.readCount
        blankCount += next.blankCount
        keptCount += next.keptCount
        truncatedCount += next.truncatedCount
        splitCount += next.splitCount
        droppedCount += next.droppedCount
        endingCount += next.endingCount
        tokenCount += next.tokenCount
        trainedTokenCount += next.trainedTokenCount
        longestRow = max(longestRow, next.longestRow)
        for index in lengthCounts.indices { lengthCounts[index] += next.lengthCounts[index] }
        cutAway.add(next.cutAway)
        empty.add(next.empty)
    }

    /// The report as rows of name and value.
    public var table: [(name: String, value: String)] {
        [
            ("rows read", grouped(readCount)),
            ("rows kept", grouped(keptCount)),
            ("rows truncated", grouped(truncatedCount)),
            ("rows split", grouped(splitCount)),
            ("rows dropped: over length", grouped(droppedCount)),
            ("blank lines", grouped(blankCount)),
            ("tokens", grouped(tokenCount)),
            ("trained tokens", "\(grouped(trainedTokenCount)) (\(percent(trainedTokenCount, of: tokenCount)))"),
            ("longest row, as read", "\(grouped(longestRow)) tokens"),
            ("rows that end in a trained end token", "\(grouped(endingCount)) of \(grouped(keptCount))"),
        ]
    }

    /// Whether a row is kept that does not teach where to stop; worth a warning.
    public var lacksEnds: Bool { endingCount < keptCount }

    /// Refuses data with rows that could not be trained on, and data with no row left.
    ///
    /// - Throws: `format` with the count, the first lines and the reason.
    func check(_ files: DataFiles, sequenceLength: Int) throws(TrainerError) {
        var problems: [String] = []
        if empty.count > 0 { problems.append("rows with no token to train on: \(empty.description(files)), empty or of a single token") }
        if cutAway.count > 0 {
            problems.append("rows with no token to train on after truncation to \(grouped(sequenceLength)) tokens: \(cutAway.description(files))")
        }
        guard problems.isEmpty else {
            let remedy =
                cutAway.count > 0 ? "Raise data.sequence_length, or drop such rows with data.overlength" : "Fill these rows in or remove them"
            throw TrainerError(.format, files.name, "has " + problems.joined(separator: "; "), remedy: remedy)
        }
        guard keptCount == 0 else { return }
        throw TrainerError(
            .format, files.name, "has no row of at most \(grouped(sequenceLength)) tokens; all \(grouped(readCount)) were dropped",
            remedy: "Raise data.sequence_length; the longest row has \(grouped(longestRow)) tokens")
    }
}

/// A share in percent, with one place.
private func percent(_ part: Int, of whole: Int) -> String {
    let tenths = whole == 0 ? 0 : (1000 * part + whole / 2) / whole
    return "\(tenths / 10).\(tenths % 10) %"
}
