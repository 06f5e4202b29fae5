/// Text that was changed before encoding, and which bytes of the given text each of its bytes stands for.
struct AlignedText: Sendable {
    private(set) var bytes: [UInt8] = []
    /// For each byte, the characters of the given text that it came from.
    private(set) var origins: [Range<Int>] = []
    /// Where in the given text this one starts.
    let start: Int

    init(start: Int) { self.start = start }

    /// A copy of `text[range]`, each character its own origin if the text has none.
    init(_ text: Span<UInt8>, _ range: Range<Int>, _ origins: [Range<Int>]? = nil) {
        start = range.isEmpty ? 0 : text.origin(range.prefix(1), origins).lowerBound
        reserveCapacity(range.count)
        append(text, range, origins)
    }

    mutating func reserveCapacity(_ count: Int) {
        bytes.reserveCapacity(count)
        origins.reserveCapacity(count)
    }

    mutating func append(_ scalar: Unicode.Scalar, origin: Range<Int>) {
        for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { append(byte, origin: origin) }
    }

    mutating func append(_ byte: UInt8, origin: Range<Int>) {
        bytes.append(byte)
        origins.append(origin)
    }

    mutating func append(_ content: [UInt8], origin: Range<Int>) {
        for byte in content { append(byte, origin: origin) }
    }

    mutating func append(_ text: Span<UInt8>, _ range: Range<Int>, _ origins: [Range<Int>]?) {
        if let origins {
            for position in range { append(text[position], origin: origins[position]) }
            return
        }
        var position = range.lowerBound
        while position < range.upperBound {
            let end = min(text.boundary(from: position + 1), range.upperBound)
            for index in position..<end { append(text[index], origin: position..<end) }
            position = end
        }
    }

    /// The bytes of `range` alone.
    func part(_ range: Range<Int>) -> AlignedText {
        var part = AlignedText(start: start)
        part.reserveCapacity(range.count)
        part.append(bytes.span, range, origins)
        return part
    }
}

// MARK: - Changing

extension AlignedText {
    /// A character of a changed text, and what became of the old one.
    struct Change {
        var scalar: Unicode.Scalar
        /// 0 if it takes one old character's place, 1 if it is one more, -n if it takes n more along.
        var count: Int
    }

    /// The text of `changes`, with the origins that the `tokenizers` library gives it (`NormalizedString::transform`).
    ///
    /// A character that takes another's place has its origin, one more the origin of the byte before.
    func changed(_ changes: [Change]) -> AlignedText {
        let text = bytes.span
        var position = 0
        var result = AlignedText(start: start)
        result.reserveCapacity(bytes.count + 16)
        for change in changes {
            let source = change.count > 0 ? position - 1 : position
            let origin = origins.indices.contains(source) ? origins[source] : start..<start
            result.append(change.scalar, origin: origin)
            var consumed = 1 - change.count
            while consumed > 0, position < bytes.count {
                position = text.boundary(from: position + 1)
                consumed -= 1
            }
        }
        return result
    }
}

extension Span<UInt8> {
    /// The part of the given text that `range` of this one came from, in whole characters. `origins` is nil if this is the given text.
    func origin(_ range: Range<Int>, _ origins: [Range<Int>]?) -> Range<Int> {
        guard let origins else { return boundary(upTo: range.lowerBound)..<boundary(from: range.upperBound) }
        let lower = origins[range.lowerBound].lowerBound
        return lower..<Swift.max(lower, origins[range.upperBound - 1].upperBound)
    }
}
