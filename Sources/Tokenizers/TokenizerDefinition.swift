import Support

/// All that decides a tokenizer's ids, whichever file it came from.
struct TokenizerDefinition: Sendable {
    /// The file or metadata it came from, for errors.
    var subject: String
    /// The model's own tokens; added tokens that the model does not know are only in `addedTokens`.
    var tokens = TokenTable()
    /// The best first.
    var merges: [MergeTable.Merge] = []
    /// Whether a word that is a token becomes that token whatever the merges say.
    var ignoresMerges = false
    /// Stands for bytes that have no token; without it they are left out.
    var unknownToken: Int32?
    /// Whether neighbouring unknown bytes become one unknown token.
    var fusesUnknown = false
    var addedTokens: [AddedToken] = []
    /// Whether text is brought to normalisation form C.
    var composesText = false
    /// What cuts the text, in order, before ByteLevel.
    var cuts: [PreTokenizer] = []
    /// ByteLevel's own: a space before every piece that has none, then its pattern.
    var addsPrefixSpace = false
    var bytePattern: Pattern?
    var postProcessing = PostProcessing()

    /// The token that spells each byte, -1 for none.
    func byteTokens() -> [Int32] {
        ByteAlphabet.scalars.map { tokens.id(of: String($0)) ?? -1 }
    }

    /// Adds a merge of two tokens by name.
    ///
    /// - Throws: `format` if either part or what they become is not a token.
    mutating func addMerge(_ left: String, _ right: String) throws(TrainerError) {
        func id(_ token: String) throws(TrainerError) -> Int32 {
            if let id = tokens.id(of: token) { return id }
            throw TrainerError(.format, subject, "merge \(merges.count) (\(left) \(right)) names \"\(token)\", which is not in the vocabulary")
        }
        try merges.append(MergeTable.Merge(left: id(left), right: id(right), merged: id(left + right)))
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
        addedTokens.append(token)
    }

    /// A hash of everything that decides ids: FNV-1a with 64 bits, as 16 hexadecimal digits. Offsets' trimming does not count.
    func fingerprint() -> String {
        var hash = Fingerprint()
        hash.add("trainer tokenizer 1")
        hash.add(tokens.count)
        for id in 0..<Int32(tokens.idLimit) {
            guard let token = tokens.token(of: id) else { continue }
            hash.add(Int(id))
            hash.add(token)
        }
        hash.add(merges.count)
        for merge in merges { for id in [merge.left, merge.right, merge.merged] { hash.add(Int(id)) } }
        hash.add("\(ignoresMerges) \(unknownToken ?? -1) \(fusesUnknown) \(composesText) \(addsPrefixSpace)")
        for token in addedTokens.sorted(by: { $0.id < $1.id }) {
            hash.add(Int(token.id))
            hash.add(token.content)
            hash.add("\(token.isSpecial) \(token.isSingleWord) \(token.stripsLeft) \(token.stripsRight) \(token.isNormalized)")
        }
        for cut in cuts { hash.add(cut.description) }
        hash.add(bytePattern?.source ?? "")
        hash.add("\(postProcessing.before) \(postProcessing.after)")
        return hash.hexadecimal
    }
}

extension PreTokenizer: CustomStringConvertible {
    var description: String {
        switch self {
        case .split(let pattern, let behavior, let isInverted): "split \(pattern.source) \(behavior.rawValue) \(isInverted)"
        case .digits(let areSingle): "digits \(areSingle)"
        }
    }
}
