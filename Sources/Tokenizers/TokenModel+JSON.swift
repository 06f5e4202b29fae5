import Support

// Models as `tokenizer.json` spells them.

extension TokenizerDefinition {
    mutating func readModel(_ node: JSONNode) throws(TrainerError) {
        // Files of early versions of the library name no type for BPE.
        switch try node.string("type") ?? "BPE" {
        case "BPE": model = .pairs(try readPairs(node))
        case "Unigram": model = .unigram(try readUnigram(node))
        case let type: throw node.unsupported(type, known: "BPE, Unigram")
        }
    }

    private mutating func readPairs(_ node: JSONNode) throws(TrainerError) -> PairModel {
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let affix = try node.string(key), !affix.isEmpty { throw node.error("\(key) is \"\(affix)\", which is not supported") }
        }
        if let dropout = try node.optional("dropout"), try dropout.double() != 0 {
            throw dropout.error("is set; random encodings are not supported")
        }
        var model = PairModel()
        model.ignoresMerges = try node.boolean("ignore_merges", default: false)
        model.fusesUnknown = try node.boolean("fuse_unk", default: false)
        model.usesByteFallback = try node.boolean("byte_fallback", default: false)
        guard !(model.usesByteFallback && spellsBytes) else { throw node.error("byte_fallback is true, but ByteLevel spells every byte") }
        for (token, id) in try node.member("vocab").members() { try addToken(token, id: id.integer()) }
        for entry in try node.member("merges").elements() { model.merges.append(try readMerge(entry)) }
        if let unknown = try node.string("unk_token") {
            model.unknownToken = tokens.id(of: unknown)
            if model.unknownToken == nil, !spellsBytes || tokens.byteAlphabet.contains(-1) {
                throw node.error("unk_token \"\(unknown)\" is not in the vocabulary")
            }
        }
        return model
    }

    /// A merge is `"left right"` or `["left", "right"]`.
    private func readMerge(_ entry: JSONNode) throws(TrainerError) -> MergeTable.Merge {
        guard entry.isArray else { return try merge(entry.string(), subject: entry.subject) }
        let parts = try entry.elements()
        guard parts.count == 2 else { throw entry.error("has \(parts.count) parts; a merge has two") }
        return try merge(parts[0].string(), parts[1].string(), subject: entry.subject)
    }

    private mutating func readUnigram(_ node: JSONNode) throws(TrainerError) -> UnigramModel {
        guard !spellsBytes else { throw node.error("is of type Unigram, which does not go with ByteLevel") }
        var model = UnigramModel()
        model.usesByteFallback = try node.boolean("byte_fallback", default: false)
        for (id, entry) in try node.member("vocab").elements().enumerated() {
            let parts = try entry.elements()
            guard parts.count == 2 else { throw entry.error("has \(parts.count) parts; a token and its score are wanted") }
            try addToken(parts[0].string(), id: id)
            model.scores.append(try parts[1].double())
        }
        if let unknown = try node.optional("unk_id") {
            let id = try unknown.integer()
            guard model.scores.indices.contains(id) else { throw unknown.error("is \(id), but there are \(model.scores.count) tokens") }
            model.unknownToken = Int32(id)
        }
        return model
    }

    var modelJSON: JSONValue {
        func name(_ id: Int32) -> JSONValue { .string(tokens.token(of: id) ?? "") }
        switch model {
        case .pairs(let model):
            let ids = (0..<Int32(tokens.idLimit)).filter { tokens.token(of: $0) != nil }
            return .component(
                "BPE",
                [
                    "dropout": .null, "unk_token": model.unknownToken.map(name) ?? .null, "continuing_subword_prefix": .null,
                    "end_of_word_suffix": .null, "fuse_unk": .bool(model.fusesUnknown), "byte_fallback": .bool(model.usesByteFallback),
                    "ignore_merges": .bool(model.ignoresMerges),
                    "vocab": .object(JSONObject(ids.map { (tokens.token(of: $0) ?? "", .integer(Int($0))) })),
                    "merges": .array(model.merges.map { .array([name($0.left), name($0.right)]) }),
                ])
        case .unigram(let model):
            return .component(
                "Unigram",
                [
                    "unk_id": model.unknownToken.map { .integer(Int($0)) } ?? .null,
                    "vocab": .array(model.scores.enumerated().map { .array([name(Int32($0.offset)), .double($0.element)]) }),
                    "byte_fallback": .bool(model.usesByteFallback),
                ])
        }
    }
}
