import Support

extension TokenizerDefinition {
    /// A `tokenizer.json` that encodes as this definition does.
    ///
    /// The vocabulary is written by id and keys in a fixed order, so that the same definition gives the same bytes.
    func json() -> [UInt8] {
        let value = JSONValue.object([
            "version": .string("1.0"), "truncation": .null, "padding": .null,
            "added_tokens": .array(addedTokens.sorted { $0.id < $1.id }.map(\.json)),
            "normalizer": .sequence("normalizers", normalizers.map(\.json)),
            "pre_tokenizer": .sequence("pretokenizers", preTokenizers.map(\.json)),
            "post_processor": postProcessorJSON(),
            "decoder": decoders.map { .sequence("decoders", $0.map(\.json)) } ?? .null,
            "model": modelJSON,
        ])
        return Array("\(value.text())\n".utf8)
    }

    private func postProcessorJSON() -> JSONValue {
        var processors: [JSONValue] = []
        if spellsBytes {
            processors.append(
                .component(
                    "ByteLevel",
                    [
                        "add_prefix_space": .bool(postProcessing.keepsFirstSpace), "trim_offsets": .bool(postProcessing.trimsOffsets),
                        "use_regex": .bool(true),
                    ]))
        }
        if let template = templateJSON() { processors.append(template) }
        return .sequence("processors", processors)
    }

    /// The template that puts special tokens around a text; nil if there are none.
    private func templateJSON() -> JSONValue? {
        let added = postProcessing.before + postProcessing.after
        guard !added.isEmpty else { return nil }
        func name(_ id: Int32) -> JSONValue { .string(self.name(of: id) ?? "") }
        func pieces(_ ids: [Int32]) -> [JSONValue] { ids.map { .object(["SpecialToken": .object(["id": name($0), "type_id": .integer(0)])]) } }
        func surrounded(_ sequence: String) -> [JSONValue] {
            let text = JSONValue.object(["Sequence": .object(["id": .string(sequence), "type_id": .integer(0)])])
            return pieces(postProcessing.before) + [text] + pieces(postProcessing.after)
        }
        let special = Set(added).sorted().map { id in
            let token = JSONValue.object(["id": name(id), "ids": .array([.integer(Int(id))]), "tokens": .array([name(id)])])
            return (self.name(of: id) ?? "", token)
        }
        return .component(
            "TemplateProcessing",
            [
                "single": .array(surrounded("A")), "pair": .array(surrounded("A") + surrounded("B")),
                "special_tokens": .object(JSONObject(special)),
            ])
    }
}

extension AddedToken {
    var json: JSONValue {
        .object([
            "id": .integer(Int(id)), "content": .string(content), "single_word": .bool(isSingleWord), "lstrip": .bool(stripsLeft),
            "rstrip": .bool(stripsRight), "normalized": .bool(isNormalized), "special": .bool(isSpecial),
        ])
    }
}
