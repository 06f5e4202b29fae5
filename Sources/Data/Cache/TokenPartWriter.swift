import Support

/// Builds a part row by row, in memory or in a file; of a file's rows no more than a buffer and four words each are held.
struct TokenPartWriter {
    let name: TokenPartName
    /// nil to keep all words.
    private let file: DurableFile?
    /// What is not in the file yet.
    private var words: [UInt32] = []
    private var rowWords = 0
    private var columns = [[UInt32]](repeating: [], count: 4)
    /// What has become of the records so far; the writer itself counts tokens.
    var about: TokenPartAbout

    private static let bufferWords = 1 << 18

    init(_ name: TokenPartName, kind: RowKind, isChat: Bool, into file: DurableFile? = nil) {
        self.name = name
        self.file = file
        about = TokenPartAbout(kind: kind, isChat: isChat, report: DataReport())
    }

    /// Adds a row. Its first token's flag is cleared.
    ///
    /// - Precondition: As many flags as tokens, and at least one.
    mutating func append(tokens: ArraySlice<Int32>, trained: ArraySlice<Bool>, record: Int) throws(TrainerError) {
        precondition(tokens.count == trained.count && !tokens.isEmpty, "TokenPartWriter.append: \(trained.count) flags for \(tokens.count) tokens")
        guard let start = UInt32(exactly: rowWords), let place = UInt32(exactly: record), let length = UInt32(exactly: tokens.count) else {
            throw TrainerError(.format, name.fileName, "has more rows or tokens than a part can hold", remedy: "Train on the data in several runs")
        }
        let first = words.count
        for token in tokens { words.append(UInt32(bitPattern: token)) }
        var (bits, filled, trainedCount) = (UInt32(0), 0, UInt32(0))
        for (index, isTrained) in trained.enumerated() {
            if isTrained, index > 0 {
                bits |= 1 << UInt32(filled)
                trainedCount += 1
            }
            filled += 1
            if filled == 32 {
                words.append(bits)
                (bits, filled) = (0, 0)
            }
        }
        if filled > 0 { words.append(bits) }
        let hash = RowsHash.hash(length: tokens.count, words: words[first...])
        words.append(UInt32(truncatingIfNeeded: hash))
        rowWords += words.count - first
        for (column, value) in [start, length, trainedCount, place].enumerated() { columns[column].append(value) }
        about.hash.add(hash)
        about.longestRow = max(about.longestRow, tokens.count)
        about.report.tokenCount += tokens.count
        about.report.trainedTokenCount += Int(trainedCount)
        if words.count >= Self.bufferWords { try flush() }
    }

    /// Adds columns, report and footer, and brings a file to the disk.
    ///
    /// - Returns: All words of a part in memory, none of one in a file.
    mutating func finish() throws(TrainerError) -> [UInt32] {
        let aboutWords = try about.words()
        var check = Checksum()
        for column in columns { check.add(words: column) }
        check.add(words: aboutWords)
        let footer = TokenPartFooter(name: name, rowCount: columns[0].count, rowWords: rowWords, aboutWords: aboutWords.count)
        for column in columns {
            words += column
            try flush()
        }
        words += aboutWords + footer.words(check: check)
        try flush()
        try file?.synchronize()
        try file?.close()
        return words
    }

    private mutating func flush() throws(TrainerError) {
        guard let file else { return }
        try words.span.bytes.withUnsafeBytes { (bytes) throws(TrainerError) in try file.write(bytes) }
        words.removeAll(keepingCapacity: true)
    }
}
