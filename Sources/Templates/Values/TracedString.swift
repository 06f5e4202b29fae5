/// Where a stretch of text came from.
public enum TemplateOrigin: Hashable, Sendable {
    /// Something computed, or a variable that is no message.
    case computed
    /// A text that stands in the template itself, by its offset in bytes, line breaks counted as one.
    case literal(offset: Int)
    /// A message of the list `messages`, by its position and the key that held the text; the key is empty for a message printed whole.
    case message(index: Int, field: String)
}

/// UTF-8 text that knows of each byte where it came from, as the strings of a chat template do.
///
/// Joining, cutting and replacing keep the origins of the bytes that stay. Length and positions in templates count Unicode scalars, as Python's do.
public struct TracedString: Sendable {
    /// What is known about a run of bytes.
    struct Mark: Hashable {
        var origin = TemplateOrigin.computed
        /// The message whose `for` iteration printed the run first.
        var turn: Int?
        /// Counts the `generation` blocks executed so far, from 1 on; nil outside them.
        var generation: Int?
        /// Whether the run was printed because a generation prompt was asked for.
        var isPrompt = false
    }

    struct Run: Equatable {
        /// The byte after the run's last.
        var end: Int
        var mark: Mark
    }

    private(set) var bytes: [UInt8] = []
    /// Covers `bytes` in order; empty while all bytes have the mark of something computed.
    private(set) var runs: [Run] = []
    /// Whether the filters `safe` or `escape` made this HTML: a plain text that is added to it is escaped, as Python's class for safe HTML does.
    var isMarkup = false

    /// A text of the template's own, or of the message that `origin` names.
    public init(_ text: String, origin: TemplateOrigin = .computed) { self.init(Array(text.utf8), Mark(origin: origin)) }

    init() {}

    init(_ bytes: [UInt8], _ mark: Mark = Mark()) {
        self.bytes = bytes
        if mark != Mark(), !bytes.isEmpty { runs = [Run(end: bytes.count, mark: mark)] }
    }

    public var text: String { String(decoding: bytes, as: UTF8.self) }

    public var isEmpty: Bool { bytes.isEmpty }

    mutating func append(_ more: some Collection<UInt8>, _ mark: Mark = Mark()) {
        guard !more.isEmpty else { return }
        if runs.isEmpty {
            if mark == Mark() {
                bytes.append(contentsOf: more)
                return
            }
            if !bytes.isEmpty { runs.append(Run(end: bytes.count, mark: Mark())) }
        }
        bytes.append(contentsOf: more)
        extend(mark)
    }

    /// Gives the bytes after the last run their mark.
    private mutating func extend(_ mark: Mark) {
        if let last = runs.last, last.mark == mark {
            runs[runs.count - 1].end = bytes.count
        } else {
            runs.append(Run(end: bytes.count, mark: mark))
        }
    }

    mutating func append(_ more: String, _ mark: Mark = Mark()) { append(more.utf8, mark) }

    mutating func append(_ other: TracedString) {
        if runs.isEmpty, other.runs.isEmpty {
            bytes.append(contentsOf: other.bytes)
        } else {
            other.forEachRun(in: 0..<other.bytes.count) { append($0, $1) }
        }
    }

    /// Calls `body` with the bytes and mark of each run, cut to `range`.
    func forEachRun(in range: Range<Int>, _ body: (ArraySlice<UInt8>, Mark) -> Void) {
        guard !range.isEmpty else { return }
        guard !runs.isEmpty else { return body(bytes[range], Mark()) }
        var start = range.lowerBound
        for run in runs[firstRun(endingAfter: start)...] {
            let end = min(run.end, range.upperBound)
            body(bytes[start..<end], run.mark)
            start = end
            if start == range.upperBound { return }
        }
    }

    private func firstRun(endingAfter position: Int) -> Int {
        var (low, high) = (0, runs.count)
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].end > position { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The bytes of a range that starts and ends on characters.
    subscript(range: Range<Int>) -> TracedString {
        if range == 0..<bytes.count { return self }
        var part = TracedString()
        part.isMarkup = isMarkup
        forEachRun(in: range) { part.append($0, $1) }
        return part
    }

    /// Each run's bytes replaced by what `change` makes of them, under the same mark.
    func mapRuns(_ change: (ArraySlice<UInt8>) -> [UInt8]) -> TracedString {
        var result = TracedString()
        result.isMarkup = isMarkup
        forEachRun(in: 0..<bytes.count) { result.append(change($0), $1) }
        return result
    }

    /// The same text with changed marks.
    func marked(_ change: (Mark) -> Mark) -> TracedString {
        var result = TracedString()
        result.isMarkup = isMarkup
        result.bytes.reserveCapacity(bytes.count)
        forEachRun(in: 0..<bytes.count) { result.append($0, change($1)) }
        return result
    }
}

extension TracedString: Equatable {
    /// Equal texts, whatever their origins: bytes are compared, so that canonically equivalent texts differ, as in Python.
    public static func == (left: TracedString, right: TracedString) -> Bool { left.bytes == right.bytes }
}

// MARK: - Characters

extension TracedString {
    /// The number of Unicode scalars.
    var count: Int { bytes.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) } }

    /// Where each scalar starts, and the number of bytes after the last.
    var boundaries: [Int] { bytes.indices.filter { bytes[$0] & 0xC0 != 0x80 } + [bytes.count] }

    /// The scalars, each a string of its own.
    var characters: [TracedString] {
        let starts = boundaries
        return starts.indices.dropLast().map { self[starts[$0]..<starts[$0 + 1]] }
    }

    var scalars: String.UnicodeScalarView { text.unicodeScalars }

    /// The range without the scalars at its ends that `isDropped` names.
    func trimming(_ sides: Sides = .both, where isDropped: (Unicode.Scalar) -> Bool) -> Range<Int> {
        let span = bytes.span
        var (start, end) = (0, bytes.count)
        while sides != .right, start < end {
            let (scalar, length) = span.scalar(at: start)
            guard isDropped(scalar) else { break }
            start += length
        }
        while sides != .left, start < end {
            let index = span.index(before: end)
            guard isDropped(span.scalar(at: index).scalar) else { break }
            end = index
        }
        return start..<end
    }

    enum Sides { case both, left, right }
}

extension Unicode.Scalar {
    /// What Python's `str.isspace` and its `\s` call white space.
    var isPythonSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    /// What Python's `str.splitlines` cuts at.
    var isPythonLineEnd: Bool {
        switch value {
        case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    /// Python's `str.isalpha` of one character.
    var isPythonLetter: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    /// Python's `str.isalnum` of one character.
    var isPythonAlphanumeric: Bool { isPythonLetter || properties.numericType != nil }
}
