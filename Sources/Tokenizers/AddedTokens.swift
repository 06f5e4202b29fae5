/// A token that is found in the text itself before anything else is done to it.
struct AddedToken: Equatable, Sendable {
    var id: Int32
    var content: String
    /// Left out when decoding without special tokens.
    var isSpecial: Bool
    /// Only where no word character touches it.
    var isSingleWord = false
    /// Takes the white space before it along.
    var stripsLeft = false
    /// Takes the white space after it along.
    var stripsRight = false
    /// Looked for in the normalised text instead of the given one.
    var isNormalized = false
}

/// Finds added tokens: at each place the longest one, from left to right.
struct AddedTokenFinder: Sendable {
    private let tokens: [AddedToken]
    private var trie = ByteTrie()
    /// Whether any token starts with the byte.
    private var startsToken = [Bool](repeating: false, count: 256)

    var isEmpty: Bool { tokens.isEmpty }

    /// - Parameter spellings: What to look for, in the order of `tokens`.
    init(_ tokens: [AddedToken], spellings: [[UInt8]]) {
        self.tokens = tokens
        for (index, spelling) in spellings.enumerated() {
            guard let first = spelling.first else { continue }
            startsToken[Int(first)] = true
            trie.insert(spelling, value: Int32(index))
        }
    }

    /// A stretch of text, or a token found in it.
    struct Stretch: Equatable, Sendable {
        var range: Range<Int>
        var token: AddedToken?
    }

    /// Cuts `text[range]` at the tokens found, in order; nothing is left of an empty text.
    ///
    /// As in the `tokenizers` library: a match that `single_word` refuses is passed over whole, and a token that strips may overlap what an
    /// earlier one stripped.
    func cut(_ text: Span<UInt8>, _ range: Range<Int>) -> [Stretch] {
        var stretches: [Stretch] = []
        var start = range.lowerBound
        var position = start
        while position < range.upperBound {
            guard startsToken[Int(text[position])], let (token, end) = longest(text, at: position, before: range.upperBound) else {
                position += 1
                continue
            }
            let found = position..<end
            position = end
            if token.isSingleWord, Self.touchesWord(text, found, range) { continue }
            let lower = token.stripsLeft ? max(Self.whiteSpaceStart(text, before: found.lowerBound, from: range.lowerBound), start) : found.lowerBound
            let upper = token.stripsRight ? Self.whiteSpaceEnd(text, after: found.upperBound, before: range.upperBound) : found.upperBound
            if start < lower { stretches.append(Stretch(range: start..<lower)) }
            stretches.append(Stretch(range: lower..<upper, token: token))
            start = upper
        }
        if start < range.upperBound { stretches.append(Stretch(range: start..<range.upperBound)) }
        return stretches
    }

    private func longest(_ text: Span<UInt8>, at start: Int, before end: Int) -> (AddedToken, Int)? {
        var best: (AddedToken, Int)?
        var node = 0
        var position = start
        while position < end, let next = trie.child(of: node, text[position]) {
            node = next
            position += 1
            let index = Int(trie.value(at: node))
            if index >= 0 { best = (tokens[index], position) }
        }
        return best
    }

    private static func touchesWord(_ text: Span<UInt8>, _ found: Range<Int>, _ range: Range<Int>) -> Bool {
        if found.lowerBound > range.lowerBound, text.scalar(at: text.index(before: found.lowerBound)).scalar.isWordCharacter { return true }
        return found.upperBound < range.upperBound && text.scalar(at: found.upperBound).scalar.isWordCharacter
    }

    private static func whiteSpaceStart(_ text: Span<UInt8>, before end: Int, from start: Int) -> Int {
        var position = end
        while position > start {
            let previous = text.index(before: position)
            guard text.scalar(at: previous).scalar.properties.isWhitespace else { break }
            position = previous
        }
        return position
    }

    private static func whiteSpaceEnd(_ text: Span<UInt8>, after start: Int, before end: Int) -> Int {
        var position = start
        while position < end {
            let (scalar, length) = text.scalar(at: position)
            guard scalar.properties.isWhitespace else { break }
            position += length
        }
        return position
    }
}
