import Support

/// Finds where the records of a file lie, in one walk over its bytes.
struct RecordCutter {
    let bytes: UnsafeRawBufferPointer
    var position: Int
    let path: String

    /// Lines, ended by line feeds; the last may lack its own.
    mutating func lines() -> [Range<Int>] {
        var records: [Range<Int>] = []
        var start = position
        while position < bytes.count {
            position += 1
            if bytes[position - 1] == UInt8(ascii: "\n") || position == bytes.count {
                records.append(start..<position)
                start = position
            }
        }
        return records
    }

    /// Rows of a table: lines, but line feeds inside quotes end none.
    mutating func tableRows() -> [Range<Int>] {
        var records: [Range<Int>] = []
        var start = position
        var isQuoted = false
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if !isQuoted && byte == UInt8(ascii: "\n") || position == bytes.count {
                records.append(start..<position)
                start = position
            }
        }
        return records
    }

    /// The elements of a list. What they are is left to their reader; here only brackets and strings count.
    ///
    /// - Throws: `format` with the byte where the list is broken.
    mutating func elements() throws(TrainerError) -> [Range<Int>] {
        skipWhiteSpace()
        guard take("[") else { throw broken("a list in [ ] is wanted") }
        skipWhiteSpace()
        var records: [Range<Int>] = []
        if take("]") { return try ended(records) }
        while true {
            skipWhiteSpace()
            let start = position
            try skipValue()
            records.append(start..<position)
            skipWhiteSpace()
            if take("]") { return try ended(records) }
            guard take(",") else { throw broken("the list ends too early, or a comma is missing") }
        }
    }

    private mutating func ended(_ records: [Range<Int>]) throws(TrainerError) -> [Range<Int>] {
        skipWhiteSpace()
        guard position == bytes.count else { throw broken("there is text after the list") }
        return records
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

    private mutating func skipWhiteSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private func broken(_ problem: String) -> TrainerError {
        let line = 1 + bytes[..<min(position, bytes.count)].reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
        return TrainerError(
            .format, "\(path):\(line)", "is not a list of JSON objects: \(problem)", remedy: "Write one JSON object per line, or a list of them")
    }
}
