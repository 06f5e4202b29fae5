import Support

/// One step that cuts text into smaller pieces, before the model makes tokens of each piece; some change the text first.
enum PreTokenizer: Sendable {
    /// At the matches of a pattern.
    case split(SearchPattern, Behavior, isInverted: Bool)
    /// Around numeric characters: each by itself, or runs of them.
    case digits(areSingle: Bool)
    /// Around punctuation marks.
    case punctuation(Behavior)
    /// Runs of word characters, and of others; white space is dropped.
    case whitespace
    /// At white space, which is dropped.
    case whitespaceSplit
    /// Spells spaces, as SentencePiece does.
    case metaspace(Metaspace)
    /// The last step of byte-level BPE: a space before each piece that has none, then GPT-2's pattern.
    case byteLevel(addsPrefixSpace: Bool, pattern: Pattern?)

    /// What happens to the matches. The raw values are the spellings of `tokenizer.json`.
    enum Behavior: String, CaseIterable, Sendable {
        case removed = "Removed"
        case isolated = "Isolated"
        case mergedWithPrevious = "MergedWithPrevious"
        case mergedWithNext = "MergedWithNext"
        case contiguous = "Contiguous"
    }

    /// GPT-2's pattern, which ByteLevel uses with `use_regex` (Radford et al. 2019, encoder.py).
    static let gpt2 = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    /// What the step makes of the text of the pieces before it cuts them; the pieces then lie in the new text. Nil if it changes nothing.
    func changed(_ text: Span<UInt8>, _ origins: [Range<Int>]?, _ pieces: inout [Piece]) -> AlignedText? {
        switch self {
        case .metaspace(let metaspace): return metaspace.spelled(text, origins, &pieces)
        case .byteLevel(addsPrefixSpace: true, _): return Self.addPrefixSpaces(text, origins, &pieces)
        default: return nil
        }
    }

    /// Cuts `text[range]` and appends the pieces, in order; empty ones are left out.
    func cut(_ text: Span<UInt8>, _ range: Range<Int>, _ matcher: Matcher, into pieces: inout [Piece]) throws(TrainerError) {
        let first = pieces.count
        switch self {
        case .split(let pattern, let behavior, let isInverted):
            try pattern.cut(text, range, matcher, into: &pieces)
            if isInverted { for index in first..<pieces.count { pieces[index].isMatch.toggle() } }
            behavior.apply(to: &pieces, from: first)
        case .digits(let areSingle):
            Self.cutCharacters(text, range, into: &pieces, where: \.isNumeric)
            (areSingle ? Behavior.isolated : .contiguous).apply(to: &pieces, from: first)
        case .punctuation(let behavior):
            Self.cutCharacters(text, range, into: &pieces, where: \.isPunctuation)
            behavior.apply(to: &pieces, from: first)
        case .whitespace: Self.cutWords(text, range, into: &pieces)
        case .whitespaceSplit:
            Self.cutCharacters(text, range, into: &pieces, where: \.properties.isWhitespace)
            Behavior.removed.apply(to: &pieces, from: first)
        case .metaspace(let metaspace):
            guard metaspace.cuts else { return pieces.append(Piece(range)) }
            try SearchPattern.literal(metaspace.replacement).cut(text, range, matcher, into: &pieces)
            Behavior.mergedWithNext.apply(to: &pieces, from: first)
        case .byteLevel(_, let pattern):
            guard let pattern else { return pieces.append(Piece(range)) }
            try pattern.cut(text, range, matcher, into: &pieces)
            Behavior.isolated.apply(to: &pieces, from: first)
        }
    }

    /// The pieces with a space before each that does not start with one; the space has the origin of the character after it.
    private static func addPrefixSpaces(_ text: Span<UInt8>, _ origins: [Range<Int>]?, _ pieces: inout [Piece]) -> AlignedText {
        var spaced = AlignedText(start: 0)
        for index in pieces.indices {
            let range = pieces[index].range
            let start = spaced.bytes.count
            if text[range.lowerBound] != 0x20 { spaced.append(" ", origin: text.origin(range.prefix(1), origins)) }
            spaced.append(text, range, origins)
            pieces[index].range = start..<spaced.bytes.count
        }
        return spaced
    }

    private static func cutCharacters(
        _ text: Span<UInt8>, _ range: Range<Int>, into pieces: inout [Piece], where matches: (Unicode.Scalar) -> Bool
    ) {
        var start = range.lowerBound
        var position = start
        while position < range.upperBound {
            let (scalar, length) = text.scalar(at: position)
            if matches(scalar) {
                if start < position { pieces.append(Piece(start..<position)) }
                pieces.append(Piece(position..<position + length, isMatch: true))
                start = position + length
            }
            position += length
        }
        if start < range.upperBound { pieces.append(Piece(start..<range.upperBound)) }
    }

    /// The library's `\w+|[^\w\s]+`, in its own idea of word characters.
    private static func cutWords(_ text: Span<UInt8>, _ range: Range<Int>, into pieces: inout [Piece]) {
        enum Kind { case space, word, other }
        var start = range.lowerBound
        var last = Kind.space
        var position = start
        func end(at position: Int) {
            if last != .space, start < position { pieces.append(Piece(start..<position)) }
            start = position
        }
        while position < range.upperBound {
            let (scalar, length) = text.scalar(at: position)
            let kind: Kind = scalar.isWordCharacter ? .word : scalar.properties.isWhitespace ? .space : .other
            if kind != last { end(at: position) }
            last = kind
            position += length
        }
        end(at: position)
    }
}

extension PreTokenizer.Behavior {
    /// Joins or drops the pieces from index `first` on.
    func apply(to pieces: inout [Piece], from first: Int) {
        switch self {
        case .isolated: break
        case .removed: pieces.replaceSubrange(first..., with: pieces[first...].filter { !$0.isMatch })
        case .contiguous: pieces.join(from: first) { previous, piece in previous.isMatch == piece.isMatch }
        case .mergedWithPrevious: pieces.join(from: first) { previous, piece in piece.isMatch && !previous.isMatch }
        case .mergedWithNext:
            pieces[first...].reverse()
            pieces.join(from: first) { next, piece in piece.isMatch && !next.isMatch }
            pieces[first...].reverse()
        }
        pieces.removeEmpty(from: first)
    }
}

extension [Piece] {
    /// Joins each piece to the one before it where `shouldJoin(the original piece before, piece)` holds.
    fileprivate mutating func join(from first: Int, _ shouldJoin: (Piece, Piece) -> Bool) {
        guard first < count else { return }
        var kept = first
        var previous = self[first]
        for index in first + 1..<Swift.max(count, first + 1) {
            let piece = self[index]
            if shouldJoin(previous, piece) {
                let joined = self[kept].range
                self[kept].range = Swift.min(joined.lowerBound, piece.range.lowerBound)..<Swift.max(joined.upperBound, piece.range.upperBound)
            } else {
                kept += 1
                self[kept] = piece
            }
            previous = piece
        }
        removeLast(count - kept - 1)
    }

    fileprivate mutating func removeEmpty(from first: Int) {
        guard self[first...].contains(where: { $0.range.isEmpty }) else { return }
        replaceSubrange(first..., with: self[first...].filter { !$0.range.isEmpty })
    }
}
