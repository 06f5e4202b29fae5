import Support

/// Byte-level BPE: every byte of a piece is a token, and pairs of them merge.
struct BytePairs: PieceEncoder {
    private let tokens: TokenTable
    private let model: PairModel
    private let merges: MergeTable
    /// The token of each byte, -1 for none.
    private let byteTokens: [Int32]

    init(_ tokens: TokenTable, _ model: PairModel) {
        self.tokens = tokens
        self.model = model
        merges = MergeTable(model.merges)
        byteTokens = tokens.byteAlphabet
    }

    func encode(
        _ text: Span<UInt8>, _ range: Range<Int>, _ origins: [Range<Int>]?, _ scratch: inout Tokenizer.Scratch,
        into encoding: inout Tokenizer.Encoding
    ) {
        let key = WordCache.Key(text, range)
        if let key, let word = scratch.cache.word(of: key) { return encoding.append(word, text, range.lowerBound, origins) }
        if model.ignoresMerges, let token = wholeToken(text, range, &scratch.spelling) {
            if let key { scratch.cache.keep([token], [range.count], for: key) }
            return encoding.append(token, text.origin(range, origins))
        }
        scratch.word.removeAll()
        for position in range {
            let token = byteTokens[Int(text[position])]
            guard token >= 0 else { return encodeIncomplete(text, range, origins, &scratch, into: &encoding) }
            scratch.word.append(token, length: 1)
        }
        scratch.word.merge(merges)
        if let key { scratch.cache.keep(scratch.word.symbols, scratch.word.lengths, for: key) }
        var start = range.lowerBound
        for (token, length) in zip(scratch.word.symbols, scratch.word.lengths) {
            encoding.append(token, text.origin(start..<start + length, origins))
            start += length
        }
    }

    private func wholeToken(_ text: Span<UInt8>, _ range: Range<Int>, _ spelling: inout [UInt8]) -> Int32? {
        spelling.removeAll(keepingCapacity: true)
        ByteAlphabet.spell(text, range, into: &spelling)
        return tokens.id(of: spelling.span)
    }

    /// Encodes a word with bytes that have no token: they become the unknown token, or are left out if there is none.
    ///
    /// The library places the tokens of such a word one after another from the word's start, as if nothing had been left out, and counts in
    /// the UTF-8 of the word's spelling. So does this.
    private func encodeIncomplete(
        _ text: Span<UInt8>, _ range: Range<Int>, _ origins: [Range<Int>]?, _ scratch: inout Tokenizer.Scratch,
        into encoding: inout Tokenizer.Encoding
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
            } else if let unknown = model.unknownToken {
                if lastIsUnknown, model.fusesUnknown {
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
            encoding.append(token, text.origin(spelled[start]..<spelled[start + length - 1] + 1, origins))
            start += length
        }
    }
}

extension TokenTable {
    /// The token that spells each byte in the byte alphabet, -1 for none.
    var byteAlphabet: [Int32] { ByteAlphabet.scalars.map { id(of: String($0)) ?? -1 } }
}

extension Tokenizer.Encoding {
    mutating func append(_ id: Int32, _ range: Range<Int>) {
        ids.append(id)
        offsets.append(range)
    }

    /// Appends the tokens of a word at `start` of a text.
    mutating func append(_ word: WordCache.Word, _ text: Span<UInt8>, _ start: Int, _ origins: [Range<Int>]?) {
        var start = start
        for index in 0..<8 where word.tokens[index] >= 0 {
            let end = start + Int(word.lengths[index])
            append(word.tokens[index], text.origin(start..<end, origins))
            start = end
        }
    }
}
