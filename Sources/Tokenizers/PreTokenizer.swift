import Support

/// One step that cuts text into smaller pieces, before byte-pair encoding joins bytes within each piece.
enum PreTokenizer: Sendable {
    /// At the matches of a pattern.
    case split(Pattern, Behavior, isInverted: Bool)
    /// Around numeric characters: each by itself, or runs of them.
    case digits(areSingle: Bool)

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

    /// Cuts `text[range]` and appends the pieces, in order; empty ones are left out.
    func cut(_ text: Span<UInt8>, _ range: Range<Int>, _ matcher: Matcher, into pieces: inout [Piece]) throws(TrainerError) {
        let first = pieces.count
        switch self {
        case .split(let pattern, let behavior, let isInverted):
            try pattern.cut(text, range, matcher, into: &pieces)
            if isInverted { for index in first..<pieces.count { pieces[index].isMatch.toggle() } }
            behavior.apply(to: &pieces, from: first)
        case .digits(let areSingle):
            Self.cutDigits(text, range, into: &pieces)
            (areSingle ? Behavior.isolated : .contiguous).apply(to: &pieces, from: first)
        }
    }

    private static func cutDigits(_ text: Span<UInt8>, _ range: Range<Int>, into pieces: inout [Piece]) {
        var start = range.lowerBound
        var position = start
        while position < range.upperBound {
            let (scalar, length) = text.scalar(at: position)
            if scalar.isNumeric {
                if start < position { pieces.append(Piece(start..<position)) }
                pieces.append(Piece(position..<position + length, isMatch: true))
                start = position + length
            }
            position += length
        }
        if start < range.upperBound { pieces.append(Piece(start..<range.upperBound)) }
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
