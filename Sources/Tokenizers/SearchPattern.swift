import Support

/// What a component looks for in text: a text as it stands, or an expression. `tokenizer.json` calls them String and Regex.
enum SearchPattern: Sendable {
    case literal([UInt8])
    case expression(Pattern)

    static func literal(_ text: String) -> SearchPattern { .literal(Array(text.utf8)) }

    /// Cuts `text[range]` into the matches and what lies between them, in order and without gaps.
    func cut(_ text: Span<UInt8>, _ range: Range<Int>, _ matcher: Matcher, into pieces: inout [Piece]) throws(TrainerError) {
        switch self {
        case .literal(let content): Self.cut(text, range, at: content, into: &pieces)
        case .expression(let pattern): try pattern.cut(text, range, matcher, into: &pieces)
        }
    }

    private static func cut(_ text: Span<UInt8>, _ range: Range<Int>, at content: [UInt8], into pieces: inout [Piece]) {
        var start = range.lowerBound
        var position = start
        while position < range.upperBound {
            guard text.holds(content, at: position, before: range.upperBound) else {
                position += 1
                continue
            }
            if start < position { pieces.append(Piece(start..<position)) }
            pieces.append(Piece(position..<position + content.count, isMatch: true))
            position += content.count
            start = position
        }
        if start < range.upperBound { pieces.append(Piece(start..<range.upperBound)) }
    }

    /// A text with the matches replaced.
    func replacing(_ text: AlignedText, with content: [UInt8], _ matcher: Matcher) throws(TrainerError) -> AlignedText {
        var pieces: [Piece] = []
        let bytes = text.bytes.span
        try cut(bytes, 0..<bytes.count, matcher, into: &pieces)
        var result = AlignedText(start: text.start)
        result.reserveCapacity(bytes.count + bytes.count / 2)
        for piece in pieces {
            guard piece.isMatch else {
                result.append(bytes, piece.range, text.origins)
                continue
            }
            // What is put in has the origin of the last character it replaces, or of the one before if it replaces nothing.
            let last = piece.range.upperBound - 1
            result.append(content, origin: last >= 0 ? text.origins[last] : text.start..<text.start)
        }
        return result
    }

    /// A text in which `literal` is replaced wherever it stands.
    static func replacing(_ literal: [UInt8], in text: String, with content: [UInt8]) -> String {
        let bytes = Array(text.utf8)
        var pieces: [Piece] = []
        cut(bytes.span, 0..<bytes.count, at: literal, into: &pieces)
        guard pieces.contains(where: \.isMatch) else { return text }
        return String(decoding: pieces.flatMap { $0.isMatch ? content : Array(bytes[$0.range]) }, as: UTF8.self)
    }
}
