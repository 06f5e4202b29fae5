import Support

/// Some consecutive rows of a data set, read from a mapped file or from memory when asked for.
///
/// What is not a row was checked when the part was opened, and each row is checked when it is read, so damage is never trained on.
struct TokenPart: Sendable {
    /// How errors name it: the file's path.
    let path: String
    let about: TokenPartAbout
    private let footer: TokenPartFooter
    private let storage: Storage

    private enum Storage: Sendable {
        case words([UInt32])
        case file(MappedFile)
    }

    /// - Throws: `format` if the words are not those of the part of that name.
    init(words: [UInt32], name: TokenPartName) throws(TrainerError) {
        try self.init(.words(words), count: words.count, path: name.fileName, name)
    }

    /// Maps a part's file and checks all but the rows.
    ///
    /// - Throws: `file` if it can't be read; `format` if it is cut, damaged, or not the part of that name.
    init(path: String, name: TokenPartName) throws(TrainerError) {
        let file = try MappedFile(path: path)
        guard file.bytes.count % 4 == 0 else { throw Self.damaged(path, "its length is not that of whole words") }
        try self.init(.file(file), count: file.bytes.count / 4, path: path, name)
        forget()
    }

    private init(_ storage: Storage, count: Int, path: String, _ name: TokenPartName) throws(TrainerError) {
        self.storage = storage
        self.path = path
        let start = count - TokenPartFooter.wordCount
        guard start >= 0, let footer = TokenPartFooter(Self.words(storage, start..<count), name: name) else {
            throw Self.damaged(path, "it does not end as this part of this data does")
        }
        guard footer.totalWords == count else { throw Self.damaged(path, "it has \(count) words, and its end tells of others") }
        var check = Checksum()
        for column in 0..<TokenPartFooter.columnCount {
            check.add(words: (footer.column(column)..<footer.column(column + 1)).lazy.map { Self.word(storage, $0) })
        }
        let json = Self.words(storage, footer.aboutStart..<start)
        check.add(words: json)
        guard footer.words(check: check) == Self.words(storage, start..<count) else { throw Self.damaged(path, "its checksum is wrong") }
        guard let about = TokenPartAbout(words: json) else { throw Self.damaged(path, "its report can't be read") }
        self.footer = footer
        self.about = about
    }

    var rowCount: Int { footer.rowCount }

    func length(of row: Int) -> Int { Int(Self.word(storage, footer.column(1) + row)) }

    func trainedCount(of row: Int) -> Int { Int(Self.word(storage, footer.column(2) + row)) }

    func line(of row: Int) -> Int { Int(Self.word(storage, footer.column(3) + row)) + 1 }

    /// A row's tokens and marks.
    ///
    /// - Throws: `format` if the row is damaged.
    func row(_ row: Int) throws(TrainerError) -> TokenizedRow {
        let (start, length) = (Int(Self.word(storage, footer.column(0) + row)), length(of: row))
        let end = start + length + (length + 31) / 32
        guard length > 0, end < footer.rowWords else { throw damaged(row) }
        let words = Self.words(storage, start..<(end + 1))
        let hash = RowsHash.hash(length: length, words: words[..<(end - start)])
        guard UInt32(truncatingIfNeeded: hash) == words[end - start] else { throw damaged(row) }
        if case .file(let file) = storage { file.forget(around: (4 * start)..<(4 * end)) }
        return TokenizedRow(
            tokens: words[..<length].map { Int32(bitPattern: $0) }, trained: (0..<length).map { words[length + $0 / 32] >> UInt32($0 % 32) & 1 == 1 },
            line: line(of: row))
    }

    /// Gives a mapped file's pages back to the system; they are read again when asked for.
    func forget() {
        guard case .file(let file) = storage else { return }
        file.forget(0..<file.bytes.count)
    }

    private func damaged(_ row: Int) -> TrainerError {
        Self.damaged(path, "its row \(row) does not fit its checksum", remedy: "Remove the file; the next start makes it again")
    }

    private static func damaged(_ path: String, _ problem: String, remedy: String? = nil) -> TrainerError {
        TrainerError(.format, path, "is damaged: \(problem)", remedy: remedy)
    }

    private static func word(_ storage: Storage, _ index: Int) -> UInt32 {
        switch storage {
        case .words(let words): words[index]
        case .file(let file): UInt32(littleEndian: file.bytes.load(fromByteOffset: 4 * index, as: UInt32.self))
        }
    }

    /// - Precondition: The range lies within the part.
    private static func words(_ storage: Storage, _ range: Range<Int>) -> [UInt32] { range.map { word(storage, $0) } }
}
