import Support

/// BPE over characters, as SentencePiece has it: every character of a piece is a token, or the tokens of its bytes, and pairs of them merge.
///
/// Pieces are often whole texts, whose words are joined by U+2581. Where no merge can reach across its start, a piece is taken apart there
/// and its words are encoded one by one: the tokens are the same, and words met before are known.
struct CharacterPairs: PieceEncoder {
    private let tokens: TokenTable
    private let model: PairModel
    private let merges: MergeTable
    private let byteTokens: ByteTokens
    private let asciiTokens: [Int32]
    private let wordStart: WordStart?

    init(_ tokens: TokenTable, _ model: PairModel) {
        self.tokens = tokens
        self.model = model
        merges = MergeTable(model.merges)
        byteTokens = ByteTokens(tokens, isUsed: model.usesByteFallback)
        asciiTokens = (UInt8(0)..<0x80).map { tokens.id(of: String(Unicode.Scalar($0))) ?? -1 }
        wordStart = WordStart(tokens, model)
    }

    func encode(
        _ text: Span<UInt8>, _ range: Range<Int>, _ origins: [Range<Int>]?, _ scratch: inout Tokenizer.Scratch,
        into encoding: inout Tokenizer.Encoding
    ) {
        if model.ignoresMerges, let token = tokens.id(of: text.extracting(range)) { return encoding.append(token, text.origin(range, origins)) }
        guard let wordStart else {
            _ = encodeWord(text, range, at: range.lowerBound, origins, &scratch, into: &encoding)
            return
        }
        var start = range.lowerBound
        var place = start
        while start < range.upperBound {
            let end = wordStart.next(in: text, after: start, before: range.upperBound)
            place = encodeWord(text, start..<end, at: place, origins, &scratch, into: &encoding)
            start = end
        }
    }

    /// Appends the tokens of a word, one after another from `place` on: behind its start if characters before were left out, as in the library.
    ///
    /// Returns where the next token goes.
    private func encodeWord(
        _ text: Span<UInt8>, _ range: Range<Int>, at place: Int, _ origins: [Range<Int>]?, _ scratch: inout Tokenizer.Scratch,
        into encoding: inout Tokenizer.Encoding
    ) -> Int {
        let key = WordCache.Key(text, range)
        if let key, let word = scratch.cache.word(of: key) {
            encoding.append(word, text, place, origins)
            return place + range.count
        }
        readCharacters(text, range, &scratch.word)
        scratch.word.merge(merges)
        var end = place
        for (token, length) in zip(scratch.word.symbols, scratch.word.lengths) {
            encoding.append(token, text.origin(end..<end + length, origins))
            end += length
        }
        if let key, end - place == range.count { scratch.cache.keep(scratch.word.symbols, scratch.word.lengths, for: key) }
        return end
    }

    /// Sets the word to the tokens of its characters.
    ///
    /// As in the library, an unknown token waits for the next character that is a token, and the bytes of others overtake it.
    private func readCharacters(_ text: Span<UInt8>, _ range: Range<Int>, _ word: inout WordEncoder) {
        word.removeAll()
        var unknownLength = 0
        func flush(_ word: inout WordEncoder) {
            if unknownLength > 0, let unknown = model.unknownToken { word.append(unknown, length: unknownLength) }
            unknownLength = 0
        }
        var position = range.lowerBound
        while position < range.upperBound {
            let length = text[position] < 0x80 ? 1 : text.scalar(at: position).length
            let character = position..<position + length
            let token = length == 1 ? asciiTokens[Int(text[position])] : tokens.id(of: text.extracting(character)) ?? -1
            if token >= 0 {
                flush(&word)
                word.append(token, length: length)
            } else if byteTokens.cover(text, character) {
                for index in character { word.append(byteTokens[text[index]], length: 1) }
            } else if model.fusesUnknown {
                unknownLength += length
            } else {
                flush(&word)
                unknownLength = length
            }
            position += length
        }
        flush(&word)
    }
}

/// Where a piece may be taken apart: before U+2581, unless it follows a character that some merge joins it to.
private struct WordStart: Sendable {
    private let mark = Metaspace.sentencePiece
    /// The characters that a merge joins to a mark behind them.
    private var joined: Set<UInt32> = []

    /// Nil if pieces must be encoded whole: U+2581 is no token, or merges know tokens that stand for something other than their name.
    init?(_ tokens: TokenTable, _ model: PairModel) {
        guard tokens.id(of: mark.span) != nil else { return nil }
        var others = Set([model.unknownToken].compactMap { $0 })
        if model.usesByteFallback { others.formUnion((UInt8.min...UInt8.max).compactMap { tokens.id(of: ByteTokens.name($0)) }) }
        for merge in model.merges {
            guard !others.contains(merge.left), !others.contains(merge.right) else { return nil }
            guard tokens.starts(merge.right, with: mark), let last = tokens.token(of: merge.left)?.unicodeScalars.last else { continue }
            joined.insert(last.value)
        }
    }

    /// The first place after `start` where a word starts, or `end`.
    func next(in text: Span<UInt8>, after start: Int, before end: Int) -> Int {
        var position = start + 1
        while position < end {
            if text[position] == mark[0], text.holds(mark, at: position, before: end) {
                let before = text.scalar(at: text.index(before: position)).scalar.value
                if !joined.contains(before) { return position }
            }
            position += 1
        }
        return end
    }
}
