import Support

/// All that decides a tokenizer's ids, whichever file it came from.
struct TokenizerDefinition: Sendable {
    /// The file or metadata it came from, for errors.
    var subject: String
    /// The model's own tokens; added tokens that the model does not know are only in `addedTokens`.
    var tokens = TokenTable()
    var model = TokenModel.pairs(PairModel())
    private(set) var addedTokens: [AddedToken] = []
    /// The contents of the added tokens by id.
    private(set) var addedContents = TokenTable()
    /// What changes the text, in order.
    var normalizers: [Normalizer] = []
    /// What cuts the text, in order.
    var preTokenizers: [PreTokenizer] = []
    var postProcessing = PostProcessing()
    /// What turns tokens back into text, in order; nil joins their names with spaces.
    var decoders: [Decoder]?

    /// Whether the model's tokens spell bytes in the byte alphabet.
    var spellsBytes: Bool { if case .byteLevel? = preTokenizers.last { true } else { false } }

    /// A merge of two tokens by name.
    ///
    /// - Parameter subject: Where it stands, for errors.
    /// - Throws: `format` if either part or what they become is not a token.
    func merge(_ left: String, _ right: String, subject: String) throws(TrainerError) -> MergeTable.Merge {
        func id(_ token: String) throws(TrainerError) -> Int32 {
            if let id = tokens.id(of: token) { return id }
            throw TrainerError(.format, subject, "is (\(left) \(right)) and names \"\(token)\", which is not in the vocabulary")
        }
        return try MergeTable.Merge(left: id(left), right: id(right), merged: id(left + right))
    }

    /// A merge as files of early versions spell it: `left right`.
    func merge(_ text: String, subject: String) throws(TrainerError) -> MergeTable.Merge {
        // By bytes: a space and a mark after it are one character of Swift's.
        let parts = text.utf8.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw TrainerError(.format, subject, "is \"\(text)\" with \(parts.count) parts; a merge has two") }
        return try merge(String(decoding: parts[0], as: UTF8.self), String(decoding: parts[1], as: UTF8.self), subject: subject)
    }

    /// Adds a token of the model.
    ///
    /// - Throws: `format` if its id or spelling is taken, or the id is out of range.
    mutating func addToken(_ token: String, id: Int) throws(TrainerError) {
        guard let id = Int32(exactly: id), id >= 0, id < 1 << 24 else {
            throw TrainerError(.format, subject, "token \"\(token)\" has id \(id); ids lie between 0 and 16777215")
        }
        if let present = tokens.insert(token, id: id) {
            throw TrainerError(.format, subject, "token \"\(token)\" has id \(id), but \"\(present.token)\" with id \(present.id) is there already")
        }
    }

    /// Adds a token that is found in the text itself.
    ///
    /// - Throws: `format` if it contradicts the model or an earlier one.
    mutating func addAddedToken(_ token: AddedToken) throws(TrainerError) {
        let name = "added token \"\(token.content)\" with id \(token.id)"
        guard !token.content.isEmpty else { throw TrainerError(.format, subject, "\(name) is empty") }
        guard token.id >= 0, token.id < 1 << 24 else { throw TrainerError(.format, subject, "\(name): ids lie between 0 and 16777215") }
        if let id = tokens.id(of: token.content), id != token.id {
            throw TrainerError(.format, subject, "\(name) has id \(id) in the vocabulary")
        }
        if let present = tokens.token(of: token.id), !present.utf8.elementsEqual(token.content.utf8) {
            throw TrainerError(.format, subject, "\(name): the vocabulary has \"\(present)\" there")
        }
        if addedContents.insert(token.content, id: token.id) != nil { throw TrainerError(.format, subject, "\(name) is there already") }
        addedTokens.append(token)
    }

    /// A token's name.
    func name(of id: Int32) -> String? { addedContents.token(of: id) ?? tokens.token(of: id) }

    /// A hash of everything that decides ids: FNV-1a with 64 bits, as 16 hexadecimal digits. Offsets' trimming and decoders do not count.
    func fingerprint() -> String {
        var hash = Fingerprint()
        hash.add("trainer tokenizer 2")
        hash.add(tokens.count)
        for id in 0..<Int32(tokens.idLimit) {
            guard let token = tokens.token(of: id) else { continue }
            hash.add(Int(id))
            hash.add(token)
        }
        model.add(to: &hash)
        for token in addedTokens.sorted(by: { $0.id < $1.id }) {
            hash.add(Int(token.id))
            hash.add(token.content)
            hash.add("\(token.isSpecial) \(token.isSingleWord) \(token.stripsLeft) \(token.stripsRight) \(token.isNormalized)")
        }
        for step in normalizers.map(\.json) + preTokenizers.map(\.json) { hash.add(step.text()) }
        hash.add("\(postProcessing.before) \(postProcessing.after)")
        return hash.hexadecimal
    }
}

extension TokenModel {
    fileprivate func add(to hash: inout Fingerprint) {
        switch self {
        case .pairs(let model):
            hash.add(model.merges.count)
            for merge in model.merges { for id in [merge.left, merge.right, merge.merged] { hash.add(Int(id)) } }
            hash.add("\(model.ignoresMerges) \(model.unknownToken ?? -1) \(model.fusesUnknown) \(model.usesByteFallback)")
        case .unigram(let model):
            for score in model.scores { hash.add(Int(bitPattern: UInt(score.bitPattern))) }
            hash.add("\(model.unknownToken ?? -1) \(model.usesByteFallback)")
        }
    }
}
