import Glibc
import Support

/// Finds where the records of a file lie, one after another.
struct RecordCutter {
    let bytes: UnsafeRawBufferPointer
    let path: String
    let format: DataFormat
    var position: Int
    /// Of a list: whether its opening bracket lies behind.
    var isInside = false
    /// Of a list: whether its closing bracket lies behind.
    private var isEnded = false

    /// - Parameters:
    ///   - position: The file's first byte, or that of a record.
    ///   - isInside: Of a list: whether the position is that of an element.
    init(bytes: UnsafeRawBufferPointer, path: String, format: DataFormat, position: Int, isInside: Bool = false) {
        self.bytes = bytes
        self.path = path
        self.format = format
        self.position = position
        self.isInside = isInside
    }

    /// The bytes of the next record; nil if there is none.
    ///
    /// - Throws: `format` with the line where a list is broken.
    mutating func next() throws(TrainerError) -> Range<Int>? {
        if format == .json { return try element() }
        guard position < bytes.count else { return nil }
        let start = position
        switch format {
        case .csv, .tsv: skipTableRow()
        case .text: position = bytes.count
        case .auto, .jsonl, .json: position = lineEnd(from: start)
        }
        return start..<position
    }

    /// The byte after the next line feed, or the file's end.
    private func lineEnd(from start: Int) -> Int {
        guard let base = bytes.baseAddress, let found = memchr(base + start, 0x0A, bytes.count - start) else { return bytes.count }
        return UnsafeRawPointer(found) - base + 1
    }

    /// Passes over a row of a table: a line, but line feeds inside quotes do not end it.
    private mutating func skipTableRow() {
        var isQuoted = false
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if !isQuoted && byte == UInt8(ascii: "\n") { return }
        }
    }

    /// The next element of a list. What it is, is left to its reader; here only brackets and strings count.
    private mutating func element() throws(TrainerError) -> Range<Int>? {
        guard !isEnded else { return nil }
        skipWhiteSpace()
        if !isInside {
            guard take("[") else { throw broken("a list in [ ] is wanted") }
            isInside = true
            skipWhiteSpace()
            if take("]") {
                try end()
                return nil
            }
        }
        let start = position
        try skipValue()
        let record = start..<position
        skipWhiteSpace()
        if take("]") {
            try end()
        } else if !take(",") {
            throw broken("the list ends too early, or a comma is missing")
        }
        return record
    }

    private mutating func end() throws(TrainerError) {
        isEnded = true
        skipWhiteSpace()
        guard position == bytes.count else { throw broken("there is text after the list") }
    }

    /// Passes over an element up to the comma or bracket that ends it.
    private mutating func skipValue() throws(TrainerError) {
        var depth = 0
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""): try skipString()
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ","):
                if depth == 0 {
                    guard position > start else { throw broken("an element is missing") }
                    return
                }
                if bytes[position] != UInt8(ascii: ",") { depth -= 1 }
            default: break
            }
            position += 1
        }
        throw broken("the list ends too early")
    }

    /// From a string's first quote to its last.
    private mutating func skipString() throws(TrainerError) {
        position += 1
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") { position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1 }
        guard position < bytes.count else { throw broken("a string has no end") }
    }

    func lineFeeds(in range: Range<Int>) -> Int {
        var count = 0
        var start = range.lowerBound
        while start < range.upperBound {
            start = lineEnd(from: start)
            if start <= range.upperBound, bytes[start - 1] == 0x0A { count += 1 }
        }
        return count
    }

    private mutating func skipWhiteSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private func broken(_ problem: String) -> TrainerError {
        return TrainerError(
            .format, "\(path):\(1 + lineFeeds(in: 0..<min(position, bytes.count)))", "is not a list of JSON objects: \(problem)",
            remedy: "Write one JSON object per line, or a list of them")
    }
}
