extension TokenizerDefinition {
    /// A `tokenizer.json` that encodes as this definition does.
    ///
    /// The vocabulary is written by id, one token a line, and keys in a fixed order, so that the same definition gives the same bytes.
    func json() -> [UInt8] {
        let text = JSONText.object([
            "version": JSONText.quoted("1.0"), "truncation": "null", "padding": "null",
            "added_tokens": JSONText.array(addedTokens.sorted { $0.id < $1.id }.map(Self.json)),
            "normalizer": composesText ? Self.component("NFC", [:]) : "null",
            "pre_tokenizer": preTokenizerJSON(),
            "post_processor": postProcessorJSON(),
            "decoder": Self.byteLevel(addsPrefixSpace: true, trimsOffsets: true, usesPattern: true),
            "model": modelJSON(),
        ])
        return Array("\(text)\n".utf8)
    }

    private func modelJSON() -> String {
        var vocabulary: [String] = []
        for id in 0..<Int32(tokens.idLimit) {
            if let token = tokens.token(of: id) { vocabulary.append("\(JSONText.quoted(token)): \(id)") }
        }
        return Self.component(
            "BPE",
            [
                "dropout": "null", "unk_token": unknownToken.map(quotedToken) ?? "null", "continuing_subword_prefix": "null",
                "end_of_word_suffix": "null", "fuse_unk": "\(fusesUnknown)", "byte_fallback": "false", "ignore_merges": "\(ignoresMerges)",
                "vocab": "{\n\(vocabulary.joined(separator: ",\n"))}",
                "merges": JSONText.array(merges.map { "[\(quotedToken($0.left)), \(quotedToken($0.right))]" }, separator: ",\n"),
            ])
    }

    private static func json(_ token: AddedToken) -> String {
        JSONText.object([
            "id": "\(token.id)", "content": JSONText.quoted(token.content), "single_word": "\(token.isSingleWord)", "lstrip": "\(token.stripsLeft)",
            "rstrip": "\(token.stripsRight)", "normalized": "\(token.isNormalized)", "special": "\(token.isSpecial)",
        ])
    }

    private func preTokenizerJSON() -> String {
        var components = cuts.map { cut in
            switch cut {
            case .digits(let areSingle): Self.component("Digits", ["individual_digits": "\(areSingle)"])
            case .split(let pattern, let behavior, let isInverted):
                Self.component(
                    "Split",
                    [
                        "pattern": JSONText.object(["Regex": JSONText.quoted(pattern.source)]), "behavior": JSONText.quoted(behavior.rawValue),
                        "invert": "\(isInverted)",
                    ])
            }
        }
        components.append(Self.byteLevel(addsPrefixSpace: addsPrefixSpace, trimsOffsets: true, usesPattern: bytePattern != nil))
        return components.count == 1 ? components[0] : Self.component("Sequence", ["pretokenizers": JSONText.array(components)])
    }

    private func postProcessorJSON() -> String {
        let trimming = Self.byteLevel(
            addsPrefixSpace: postProcessing.keepsFirstSpace, trimsOffsets: postProcessing.trimsOffsets, usesPattern: true)
        let added = postProcessing.before + postProcessing.after
        guard !added.isEmpty else { return trimming }
        func pieces(_ ids: [Int32]) -> [String] {
            ids.map { JSONText.object(["SpecialToken": JSONText.object(["id": quotedToken($0), "type_id": "0"])]) }
        }
        func surrounded(_ sequence: String) -> [String] {
            let text = JSONText.object(["Sequence": JSONText.object(["id": JSONText.quoted(sequence), "type_id": "0"])])
            return pieces(postProcessing.before) + [text] + pieces(postProcessing.after)
        }
        let special = Set(added).sorted().map { id in
            "\(quotedToken(id)): " + JSONText.object(["id": quotedToken(id), "ids": "[\(id)]", "tokens": "[\(quotedToken(id))]"])
        }
        let template = Self.component(
            "TemplateProcessing",
            [
                "single": JSONText.array(surrounded("A")), "pair": JSONText.array(surrounded("A") + surrounded("B")),
                "special_tokens": "{\(special.joined(separator: ", "))}",
            ])
        return Self.component("Sequence", ["processors": JSONText.array([trimming, template])])
    }

    private static func byteLevel(addsPrefixSpace: Bool, trimsOffsets: Bool, usesPattern: Bool) -> String {
        component("ByteLevel", ["add_prefix_space": "\(addsPrefixSpace)", "trim_offsets": "\(trimsOffsets)", "use_regex": "\(usesPattern)"])
    }

    private static func component(_ type: String, _ members: KeyValuePairs<String, String>) -> String {
        let rest = JSONText.object(members).dropFirst()
        return #"{"type": "\#(type)"\#(members.isEmpty ? "" : ", ")"# + rest
    }

    private func quotedToken(_ id: Int32) -> String {
        JSONText.quoted(addedTokens.first { $0.id == id }?.content ?? tokens.token(of: id) ?? "")
    }
}

/// JSON text put together from values that are JSON already (RFC 8259).
enum JSONText {
    static func object(_ members: KeyValuePairs<String, String>) -> String {
        "{\(members.map { "\(quoted($0.key)): \($0.value)" }.joined(separator: ", "))}"
    }

    static func array(_ elements: [String], separator: String = ", ") -> String { "[\(elements.joined(separator: separator))]" }

    /// A string, escaped where section 7 asks for it.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\u{00}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
