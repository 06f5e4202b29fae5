public import Support

/// The rows of a data set as token ids, in parts that are mapped files or lie in memory, or some of these rows.
///
/// Everything about order and packing needs only `length(of:)` and `trainedCount(of:)`, so every rank plans the whole run alone. A row costs no
/// memory until it is read.
public struct TokenizedRows: Sendable {
    private let parts: [TokenPart]
    /// The number of each part's first row, and of all rows at the end.
    private let firsts: [Int]
    private let choice: Choice
    public let count: Int
    public let tokenCount: Int
    public let trainedTokenCount: Int
    /// The tokens of the longest row; 0 if there is none.
    public let longestRow: Int
    /// A checksum of every row's tokens and flags and of their order, equal on two ranks that hold the same rows.
    public let contentHash: UInt64

    /// Which of the parts' rows belong to the set, in their order.
    private enum Choice: Sendable {
        case all
        /// Only these, ascending.
        case only([UInt32])
        /// All but these, ascending.
        case allBut([UInt32])
    }

    /// All rows of some parts.
    init(parts: [TokenPart]) {
        self.parts = parts
        firsts = parts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.rowCount) }
        choice = .all
        count = firsts[parts.count]
        tokenCount = parts.reduce(0) { $0 + $1.about.report.tokenCount }
        trainedTokenCount = parts.reduce(0) { $0 + $1.about.report.trainedTokenCount }
        longestRow = parts.reduce(0) { max($0, $1.about.longestRow) }
        let hash = parts.reduce(into: RowsHash()) { $0.append($1.about.hash) }
        var checksum = Checksum(hash.value)
        checksum.add(count)
        contentHash = checksum.value
    }

    /// No row.
    public init() { self.init(parts: []) }

    /// Rows that are held in memory.
    ///
    /// - Throws: `format` if they are more than a part can hold.
    public init(_ rows: [TokenizedRow]) throws(TrainerError) {
        let name = TokenPartName(key: "", index: 0, count: 1)
        var writer = TokenPartWriter(name, kind: .text, isChat: false)
        for row in rows { try writer.append(tokens: row.tokens[...], trained: row.trained[...], record: row.line - 1) }
        self.init(parts: [try TokenPart(words: writer.finish(), name: name)])
    }

    /// Some rows of another set, which has all of its parts' rows.
    private init(_ whole: TokenizedRows, _ choice: Choice) {
        parts = whole.parts
        firsts = whole.firsts
        self.choice = choice
        var checksum = Checksum(whole.contentHash)
        var sums = (count: 0, tokens: 0, trained: 0, longest: 0)
        func add(_ row: Int) {
            let length = whole.length(of: row)
            sums = (sums.count + 1, sums.tokens + length, sums.trained + whole.trainedCount(of: row), max(sums.longest, length))
        }
        switch choice {
        case .all: (0..<whole.count).forEach(add)
        case .only(let rows):
            checksum.add(1)
            checksum.add(words: rows)
            for row in rows { add(Int(row)) }
        case .allBut(let rows):
            checksum.add(2)
            checksum.add(words: rows)
            var next = 0
            for row in 0..<whole.count {
                if next < rows.count, Int(rows[next]) == row { next += 1 } else { add(row) }
            }
        }
        (count, tokenCount, trainedTokenCount, longestRow) = sums
        contentHash = checksum.value
        whole.forget()
    }

    public var isEmpty: Bool { count == 0 }

    /// How many tokens a row has.
    public func length(of row: Int) -> Int {
        let (part, place) = find(row)
        return parts[part].length(of: place)
    }

    /// How many tokens of a row are trained.
    public func trainedCount(of row: Int) -> Int {
        let (part, place) = find(row)
        return parts[part].trainedCount(of: place)
    }

    /// The record that a row came from, from 1.
    public func line(of row: Int) -> Int {
        let (part, place) = find(row)
        return parts[part].line(of: place)
    }

    /// A row's tokens and marks.
    ///
    /// - Throws: `format` if the file that holds it is damaged.
    public func row(_ row: Int) throws(TrainerError) -> TokenizedRow {
        let (part, place) = find(row)
        return try parts[part].row(place)
    }

    /// Refuses more rows than can be numbered where they are put in order.
    ///
    /// - Throws: `configuration`.
    func checkCount() throws(TrainerError) {
        guard count > 1 << 32 else { return }
        throw TrainerError(
            .configuration, "data.train", "has \(grouped(count)) rows, more than the \(grouped(1 << 32)) of one run",
            remedy: "Set data.max_rows, or train on some of the files")
    }

    /// Gives memory back that mapped files have filled; what is asked for again is read again.
    public func forget() {
        for part in parts { part.forget() }
    }

    /// The part that holds a row, and the row's number there.
    private func find(_ row: Int) -> (part: Int, place: Int) {
        precondition(row >= 0 && row < count, "TokenizedRows.find: row \(row) of \(count)")
        let number = numberAmongAll(row)
        var (low, high) = (0, parts.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if firsts[middle] <= number { low = middle } else { high = middle - 1 }
        }
        return (low, number - firsts[low])
    }

    private func numberAmongAll(_ row: Int) -> Int {
        switch choice {
        case .all: return row
        case .only(let rows): return Int(rows[row])
        case .allBut(let rows):
            // rows[k] - k of those kept lie before the k-th left out; the rows left out before the wanted one are those with no more.
            var (low, high) = (0, rows.count)
            while low < high {
                let middle = (low + high) / 2
                if Int(rows[middle]) - middle <= row { low = middle + 1 } else { high = middle }
            }
            return row + low
        }
    }
}

extension TokenizedRows {
    /// Sets rows aside for validation.
    ///
    /// Which rows is a pure function of the seed and the number of rows: the first of a Philox permutation. Both parts keep the file's order.
    ///
    /// - Parameters:
    ///   - fraction: The share set aside, from 0 up to but not including 1; rounded to whole rows, at least one if above 0.
    ///   - seed: The run's seed.
    /// - Throws: `configuration` if the fraction is outside its range or leaves no row to train on.
    /// - Precondition: The set is no part of a split itself.
    public func split(validation fraction: Double, seed: UInt64) throws(TrainerError) -> (training: TokenizedRows, validation: TokenizedRows) {
        guard case .all = choice else { preconditionFailure("TokenizedRows.split: the rows are split already") }
        guard fraction >= 0, fraction < 1 else {
            throw TrainerError(.configuration, "data.validation", "\(fraction) is no share of the rows", remedy: "Use a number from 0 up to below 1")
        }
        guard fraction > 0 else { return (self, TokenizedRows()) }
        try checkCount()
        let validationCount = max(1, Int((fraction * Double(count)).rounded()))
        guard validationCount < count else {
            throw TrainerError(
                .configuration, "data.validation", "\(fraction) of \(grouped(count)) rows leaves no row to train on",
                remedy: "Use a smaller share, or a validation file")
        }
        let heldOut = Philox(seed: seed, purpose: .split).permutation(count, stream: 0)[..<validationCount].sorted()
        return (TokenizedRows(self, .allBut(heldOut)), TokenizedRows(self, .only(heldOut)))
    }
}
