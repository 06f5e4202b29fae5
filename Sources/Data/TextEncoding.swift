public import Support

/// What the rows need of a tokenizer.
public protocol TextEncoding: Sendable {
    associatedtype Encoded: EncodedText
    /// The id that the tokenizer puts in front of a text, where it has one.
    var beginToken: Int32? { get }
    /// The id that ends a text, where there is one.
    var endToken: Int32? { get }
    /// Differs between tokenizers that encode differently.
    var fingerprint: String { get }

    /// The tokens of a text, with the special tokens around it that the tokenizer's own rules add, if asked.
    func encode(_ text: String, addingSpecialTokens: Bool) throws(TrainerError) -> Encoded
}

/// Token ids and the bytes that they stand for.
public protocol EncodedText {
    var ids: [Int32] { get }
    /// For each id the range of UTF-8 bytes of the text; empty for a token that was added around it.
    var offsets: [Range<Int>] { get }
}
