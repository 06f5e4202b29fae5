public import Support
import Synchronization

extension Tokenizer {
    /// What one call of `encode` works with; calls pass it on, so that its cache stays warm.
    struct Scratch: Sendable {
        var matcher: Matcher
        var cache = WordCache()
        var word = WordEncoder()
        var pieces: [Piece] = []
        var cutPieces: [Piece] = []
        var spelling: [UInt8] = []
        /// The white space of added tokens, by their place in the encoding; filled only where offsets are trimmed.
        var addedSpace: [Int: OuterSpace] = [:]
    }

    /// Encodes a text. Special tokens written in the text become those tokens.
    ///
    /// - Parameter addingSpecialTokens: Whether the post-processor adds its own around the text. Rendered conversations hold them already.
    /// - Throws: `memory` if a pattern needs more than its 8 MB to backtrack, which the known patterns do not.
    public func encode(_ text: String, addingSpecialTokens: Bool) throws(TrainerError) -> Encoding {
        var scratch = try takeScratch()
        defer { scratches.withLock { $0.append(scratch) } }
        let bytes = text.utf8.span
        var encoding = Encoding()
        for stretch in earlyFinder.cut(bytes, 0..<bytes.count) {
            if let token = stretch.token {
                append(token, bytes, stretch.range, nil, &encoding, &scratch)
            } else if definition.composesText, let composed = Composition.composed(bytes, stretch.range) {
                try encodeNormalized(composed.bytes.span, 0..<composed.bytes.count, composed.origins, &encoding, &scratch)
            } else {
                try encodeNormalized(bytes, stretch.range, nil, &encoding, &scratch)
            }
        }
        let processing = definition.postProcessing
        if processing.trimsOffsets {
            let ids = encoding.ids
            encoding.trimOffsets(bytes, keepsFirstSpace: processing.keepsFirstSpace) { index in
                scratch.addedSpace[index] ?? OuterSpace(token(of: ids[index]) ?? "")
            }
            scratch.addedSpace.removeAll(keepingCapacity: true)
        }
        if addingSpecialTokens { encoding.surround(before: processing.before, after: processing.after) }
        return encoding
    }

    private func takeScratch() throws(TrainerError) -> Scratch {
        if let scratch = scratches.withLock({ $0.popLast() }) { return scratch }
        return try Scratch(matcher: Matcher())
    }

    /// Encodes `text[range]`, which is normalised and holds no added token that is looked for before. `origins` is nil if the text is the given one.
    private func encodeNormalized(
        _ text: Span<UInt8>, _ range: Range<Int>, _ origins: [Range<Int>]?, _ encoding: inout Encoding, _ scratch: inout Scratch
    ) throws(TrainerError) {
        guard !lateFinder.isEmpty else { return try encodePlain(text, range, origins, &encoding, &scratch) }
        for stretch in lateFinder.cut(text, range) {
            if let token = stretch.token {
                append(token, text, stretch.range, origins, &encoding, &scratch)
            } else {
                try encodePlain(text, stretch.range, origins, &encoding, &scratch)
            }
        }
    }

    /// Encodes text without added tokens: cuts it, adds prefix spaces, cuts it as ByteLevel does and encodes the words.
    private func encodePlain(
        _ text: Span<UInt8>, _ range: Range<Int>, _ origins: [Range<Int>]?, _ encoding: inout Encoding, _ scratch: inout Scratch
    ) throws(TrainerError) {
        scratch.pieces.removeAll(keepingCapacity: true)
        scratch.pieces.append(Piece(range))
        for cut in definition.cuts { try apply(cut, text, &scratch) }
        guard definition.addsPrefixSpace else { return try encodeWords(text, origins, &encoding, &scratch) }
        let spaced = addPrefixSpaces(text, origins, &scratch.pieces)
        try encodeWords(spaced.bytes.span, spaced.origins, &encoding, &scratch)
    }

    private func apply(_ cut: PreTokenizer, _ text: Span<UInt8>, _ scratch: inout Scratch) throws(TrainerError) {
        scratch.cutPieces.removeAll(keepingCapacity: true)
        for piece in scratch.pieces { try cut.cut(text, piece.range, scratch.matcher, into: &scratch.cutPieces) }
        swap(&scratch.pieces, &scratch.cutPieces)
    }

    /// The pieces with a space before each that does not start with one; the space has the origin of the character after it.
    private func addPrefixSpaces(_ text: Span<UInt8>, _ origins: [Range<Int>]?, _ pieces: inout [Piece]) -> AlignedText {
        var spaced = AlignedText()
        for index in pieces.indices {
            let range = pieces[index].range
            let start = spaced.bytes.count
            if text[range.lowerBound] != 0x20 { spaced.append(" ", origin: origin(text, range.prefix(1), origins)) }
            for position in range {
                spaced.bytes.append(text[position])
                spaced.origins.append(origin(text, position..<position + 1, origins))
            }
            pieces[index].range = start..<spaced.bytes.count
        }
        return spaced
    }

    private func encodeWords(
        _ text: Span<UInt8>, _ origins: [Range<Int>]?, _ encoding: inout Encoding, _ scratch: inout Scratch
    ) throws(TrainerError) {
        if let pattern = definition.bytePattern { try apply(.split(pattern, .isolated, isInverted: false), text, &scratch) }
        for piece in scratch.pieces { encodeWord(text, piece.range, origins, &encoding, &scratch) }
    }

    private func encodeWord(
        _ text: Span<UInt8>, _ range: Range<Int>, _ origins: [Range<Int>]?, _ encoding: inout Encoding, _ scratch: inout Scratch
    ) {
        let key = WordCache.Key(text, range)
        if let key, let tokens = scratch.cache.tokens(of: key) {
            var start = range.lowerBound
            for index in 0..<8 where tokens[index] >= 0 {
                let end = start + byteCount(of: tokens[index])
                encoding.append(tokens[index], origin(text, start..<end, origins))
                start = end
            }
            return
        }
        if definition.ignoresMerges, let token = wholeToken(text, range, &scratch.spelling) {
            if let key { scratch.cache.keep([token], for: key) }
            return encoding.append(token, origin(text, range, origins))
        }
        scratch.word.removeAll()
        for position in range {
            let token = byteTokens[Int(text[position])]
            guard token >= 0 else { return encodeIncomplete(text, range, origins, &encoding, &scratch) }
            scratch.word.append(token, length: 1)
        }
        scratch.word.merge(merges)
        if let key { scratch.cache.keep(scratch.word.symbols, for: key) }
        var start = range.lowerBound
        for (token, length) in zip(scratch.word.symbols, scratch.word.lengths) {
            encoding.append(token, origin(text, start..<start + length, origins))
            start += length
        }
    }

    private func wholeToken(_ text: Span<UInt8>, _ range: Range<Int>, _ spelling: inout [UInt8]) -> Int32? {
        spelling.removeAll(keepingCapacity: true)
        ByteAlphabet.spell(text, range, into: &spelling)
        return definition.tokens.id(of: spelling.span)
    }

    /// Encodes a word with bytes that have no token: they become the unknown token, or are left out if there is none.
    ///
    /// The library places the tokens of such a word one after another from the word's start, as if nothing had been left out, and counts in
    /// the UTF-8 of the word's spelling. So does this.
    private func encodeIncomplete(
        _ text: Span<UInt8>, _ range: Range<Int>, _ origins: [Range<Int>]?, _ encoding: inout Encoding, _ scratch: inout Scratch
    ) {
        scratch.word.removeAll()
        /// For each byte of the spelling, the byte of the text that it spells.
        var spelled: [Int] = []
        var lastIsUnknown = false
        for position in range {
            let length = ByteAlphabet.spelledLength(of: text[position])
            for _ in 0..<length { spelled.append(position) }
            let token = byteTokens[Int(text[position])]
            if token >= 0 {
                scratch.word.append(token, length: length)
            } else if let unknown = definition.unknownToken {
                if lastIsUnknown, definition.fusesUnknown {
                    scratch.word.extendLast(by: length)
                } else {
                    scratch.word.append(unknown, length: length)
                }
            }
            lastIsUnknown = token < 0
        }
        scratch.word.merge(merges)
        var start = 0
        for (token, length) in zip(scratch.word.symbols, scratch.word.lengths) {
            encoding.append(token, origin(text, spelled[start]..<spelled[start + length - 1] + 1, origins))
            start += length
        }
    }

    /// The part of the given text that `text[range]` came from, in whole characters.
    private func origin(_ text: Span<UInt8>, _ range: Range<Int>, _ origins: [Range<Int>]?) -> Range<Int> {
        guard let origins else { return text.boundary(upTo: range.lowerBound)..<text.boundary(from: range.upperBound) }
        let lower = origins[range.lowerBound].lowerBound
        return lower..<max(lower, origins[range.upperBound - 1].upperBound)
    }

    private func append(
        _ token: AddedToken, _ text: Span<UInt8>, _ range: Range<Int>, _ origins: [Range<Int>]?, _ encoding: inout Encoding, _ scratch: inout Scratch
    ) {
        if definition.postProcessing.trimsOffsets {
            let slice = text.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
            scratch.addedSpace[encoding.ids.count] = OuterSpace(slice)
        }
        encoding.append(token.id, origin(text, range, origins))
    }
}

extension Tokenizer.Encoding {
    fileprivate mutating func append(_ id: Int32, _ range: Range<Int>) {
        ids.append(id)
        offsets.append(range)
    }
}

extension TokenizerDefinition {
    /// A token's content as it stands in normalised text.
    func normalized(_ content: String) -> [UInt8] {
        let bytes = content.utf8.span
        guard composesText, let composed = Composition.composed(bytes, 0..<bytes.count) else { return Array(content.utf8) }
        return composed.bytes
    }
}
