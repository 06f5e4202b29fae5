public import Support

extension RowTokenizer.Part {
    private static let version: Int32 = 2

    /// The part as a list of 32-bit words, for a peer or a file.
    ///
    /// Layout: version, rows, tokens, the report, then lines, lengths, tokens, and marks, 32 to a word. Counts and lines take two words, the lower
    /// first.
    public var encoded: [Int32] {
        var words = WordList(words: [RowTokenizer.Part.version])
        words.add(rows.count)
        words.add(rows.tokenCount)
        for count in report.counts { words.add(count) }
        for untrained in [report.cutAway, report.empty] {
            words.add(untrained.count)
            words.add(untrained.firstRecords.count)
            for record in untrained.firstRecords { words.add(record) }
        }
        for line in rows.lines { words.add(line) }
        for row in 0..<rows.count { words.words.append(Int32(rows.length(of: row))) }
        words.words.append(contentsOf: rows.tokens)
        for first in stride(from: 0, to: rows.tokenCount, by: 32) {
            var bits: UInt32 = 0
            for index in first..<min(first + 32, rows.tokenCount) where rows.trained[index] { bits |= 1 << UInt32(index - first) }
            words.words.append(Int32(bitPattern: bits))
        }
        return words.words
    }

    /// Reads what `encoded` gave.
    ///
    /// - Throws: `format` if the words are of another version, too few or too many, or contradict each other.
    public init(encoded: [Int32]) throws(TrainerError) {
        self.init()
        var words = WordList(words: encoded)
        guard try words.next() == RowTokenizer.Part.version else { throw WordList.damaged }
        let rowCount = try words.nextCount()
        let tokenCount = try words.nextCount()
        var counts: [Int] = []
        for _ in report.counts { counts.append(try words.nextCount()) }
        report.counts = counts
        report.cutAway = try words.nextUntrained()
        report.empty = try words.nextUntrained()
        guard words.remaining == 3 * rowCount + tokenCount + (tokenCount + 31) / 32 else { throw WordList.damaged }
        var lines: [Int] = []
        for _ in 0..<rowCount { lines.append(try words.nextCount()) }
        let lengths = words.take(rowCount)
        let tokens = words.take(tokenCount)
        let marks = words.take(words.remaining)
        guard lengths.allSatisfy({ $0 > 0 }), lengths.reduce(0, { $0 + Int($1) }) == tokenCount else { throw WordList.damaged }
        let trained = (0..<tokenCount).map { UInt32(bitPattern: marks[marks.startIndex + $0 / 32]) >> UInt32($0 % 32) & 1 == 1 }
        var first = 0
        for (length, line) in zip(lengths, lines) {
            let end = first + Int(length)
            rows.append(tokens: tokens.dropFirst(first).prefix(Int(length)), trained: trained[first..<end], line: line)
            first = end
        }
    }
}

extension DataReport {
    /// All plain counts, in a fixed order.
    fileprivate var counts: [Int] {
        get {
            [readCount, blankCount, keptCount, truncatedCount, splitCount, droppedCount, endingCount, tokenCount, trainedTokenCount, longestRow]
                + lengthCounts
        }
        set {
            (readCount, blankCount, keptCount) = (newValue[0], newValue[1], newValue[2])
            (truncatedCount, splitCount, droppedCount) = (newValue[3], newValue[4], newValue[5])
            (endingCount, tokenCount, trainedTokenCount, longestRow) = (newValue[6], newValue[7], newValue[8], newValue[9])
            lengthCounts = Array(newValue[10...])
        }
    }
}

/// Words that are written at the end or read from the front.
private struct WordList {
    var words: [Int32]
    var position = 0

    static let damaged = TrainerError(.format, "tokenised rows", "are damaged or of another version", remedy: "Tokenise the file again")

    var remaining: Int { words.count - position }

    mutating func add(_ count: Int) {
        words.append(Int32(truncatingIfNeeded: count))
        words.append(Int32(truncatingIfNeeded: count >> 32))
    }

    mutating func next() throws(TrainerError) -> Int32 {
        guard remaining > 0 else { throw WordList.damaged }
        position += 1
        return words[position - 1]
    }

    /// A number that is not negative and has at most 48 bits, so that sums of a few can't overflow.
    mutating func nextCount() throws(TrainerError) -> Int {
        let low = Int(UInt32(bitPattern: try next()))
        let count = Int(try next()) << 32 | low
        guard count >= 0, count < 1 << 48 else { throw WordList.damaged }
        return count
    }

    mutating func nextUntrained() throws(TrainerError) -> DataReport.UntrainedRows {
        var untrained = DataReport.UntrainedRows()
        untrained.count = try nextCount()
        let shown = try nextCount()
        guard shown <= DataReport.UntrainedRows.recordsShown else { throw WordList.damaged }
        for _ in 0..<shown { untrained.firstRecords.append(try nextCount()) }
        return untrained
    }

    /// - Precondition: That many words remain.
    mutating func take(_ count: Int) -> ArraySlice<Int32> {
        position += count
        return words[(position - count)..<position]
    }
}
