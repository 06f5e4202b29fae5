import Support
import Synchronization

/// Turns text into token ids and back: byte-level BPE with the ids and offsets of the `tokenizers` library.
///
/// Immutable but for its caches; threads may share it, and each call works on its own.
public final class Tokenizer: Sendable {
    /// The ids of a text and what part of the text each stands for.
    public struct Encoding: Equatable, Sendable {
        public var ids: [Int32] = []
        /// UTF-8 byte ranges in the given text; empty for special tokens that the post-processor adds.
        ///
        /// A token that holds part of a character covers the whole character, so neighbours may overlap.
        public var offsets: [Range<Int>] = []

        public init(ids: [Int32] = [], offsets: [Range<Int>] = []) {
            self.ids = ids
            self.offsets = offsets
        }
    }

    /// Put before a text where the model wants it, and after it; nil if the tokenizer names none.
    public let beginToken: Int32?
    public let endToken: Int32?
    /// What the model's files name as the unknown and the padding token, if any.
    public var unknownToken: Int32? { files.unknownToken }
    public var paddingToken: Int32? { files.paddingToken }
    /// The template in Jinja that renders a conversation.
    public let chatTemplate: String?
    /// A hash of what decides ids, the same from run to run: 16 hexadecimal digits.
    public let fingerprint: String
    /// The bytes of the `tokenizer.json` it came from; nil if it came from GGUF metadata.
    public var json: [UInt8]? { files.tokenizer }

    let definition: TokenizerDefinition
    let files: Files
    let merges: MergeTable
    /// The token of each byte, -1 for none.
    let byteTokens: [Int32]
    let earlyFinder: AddedTokenFinder
    let lateFinder: AddedTokenFinder
    let scratches = Mutex<[Scratch]>([])
    private let addedTokens: TokenTable
    /// The added tokens as they stand in normalised text, which is what the library names them by.
    private let addedNames: TokenTable
    private let specialTokens: Set<Int32>
    /// What every id stands for, end to end, and where each starts.
    private let decoded: [UInt8]
    private let decodedStarts: [Int]

    /// What a folder's files said beside the vocabulary, kept to be written again.
    struct Files: Sendable {
        var beginToken: Int32?
        var endToken: Int32?
        var unknownToken: Int32?
        var paddingToken: Int32?
        var chatTemplate: String?
        var tokenizer: [UInt8]?
        var configuration: [UInt8]?
    }

    init(_ definition: TokenizerDefinition, files: Files) throws(TrainerError) {
        self.definition = definition
        self.files = files
        beginToken = files.beginToken
        endToken = files.endToken
        chatTemplate = files.chatTemplate
        fingerprint = definition.fingerprint()
        merges = MergeTable(definition.merges)
        byteTokens = definition.byteTokens()
        let early = definition.addedTokens.filter { !$0.isNormalized }
        let late = definition.addedTokens.filter(\.isNormalized)
        earlyFinder = AddedTokenFinder(early, spellings: early.map { Array($0.content.utf8) })
        lateFinder = AddedTokenFinder(late, spellings: late.map { definition.normalized($0.content) })
        specialTokens = Set(definition.addedTokens.filter(\.isSpecial).map(\.id))
        var added = TokenTable()
        var names = TokenTable()
        for token in definition.addedTokens {
            _ = added.insert(token.content, id: token.id)
            _ = names.insert(token.isNormalized ? String(decoding: definition.normalized(token.content), as: UTF8.self) : token.content, id: token.id)
        }
        addedTokens = added
        addedNames = names
        var decoded: [UInt8] = []
        var starts = [0]
        for id in 0..<Int32(max(definition.tokens.idLimit, added.idLimit)) {
            if let token = names.token(of: id) ?? definition.tokens.token(of: id) { decoded += ByteAlphabet.decoded(token) }
            starts.append(decoded.count)
        }
        self.decoded = decoded
        decodedStarts = starts
    }

    /// The spellings of added tokens, which are found whole in any text.
    public var addedTokenSpellings: [String] { definition.addedTokens.map(\.content) }

    /// Highest id + 1.
    public var vocabularySize: Int { decodedStarts.count - 1 }

    /// The id of a token as the vocabulary spells it: `Ġthe`, `<|im_end|>`.
    public func id(of token: String) -> Int32? { addedTokens.id(of: token) ?? definition.tokens.id(of: token) }

    /// A token as the vocabulary spells it; nil if no token has the id.
    public func token(of id: Int32) -> String? { addedNames.token(of: id) ?? definition.tokens.token(of: id) }

    /// Whether decoding can leave the token out, as one that marks and is no text.
    public func isSpecial(_ id: Int32) -> Bool { specialTokens.contains(id) }

    /// The bytes a token stands for, which need not be whole characters; none if no token has the id.
    public func tokenBytes(_ id: Int32) -> [UInt8] {
        guard id >= 0, Int(id) < vocabularySize else { return [] }
        return Array(decoded[decodedStarts[Int(id)]..<decodedStarts[Int(id) + 1]])
    }

    /// The text that ids stand for, U+FFFD where their bytes are not UTF-8. Ids without a token are passed over.
    public func decode(_ ids: some Sequence<Int32>, skippingSpecialTokens: Bool) -> String {
        var bytes: [UInt8] = []
        for id in ids where !(skippingSpecialTokens && specialTokens.contains(id)) { bytes += tokenBytes(id) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// How many bytes of text a token of the model covers.
    func byteCount(of id: Int32) -> Int { decodedStarts[Int(id) + 1] - decodedStarts[Int(id)] }
}
