/// One step from token names back to text, as the `decoder` of a `tokenizer.json` lists them. What the last step leaves is joined.
enum Decoder: Equatable, Sendable {
    /// Joins all tokens and turns characters that spell bytes into those bytes.
    case byteLevel
    /// Turns tokens like `<0x0A>` into bytes.
    case byteFallback
    case fuse
    /// The replacement becomes a space; in the first token it is dropped if one was put before the text.
    case metaspace(Metaspace)
    /// A text becomes another in every token.
    case replace([UInt8], [UInt8])
    /// Takes up to so many of a character off each end of every token.
    case strip(Unicode.Scalar, start: Int, stop: Int)

    func apply(to tokens: [String]) -> [String] {
        switch self {
        case .byteLevel: return [String(decoding: tokens.flatMap { ByteAlphabet.decoded($0) }, as: UTF8.self)]
        case .byteFallback: return Self.joinBytes(tokens)
        case .fuse: return [tokens.joined()]
        case .metaspace(let metaspace):
            return tokens.enumerated().map { index, token in
                let isDropped = index == 0 && metaspace.scheme != .never
                return SearchPattern.replacing(metaspace.replacement, in: token, with: isDropped ? [] : [0x20])
            }
        case .replace(let literal, let content): return tokens.map { SearchPattern.replacing(literal, in: $0, with: content) }
        case .strip(let scalar, let start, let stop): return tokens.map { Self.strip($0, scalar, start: start, stop: stop) }
        }
    }

    /// What a token like `<0x0A>` stands for.
    ///
    /// The library takes any six bytes `<0x..>` whose middle Rust reads as a hexadecimal number, so a plus sign and one digit, too.
    static func byte(_ token: String) -> UInt8? {
        let bytes = Array(token.utf8)
        guard bytes.count == 6, bytes.starts(with: "<0x".utf8), bytes[5] == UInt8(ascii: ">"), bytes[3] != UInt8(ascii: "-") else { return nil }
        return UInt8(String(decoding: bytes[3..<5], as: UTF8.self), radix: 16)
    }

    /// Bytes in a row become their text, or U+FFFD each if they are not UTF-8.
    private static func joinBytes(_ tokens: [String]) -> [String] {
        var result: [String] = []
        var bytes: [UInt8] = []
        func flush() {
            guard !bytes.isEmpty else { return }
            if let text = String(validating: bytes, as: UTF8.self) {
                result.append(text)
            } else {
                result += Array(repeating: "\u{FFFD}", count: bytes.count)
            }
            bytes.removeAll()
        }
        for token in tokens {
            if let byte = byte(token) {
                bytes.append(byte)
            } else {
                flush()
                result.append(token)
            }
        }
        flush()
        return result
    }

    private static func strip(_ token: String, _ scalar: Unicode.Scalar, start: Int, stop: Int) -> String {
        var scalars = token.unicodeScalars[...]
        let leading = scalars.prefix(start).prefix { $0 == scalar }.count
        let trailing = scalars.suffix(stop).reversed().prefix { $0 == scalar }.count
        scalars = scalars.dropFirst(leading).dropLast(trailing)
        return String(scalars)
    }
}

extension [Decoder] {
    /// The bytes that a token stands for within a text, which need not be whole characters.
    ///
    /// What follows Fuse acts on the text as a whole (a space taken off its start, as a rule) and is left out.
    func bytes(of token: String) -> [UInt8] {
        var text = token
        for step in self {
            switch step {
            case .byteLevel: return ByteAlphabet.decoded(text)
            case .fuse: return [UInt8](text.utf8)
            case .byteFallback: if let byte = Decoder.byte(text) { return [byte] }
            case .metaspace(let metaspace): text = SearchPattern.replacing(metaspace.replacement, in: text, with: [0x20])
            case .replace, .strip: text = step.apply(to: [text]).joined()
            }
        }
        return [UInt8](text.utf8)
    }

    /// The text that tokens stand for.
    func text(of tokens: [String]) -> String { reduce(tokens) { $1.apply(to: $0) }.joined() }
}
