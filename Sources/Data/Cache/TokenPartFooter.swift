/// The last words of a part: what it is, how large its pieces are, and a check over all but the rows, which have their own.
///
/// A part is a list of 32-bit words, the lowest byte first:
/// - the rows, one after another: tokens, marks (32 to a word, the lowest bit first) and a check of both;
/// - four columns, a word for each row: where it starts, its tokens, its trained tokens, the record it came from;
/// - `TokenPartAbout` as JSON, filled up with spaces;
/// - this footer.
struct TokenPartFooter: Equatable {
    var name: TokenPartName
    var rowCount: Int
    /// Words of the rows.
    var rowWords: Int
    /// Words of `TokenPartAbout`.
    var aboutWords: Int

    static let wordCount = 19
    private static let magic: [UInt32] = [0x726E_7274, 0x736B_6F74]
    private static let version: UInt32 = 1
    static let columnCount = 4

    /// Words of the whole part; nil if they are more than memory can hold.
    var totalWords: Int? {
        let (columns, overflows) = rowCount.multipliedReportingOverflow(by: Self.columnCount)
        guard !overflows, [columns, rowWords, aboutWords].allSatisfy({ $0 < 1 << 56 }) else { return nil }
        return rowWords + columns + aboutWords + Self.wordCount
    }

    /// Where a column starts.
    func column(_ index: Int) -> Int { rowWords + index * rowCount }

    /// Where the JSON starts.
    var aboutStart: Int { column(Self.columnCount) }

    /// - Parameter check: Of the words between the rows and the footer.
    func words(check: Checksum) -> [UInt32] {
        var words = Self.magic + [Self.version, UInt32(clamping: name.index), UInt32(clamping: name.count)] + keyWords
        words += [UInt32(clamping: rowCount), UInt32(truncatingIfNeeded: rowWords), UInt32(clamping: rowWords >> 32), UInt32(clamping: aboutWords)]
        var check = check
        check.add(words: words)
        return words + [UInt32(truncatingIfNeeded: check.value), UInt32(truncatingIfNeeded: check.value >> 32)]
    }

    /// The key's 256 bits.
    private var keyWords: [UInt32] {
        let digits = Array(name.key.utf8)
        return stride(from: 0, to: 64, by: 8).map { start in
            UInt32(String(decoding: digits.dropFirst(start).prefix(8), as: UTF8.self), radix: 16) ?? 0
        }
    }

    /// Reads the numbers; nil if the words are not those of a part that goes by `name`.
    init?(_ words: [UInt32], name: TokenPartName) {
        guard words.count == Self.wordCount else { return nil }
        self.init(
            name: name, rowCount: Int(words[13]), rowWords: Int(words[14]) | Int(words[15]) << 32, aboutWords: Int(words[16]))
        guard words.dropLast(2).elementsEqual(self.words(check: Checksum()).dropLast(2)) else { return nil }
    }

    init(name: TokenPartName, rowCount: Int, rowWords: Int, aboutWords: Int) {
        self.name = name
        self.rowCount = rowCount
        self.rowWords = rowWords
        self.aboutWords = aboutWords
    }
}
