/// What is done to an encoded text: white space cut off its offsets, special tokens put around it.
struct PostProcessing: Equatable, Sendable {
    /// Whether white space at a token's ends is left out of its offsets.
    var trimsOffsets = false
    /// Whether a single space at the start of the text stays in the offsets, since ByteLevel may have added it.
    var keepsFirstSpace = false
    /// Special tokens before and after the text.
    var before: [Int32] = []
    var after: [Int32] = []
}

/// How many white-space characters a token has at its start and at its end.
struct OuterSpace: Equatable, Sendable {
    var leading = 0
    var trailing = 0

    /// White space as ByteLevel's post-processor sees it: Unicode's White_Space, or the character that spells a space.
    init(_ token: String) {
        let space = ByteAlphabet.scalars[0x20]
        let isSpace = { (scalar: Unicode.Scalar) in scalar == space || scalar.properties.isWhitespace }
        leading = token.unicodeScalars.prefix(while: isSpace).count
        trailing = token.unicodeScalars.reversed().prefix(while: isSpace).count
    }
}

extension Tokenizer.Encoding {
    /// Cuts white space off the offsets, as the post-processor ByteLevel with `trim_offsets` does.
    ///
    /// - Parameters:
    ///   - text: The text that was encoded, whole.
    ///   - space: The white space of the token at an index.
    mutating func trimOffsets(_ text: Span<UInt8>, keepsFirstSpace: Bool, space: (Int) -> OuterSpace) {
        for index in ids.indices {
            let space = space(index)
            guard space.leading > 0 || space.trailing > 0 else { continue }
            var lower = offsets[index].lowerBound
            var upper = offsets[index].upperBound
            let staysFirst = keepsFirstSpace && space.leading == 1 && (index == 0 || lower == 0)
            for _ in 0..<(staysFirst ? 0 : space.leading) where lower < upper { lower = text.boundary(from: lower + 1) }
            var end = upper
            var cut = 0
            while cut < space.trailing, end > 0 {
                end = text.index(before: end)
                cut += 1
            }
            // The library cuts nothing where fewer characters come before the end than it would cut.
            if cut == space.trailing { upper = max(end, lower) }
            offsets[index] = lower..<upper
        }
    }

    mutating func surround(before: [Int32], after: [Int32]) {
        ids = before + ids + after
        offsets = before.map { _ in 0..<0 } + offsets + after.map { _ in 0..<0 }
    }
}
