import Support
import Synchronization

/// Turns text into token ids and back, with the ids and offsets of the `tokenizers` library: a text is normalised, cut into pieces, and each
/// piece becomes tokens.
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
    let encoder: any PieceEncoder
    let earlyFinder: AddedTokenFinder
    let lateFinder: AddedTokenFinder
    let scratches = Mutex<[Scratch]>([])
    /// The added tokens as they stand in normalised text, which is what the library names them by.
    private let addedNames: TokenTable
    private let specialTokens: Set<Int32>
    /// What decoding without special tokens leaves out: as in the library, whatever has the name of a special token.
    private let skippedTokens: Set<Int32>
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
        encoder = definition.encoder
        let matcher = try Matcher()
        var spellings: [[UInt8]] = []
        for token in definition.addedTokens {
            let spelling = token.isNormalized ? try definition.normalizers.normalized(token.content, matcher) : Array(token.content.utf8)
            spellings.append(spelling)
        }
        func finder(isNormalized: Bool) -> AddedTokenFinder {
            let indices = definition.addedTokens.indices.filter { definition.addedTokens[$0].isNormalized == isNormalized }
            return AddedTokenFinder(indices.map { definition.addedTokens[$0] }, spellings: indices.map { spellings[$0] })
        }
        earlyFinder = finder(isNormalized: false)
        lateFinder = finder(isNormalized: true)
        var names = TokenTable()
        for (token, spelling) in zip(definition.addedTokens, spellings) { names.set(spelling.span, id: token.id) }
        addedNames = names
        let special = definition.addedTokens.filter(\.isSpecial)
        specialTokens = Set(special.map(\.id))
        skippedTokens = Set(special.filter { names.token(of: $0.id)?.utf8.elementsEqual($0.content.utf8) ?? false }.map(\.id))
        (decoded, decodedStarts) = definition.decodedTokens(names)
    }

    /// The spellings of added tokens, which are found whole in any text.
    public var addedTokenSpellings: [String] { definition.addedTokens.map(\.content) }

    /// Highest id + 1.
    public var vocabularySize: Int { decodedStarts.count - 1 }

    /// The id of a token as the vocabulary spells it: `Ġthe`, `<|im_end|>`.
    public func id(of token: String) -> Int32? { definition.addedContents.id(of: token) ?? definition.tokens.id(of: token) }

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
        let kept = ids.filter { !(skippingSpecialTokens && skippedTokens.contains($0)) }
        if definition.decoders == [.byteLevel] { return String(decoding: kept.flatMap { tokenBytes($0) }, as: UTF8.self) }
        let tokens = kept.compactMap { token(of: $0) }
        return definition.decoders?.text(of: tokens) ?? tokens.joined(separator: " ")
    }
}

extension TokenizerDefinition {
    fileprivate var encoder: any PieceEncoder {
        switch model {
        case .pairs(let model): spellsBytes ? BytePairs(tokens, model) : CharacterPairs(tokens, model)
        case .unigram(let model): UnigramPieces(tokens, model)
        }
    }

    /// What every id stands for, end to end, and where each starts.
    fileprivate func decodedTokens(_ addedNames: TokenTable) -> (bytes: [UInt8], starts: [Int]) {
        var bytes: [UInt8] = []
        var starts = [0]
        for id in 0..<Int32(max(tokens.idLimit, addedNames.idLimit)) {
            if let token = addedNames.token(of: id) ?? tokens.token(of: id) { bytes += (decoders ?? []).bytes(of: token) }
            starts.append(bytes.count)
        }
        return (bytes, starts)
    }
}
