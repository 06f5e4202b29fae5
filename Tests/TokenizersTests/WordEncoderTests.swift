import Support
import Testing

@testable import Tokenizers

@Suite struct WordEncoderTests {
    /// Merges the leftmost pair of lowest rank until none is left, the plain way.
    private func reference(_ symbols: [Int32], _ merges: [MergeTable.Merge]) -> [Int32] {
        var symbols = symbols
        while true {
            var best: (rank: Int, position: Int)?
            for position in symbols.indices.dropLast() {
                let rank = merges.lastIndex { $0.left == symbols[position] && $0.right == symbols[position + 1] }
                if let rank, rank < best?.rank ?? .max { best = (rank, position) }
            }
            guard let best else { return symbols }
            symbols.replaceSubrange(best.position...best.position + 1, with: [merges[best.rank].merged])
        }
    }

    @Test("short and long words merge as the plain loop does, ties from the left")
    func equalsReference() {
        let random = Philox(seed: 7, purpose: .split)
        for trial in 0..<60 {
            var merges: [MergeTable.Merge] = []
            for token in 0..<12 {
                let (a, b, _, _) = random.words(UInt64(trial), UInt64(token))
                merges.append(.init(left: Int32(a % UInt32(3 + token)), right: Int32(b % UInt32(3 + token)), merged: Int32(3 + token)))
            }
            let length = trial < 30 ? trial + 1 : trial * 5
            let symbols = (0..<length).map { Int32(random.words(UInt64(trial), UInt64(1000 + $0)).0 % 3) }
            var word = WordEncoder()
            for symbol in symbols { word.append(symbol, length: 1) }
            word.merge(MergeTable(merges))
            #expect(word.symbols == reference(symbols, merges))
            #expect(word.lengths.reduce(0, +) == length)
        }
    }

    @Test("a word without symbols and a word of one stay as they are")
    func tiny() {
        var word = WordEncoder()
        word.merge(MergeTable([]))
        #expect(word.symbols.isEmpty)
        word.append(5, length: 3)
        word.merge(MergeTable([.init(left: 5, right: 5, merged: 6)]))
        #expect(word.symbols == [5] && word.lengths == [3])
    }

    @Test("a heap gives numbers back in order")
    func heap() {
        var heap = MinimumHeap()
        let order = Philox(seed: 3, purpose: .split).permutation(100, stream: 0)
        for number in order { heap.push(UInt64(number / 2)) }
        #expect((0..<100).map { _ in heap.popFirst() } == (0..<100).map { UInt64($0 / 2) })
        #expect(heap.popFirst() == nil)
    }

    @Test("the cache gives back what it was given, and never one word's tokens for another")
    func cache() throws {
        let text = Array("hello\0\0hello\0".utf8)
        func key(_ range: Range<Int>) throws -> WordCache.Key {
            let key = WordCache.Key(text.span, range)
            return try #require(key)
        }
        let (short, same, longer) = try (key(0..<5), key(7..<12), key(7..<13))
        var cache = WordCache()
        cache.keep([1, 2], [4, 1], for: short)
        let word = try #require(cache.word(of: same))
        #expect(word.tokens == [1, 2, -1, -1, -1, -1, -1, -1])
        #expect(word.lengths == [4, 1, 0, 0, 0, 0, 0, 0])
        #expect(cache.word(of: longer) == nil)
        cache.keep(Array(0..<9), Array(repeating: 1, count: 9), for: longer)
        #expect(cache.word(of: longer) == nil)
        let (tooLong, empty) = (WordCache.Key([UInt8](repeating: 0x61, count: 24).span, 0..<24), WordCache.Key(text.span, 0..<0))
        #expect(tooLong == nil && empty == nil)
    }
}
