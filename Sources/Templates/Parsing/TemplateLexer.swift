import Support

/// Cuts a template's source into tokens as Jinja 3.1 does with `trim_blocks` and `lstrip_blocks`: a line break after a tag and white space before it
/// on its line go, unless its signs say otherwise.
struct TemplateLexer {
    let bytes: [UInt8]
    private let source: TemplateSource
    var position = 0
    /// Whether the last thing read ended a line.
    private var isLineStart = true
    private(set) var tokens: [TemplateToken] = []

    init(_ source: TemplateSource) {
        self.source = source
        bytes = source.bytes
    }

    static func tokens(of source: TemplateSource) throws(TrainerError) -> [TemplateToken] {
        var lexer = TemplateLexer(source)
        while lexer.position < lexer.bytes.count { try lexer.readText() }
        lexer.add(.end)
        return lexer.tokens
    }

    func error(_ problem: String) -> TrainerError { source.error(problem, at: position) }

    mutating func add(_ kind: TemplateToken.Kind) { tokens.append(TemplateToken(kind: kind, offset: position)) }

    /// Goes on to a position.
    mutating func advance(to end: Int) {
        if end > position { isLineStart = bytes[end - 1] == UInt8(ascii: "\n") }
        position = end
    }

    func starts(_ text: StaticString, at place: Int) -> Bool {
        place + text.utf8CodeUnitCount <= bytes.count
            && text.withUTF8Buffer { $0.elementsEqual(bytes[place..<place + text.utf8CodeUnitCount]) }
    }

    private func find(_ text: StaticString, from start: Int) -> Int? { (start..<bytes.count).first { starts(text, at: $0) } }

    func byte(at place: Int) -> UInt8? { place < bytes.count ? bytes[place] : nil }

    /// The first place from `start` on that holds no white space.
    private func skipSpace(from start: Int) -> Int {
        let span = bytes.span
        var place = start
        while place < bytes.count {
            let (scalar, length) = span.scalar(at: place)
            guard scalar.isPythonSpace else { break }
            place += length
        }
        return place
    }

    // MARK: - Text and tags

    private mutating func readText() throws(TrainerError) {
        let start = position
        let tag = (start..<bytes.count).first { bytes[$0] == UInt8(ascii: "{") && [0x7B, 0x25, 0x23].contains(byte(at: $0 + 1)) }
        guard let tag else {
            add(.text(Array(bytes[start...])))
            return advance(to: bytes.count)
        }
        let sign = byte(at: tag + 2).flatMap { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") ? $0 : nil }
        let isOutput = bytes[tag + 1] == UInt8(ascii: "{")
        addText(from: start, to: tag, sign: sign, canStrip: !isOutput)
        advance(to: tag)
        let inside = tag + (sign == nil ? 2 : 3)
        if bytes[tag + 1] == UInt8(ascii: "#") { return try skipComment(from: inside) }
        if !isOutput, let body = rawBody(from: inside) { return try readRaw(from: body) }
        add(isOutput ? .outputBegin : .blockBegin)
        advance(to: inside)
        try readTag(isOutput: isOutput)
    }

    /// Adds the text before a tag, without the white space that the tag takes away.
    private mutating func addText(from start: Int, to end: Int, sign: UInt8?, canStrip: Bool) {
        let text = TracedString(Array(bytes[start..<end]))
        var kept = text.bytes.count
        if sign == UInt8(ascii: "-") {
            kept = text.trimming(.right, where: \.isPythonSpace).upperBound
        } else if sign == nil, canStrip {
            let lineStart = (text.bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
            if lineStart > 0 || isLineStart, text[lineStart..<kept].scalars.allSatisfy(\.isPythonSpace) { kept = lineStart }
        }
        if kept > 0 { add(.text(Array(text.bytes[..<kept]))) }
    }

    private mutating func skipComment(from start: Int) throws(TrainerError) {
        // As in Jinja, a tag that opens at the very end opens nothing.
        guard start < bytes.count else { return advance(to: start) }
        guard let end = find("#}", from: start) else { throw error("a comment has no end #}") }
        let sign = end > start ? bytes[end - 1] : 0
        advance(to: afterTag(end + 2, sign: sign))
    }

    /// Where the text after a tag begins: `-` takes all white space away, `+` none, and else one line break goes.
    private func afterTag(_ end: Int, sign: UInt8) -> Int {
        if sign == UInt8(ascii: "-") { return skipSpace(from: end) }
        return sign != UInt8(ascii: "+") && byte(at: end) == UInt8(ascii: "\n") ? end + 1 : end
    }

    /// Where a raw block's text begins, if the tag opens one.
    private func rawBody(from start: Int) -> Int? {
        let word = skipSpace(from: start)
        guard starts("raw", at: word) else { return nil }
        let end = skipSpace(from: word + 3)
        if starts("-%}", at: end) { return skipSpace(from: end + 3) }
        return starts("%}", at: end) ? end + 2 : nil
    }

    private mutating func readRaw(from body: Int) throws(TrainerError) {
        advance(to: body)
        guard body < bytes.count else { return }
        var place = body
        while let tag = find("{%", from: place) {
            place = tag + 1
            let sign = byte(at: tag + 2).flatMap { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") ? $0 : nil }
            let word = skipSpace(from: tag + (sign == nil ? 2 : 3))
            guard starts("endraw", at: word) else { continue }
            let end = skipSpace(from: word + 6)
            let endSign = byte(at: end).flatMap { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") ? $0 : nil }
            let close = endSign == nil ? end : end + 1
            guard starts("%}", at: close) else { continue }
            addText(from: body, to: tag, sign: sign, canStrip: true)
            return advance(to: afterTag(close + 2, sign: endSign ?? 0))
        }
        throw error("a raw block has no end")
    }

    // MARK: - Inside a tag

    private mutating func readTag(isOutput: Bool) throws(TrainerError) {
        var brackets: [UInt8] = []
        while true {
            advance(to: skipSpace(from: position))
            guard let first = byte(at: position) else { return }
            if brackets.isEmpty, let end = tagEnd(isOutput: isOutput) {
                add(isOutput ? .outputEnd : .blockEnd)
                return advance(to: end)
            }
            switch first {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): try readNumber()
            case UInt8(ascii: "'"), UInt8(ascii: "\""): try readString(quote: first)
            case UInt8(ascii: "_"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x80...0xFF: try readName()
            default: try readSign(&brackets)
            }
        }
    }

    private func tagEnd(isOutput: Bool) -> Int? {
        let close: StaticString = isOutput ? "}}" : "%}"
        if starts(close, at: position) { return isOutput ? position + 2 : afterTag(position + 2, sign: 0) }
        guard starts(close, at: position + 1) else { return nil }
        if bytes[position] == UInt8(ascii: "-") { return skipSpace(from: position + 3) }
        return !isOutput && bytes[position] == UInt8(ascii: "+") ? position + 3 : nil
    }

    private mutating func readName() throws(TrainerError) {
        var end = position
        while end < bytes.count {
            let (scalar, length) = bytes.span.scalar(at: end)
            guard end == position ? scalar == "_" || scalar.properties.isXIDStart : scalar.properties.isXIDContinue else { break }
            end += length
        }
        guard end > position else { throw error("the character \(bytes.span.scalar(at: position).scalar) can't stand in a tag") }
        add(.name(String(decoding: bytes[position..<end], as: UTF8.self)))
        advance(to: end)
    }

    private mutating func readSign(_ brackets: inout [UInt8]) throws(TrainerError) {
        let double = String(decoding: bytes[position..<min(position + 2, bytes.count)], as: UTF8.self)
        if ["//", "**", "==", "!=", ">=", "<="].contains(double) {
            add(.sign(double))
            return advance(to: position + 2)
        }
        let byte = bytes[position]
        guard "+-/*%~[](){}<>=.:|,;".utf8.contains(byte) else {
            throw error("the character \(Unicode.Scalar(byte)) can't stand in a tag")
        }
        switch byte {
        case UInt8(ascii: "("): brackets.append(UInt8(ascii: ")"))
        case UInt8(ascii: "["), UInt8(ascii: "{"): brackets.append(byte + 2)
        case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
            guard brackets.popLast() == byte else { throw error("unexpected \(Unicode.Scalar(byte))") }
        default: break
        }
        add(.sign(String(Unicode.Scalar(byte))))
        advance(to: position + 1)
    }
}
