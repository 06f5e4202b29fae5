/// The tokens of words met before: a table of fixed size where a new word takes the place of an old one with the same hash.
///
/// Holds words of up to 23 bytes and 8 tokens, which is nearly all of running text; 64 bytes each, 2 MB in all.
struct WordCache: Sendable {
    /// The bytes of a word, zeros after it, and its length in the last byte.
    struct Key: Equatable, Sendable {
        private var words: (UInt64, UInt64, UInt64) = (0, 0, 0)

        fileprivate init() {}

        /// Nil if the word is empty or too long to be kept.
        init?(_ text: Span<UInt8>, _ range: Range<Int>) {
            guard !range.isEmpty, range.count < 24 else { return nil }
            words.0 = Self.bytes(text, range.lowerBound, min(range.lowerBound + 8, range.upperBound))
            words.1 = Self.bytes(text, range.lowerBound + 8, min(range.lowerBound + 16, range.upperBound))
            words.2 = Self.bytes(text, range.lowerBound + 16, range.upperBound) | UInt64(range.count) << 56
        }

        private static func bytes(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> UInt64 {
            var bytes: UInt64 = 0
            var position = end
            while position > start {
                position -= 1
                bytes = bytes << 8 | UInt64(text[position])
            }
            return bytes
        }

        fileprivate var hash: Int {
            let mixed = (words.0 ^ words.1 &* 0x9E37_79B9_7F4A_7C15 ^ words.2 &* 0xC2B2_AE3D_27D4_EB4F) &* 0x9E37_79B9_7F4A_7C15
            return Int(truncatingIfNeeded: mixed >> 40)
        }

        static func == (left: Key, right: Key) -> Bool { left.words == right.words }
    }

    /// A word's tokens and how many of its bytes each covers.
    struct Word: Sendable {
        fileprivate var key = Key()
        private(set) var lengths = SIMD8<UInt8>()
        /// -1 after the last one.
        private(set) var tokens = SIMD8<Int32>(repeating: -1)

        fileprivate init() {}

        fileprivate init(_ key: Key, _ tokens: [Int32], _ lengths: [Int]) {
            self.key = key
            for index in tokens.indices {
                self.tokens[index] = tokens[index]
                self.lengths[index] = UInt8(truncatingIfNeeded: lengths[index])
            }
        }
    }

    private static let capacity = 1 << 15
    private var words = [Word](repeating: Word(), count: capacity)

    /// Nil if the word is not held.
    func word(of key: Key) -> Word? {
        let word = words[key.hash & (Self.capacity - 1)]
        return word.key == key ? word : nil
    }

    /// Keeps a word's tokens if there are few enough; `lengths` must add up to the word's.
    mutating func keep(_ tokens: [Int32], _ lengths: [Int], for key: Key) {
        guard tokens.count <= 8 else { return }
        words[key.hash & (Self.capacity - 1)] = Word(key, tokens, lengths)
    }
}
