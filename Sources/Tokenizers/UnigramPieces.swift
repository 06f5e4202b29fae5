import Support

/// Finds the tokens of a piece whose scores add up to the most (Viterbi 1967), as the `tokenizers` library does.
///
/// Sums run in Double from left to right; of equal sums the one found first stays. A character that no token is has the lowest score of all
/// less 10. Neighbouring unknown characters become one.
struct UnigramPieces: PieceEncoder {
    private let tokens: TokenTable
    private let model: UnigramModel
    private let byteTokens: ByteTokens
    private let trie: ByteTrie
    private let unknownScore: Double

    init(_ tokens: TokenTable, _ model: UnigramModel) {
        self.tokens = tokens
        self.model = model
        byteTokens = ByteTokens(tokens, isUsed: model.usesByteFallback)
        unknownScore = (model.scores.min() ?? 0) - 10
        var trie = ByteTrie()
        for id in 0..<Int32(tokens.idLimit) {
            guard let token = tokens.token(of: id), !token.isEmpty else { continue }
            trie.insert(token.utf8, value: id)
        }
        self.trie = trie
    }

    /// What one search works with: for each place in the piece the best way there.
    struct Paths: Sendable {
        fileprivate var nodes: [Node] = []
        /// The tokens of the best way, from the end.
        fileprivate var found: [Found] = []
    }

    fileprivate struct Node {
        var score = 0.0
        /// The last token of the way, and where it starts; -1 if no way leads here.
        var start: Int32 = -1
        var token: Int32 = -1
    }

    fileprivate struct Found {
        var range: Range<Int>
        /// -1 for unknown characters.
        var token: Int32
    }

    func encode(
        _ text: Span<UInt8>, _ range: Range<Int>, _ origins: [Range<Int>]?, _ scratch: inout Tokenizer.Scratch,
        into encoding: inout Tokenizer.Encoding
    ) throws(TrainerError) {
        let key = WordCache.Key(text, range)
        if let key, let word = scratch.cache.word(of: key) { return encoding.append(word, text, range.lowerBound, origins) }
        guard range.count < Int(Int32.max) else {
            throw TrainerError(.format, "text", "has a stretch of \(range.count) bytes without a place to cut; 2,147,483,646 are the most")
        }
        search(text, range, &scratch.paths)
        collect(range, &scratch.paths)
        var isWhole = true
        scratch.word.removeAll()
        for found in scratch.paths.found.reversed() {
            let origin = text.origin(found.range, origins)
            if found.token >= 0 {
                encoding.append(found.token, origin)
                scratch.word.append(found.token, length: found.range.count)
            } else {
                isWhole = false
                try appendUnknown(text, found.range, origin, into: &encoding)
            }
        }
        if isWhole, let key { scratch.cache.keep(scratch.word.symbols, scratch.word.lengths, for: key) }
    }

    private func search(_ text: Span<UInt8>, _ range: Range<Int>, _ paths: inout Paths) {
        paths.nodes.removeAll(keepingCapacity: true)
        paths.nodes.append(contentsOf: repeatElement(Node(), count: range.count + 1))
        var start = range.lowerBound
        while start < range.upperBound {
            let length = text.scalar(at: start).length
            let score = paths.nodes[start - range.lowerBound].score
            var hasCharacter = false
            var node = 0
            var position = start
            while position < range.upperBound, let next = trie.child(of: node, text[position]) {
                node = next
                position += 1
                let token = trie.value(at: node)
                guard token >= 0 else { continue }
                paths.offer(score + model.scores[Int(token)], token, start - range.lowerBound, position - range.lowerBound)
                if position - start == length { hasCharacter = true }
            }
            if !hasCharacter { paths.offer(score + unknownScore, -1, start - range.lowerBound, start + length - range.lowerBound) }
            start += length
        }
    }

    /// Walks the best way back, joining unknown characters.
    private func collect(_ range: Range<Int>, _ paths: inout Paths) {
        paths.found.removeAll(keepingCapacity: true)
        var end = range.count
        var isUnknownBefore = false
        while end > 0 {
            let node = paths.nodes[end]
            let start = Int(node.start)
            // The unknown token's own name, where a text holds it, is joined to unknown characters, too.
            let isUnknown = node.token < 0 || node.token == model.unknownToken
            let found = range.lowerBound + start..<range.lowerBound + end
            if isUnknown, isUnknownBefore, let last = paths.found.indices.last {
                paths.found[last].range = found.lowerBound..<paths.found[last].range.upperBound
            } else {
                paths.found.append(Found(range: found, token: isUnknown ? -1 : node.token))
            }
            isUnknownBefore = isUnknown
            end = start
        }
    }

    private func appendUnknown(
        _ text: Span<UInt8>, _ range: Range<Int>, _ origin: Range<Int>, into encoding: inout Tokenizer.Encoding
    ) throws(TrainerError) {
        if let token = tokens.id(of: text.extracting(range)) { return encoding.append(token, origin) }
        if model.usesByteFallback, byteTokens.cover(text, range) {
            for position in range { encoding.append(byteTokens[text[position]], origin) }
            return
        }
        guard let unknown = model.unknownToken else {
            let shown = text.string(range).prefix(20)
            throw TrainerError(.format, "text", "holds \"\(shown)\", which no token of the vocabulary covers, and none stands for the unknown")
        }
        encoding.append(unknown, origin)
    }
}

extension UnigramPieces.Paths {
    /// Takes a token from `start` to `end` for the last of the best way to `end` if its sum is the highest yet.
    fileprivate mutating func offer(_ score: Double, _ token: Int32, _ start: Int, _ end: Int) {
        guard nodes[end].start < 0 || score > nodes[end].score else { return }
        nodes[end] = UnigramPieces.Node(score: score, start: Int32(start), token: token)
    }
}
