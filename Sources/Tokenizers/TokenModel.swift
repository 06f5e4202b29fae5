import Support

/// What makes tokens of a piece of text.
enum TokenModel: Sendable {
    case pairs(PairModel)
    case unigram(UnigramModel)
}

/// Byte-pair encoding, over bytes or over characters: pairs of neighbouring tokens become one, the best pair first.
struct PairModel: Sendable {
    /// The best first.
    var merges: [MergeTable.Merge] = []
    /// Whether a piece that is a token becomes that token whatever the merges say.
    var ignoresMerges = false
    /// Stands for what has no token; without it that is left out.
    var unknownToken: Int32?
    /// Whether neighbouring unknown characters become one unknown token.
    var fusesUnknown = false
    /// Whether a character without a token becomes tokens like `<0xE2>`, one for each byte, if all of them exist.
    var usesByteFallback = false
}

/// Unigram: the tokens whose scores add up to the most (Kudo 2018, arXiv:1804.10959, section 3.2).
struct UnigramModel: Sendable {
    /// The logarithm of each token's probability, by id.
    var scores: [Double] = []
    /// Stands for characters that no token holds; a text with one is an error if there is none.
    var unknownToken: Int32?
    /// Whether a stretch without a token becomes tokens like `<0xE2>`, one for each byte, if all of them exist.
    var usesByteFallback = false
}

/// The tokens like `<0xE2>` that stand for bytes.
struct ByteTokens: Sendable {
    /// By byte, -1 for none.
    private let tokens: [Int32]

    /// None at all if `isUsed` is false.
    init(_ table: TokenTable, isUsed: Bool) {
        tokens = (UInt8.min...UInt8.max).map { byte in isUsed ? table.id(of: Self.name(byte)) ?? -1 : -1 }
    }

    static func name(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "<0x\(digits.utf8.count == 1 ? "0" : "")\(digits)>"
    }

    subscript(byte: UInt8) -> Int32 { tokens[Int(byte)] }

    /// Whether every byte of a stretch has a token.
    func cover(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool { range.allSatisfy { tokens[Int(text[$0])] >= 0 } }
}

/// Makes tokens of pieces of text.
protocol PieceEncoder: Sendable {
    /// Appends the tokens of `text[range]`.
    ///
    /// - Parameter origins: What part of the given text each byte came from; nil if `text` is the given one.
    /// - Throws: `format` if a character has no token and no token stands for the unknown.
    func encode(
        _ text: Span<UInt8>, _ range: Range<Int>, _ origins: [Range<Int>]?, _ scratch: inout Tokenizer.Scratch,
        into encoding: inout Tokenizer.Encoding
    ) throws(TrainerError)
}
