/// The rows of a data set as token ids, one after another in flat storage.
///
/// Everything about order and packing needs only `length(of:)` and `trainedCounts`, so every rank plans the whole run alone.
public struct TokenizedRows: Sendable, Equatable {
    /// Token ids of all rows.
    public internal(set) var tokens: [Int32] = []
    /// Where each row starts in `tokens`, and the end of the last: one more than there are rows.
    public internal(set) var starts: [Int] = [0]
    /// Whether each token is a target of the loss, unshifted; false for a row's first token, which nothing predicts.
    public internal(set) var trained: [Bool] = []
    /// How many tokens of each row are trained.
    public internal(set) var trainedCounts: [Int32] = []
    /// The record that each row came from, from 1: in one file of JSON lines its line.
    public internal(set) var lines: [Int] = []

    public init() {}

    public var count: Int { lines.count }
    public var isEmpty: Bool { lines.isEmpty }
    public var tokenCount: Int { tokens.count }
    public var trainedTokenCount: Int { trainedCounts.reduce(0) { $0 + Int($1) } }

    /// Where a row's tokens lie in `tokens` and `trained`.
    public func range(of row: Int) -> Range<Int> { starts[row]..<starts[row + 1] }

    /// How many tokens a row has.
    public func length(of row: Int) -> Int { starts[row + 1] - starts[row] }

    /// The tokens of the longest row; 0 if there is none.
    public var longestRow: Int { (0..<count).reduce(0) { max($0, length(of: $1)) } }

    /// Adds a row at the end. The flag of its first token is cleared.
    ///
    /// - Precondition: As many flags as tokens, and at least one.
    public mutating func append(tokens row: ArraySlice<Int32>, trained flags: ArraySlice<Bool>, line: Int) {
        precondition(row.count == flags.count && !row.isEmpty, "TokenizedRows.append: \(flags.count) flags for \(row.count) tokens")
        let first = tokens.count
        tokens.append(contentsOf: row)
        trained.append(contentsOf: flags)
        trained[first] = false
        starts.append(tokens.count)
        trainedCounts.append(flags.dropFirst().reduce(into: 0) { $0 += $1 ? 1 : 0 })
        lines.append(line)
    }

    /// Adds all rows of another set at the end.
    public mutating func append(_ other: TokenizedRows) {
        let shift = tokens.count
        tokens.append(contentsOf: other.tokens)
        trained.append(contentsOf: other.trained)
        trainedCounts.append(contentsOf: other.trainedCounts)
        lines.append(contentsOf: other.lines)
        starts.append(contentsOf: other.starts.dropFirst().lazy.map { $0 + shift })
    }

    /// The named rows, in the order named.
    public func selecting(_ rows: some Collection<Int>) -> TokenizedRows {
        var selected = TokenizedRows()
        let total = rows.reduce(0) { $0 + length(of: $1) }
        selected.tokens.reserveCapacity(total)
        selected.trained.reserveCapacity(total)
        for row in rows {
            let range = range(of: row)
            selected.append(tokens: tokens[range], trained: trained[range], line: lines[row])
        }
        return selected
    }

    /// A checksum of every row's tokens and flags, equal on two ranks that hold the same rows in the same order. Reads all tokens.
    public var contentHash: UInt64 {
        var checksum = Checksum()
        checksum.add(count)
        for start in starts { checksum.add(start) }
        for index in tokens.indices {
            checksum.add(UInt64(UInt32(bitPattern: tokens[index])) << 1 | (trained[index] ? 1 : 0))
        }
        return checksum.value
    }
}
