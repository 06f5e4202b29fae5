import Foundation
import Support

extension TokenizerDefinition {
    /// A `tokenizer.json` that encodes as this definition does.
    ///
    /// The vocabulary is written by id, one token a line, since a dictionary's order would change from run to run.
    func json() -> [UInt8] {
        var vocabulary: [String] = []
        for id in 0..<Int32(tokens.idLimit) {
            if let token = tokens.token(of: id) { vocabulary.append("\(JSONText.quoted(token)): \(id)") }
        }
        let names = merges.map { "[\(JSONText.quoted(tokens.token(of: $0.left) ?? "")), \(JSONText.quoted(tokens.token(of: $0.right) ?? ""))]" }
        let unknown = unknownToken.flatMap { tokens.token(of: $0) }.map { JSONText.quoted($0) } ?? "null"
        let model = """
            {"type": "BPE", "dropout": null, "unk_token": \(unknown), "continuing_subword_prefix": null, "end_of_word_suffix": null,
            "fuse_unk": \(fusesUnknown), "byte_fallback": false, "ignore_merges": \(ignoresMerges),
            "vocab": {
            \(vocabulary.joined(separator: ",\n"))
            },
            "merges": [
            \(names.joined(separator: ",\n"))
            ]}
            """
        let text = """
            {"version": "1.0", "truncation": null, "padding": null,
            "added_tokens": [
            \(addedTokens.sorted { $0.id < $1.id }.map(Self.json).joined(separator: ",\n"))
            ],
            "normalizer": \(composesText ? #"{"type": "NFC"}"# : "null"),
            "pre_tokenizer": \(preTokenizerJSON()),
            "post_processor": \(postProcessorJSON()),
            "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
            "model": \(model)}

            """
        return Array(text.utf8)
    }

    private static func json(_ token: AddedToken) -> String {
        """
        {"id": \(token.id), "content": \(JSONText.quoted(token.content)), "single_word": \(token.isSingleWord), "lstrip": \(token.stripsLeft), \
        "rstrip": \(token.stripsRight), "normalized": \(token.isNormalized), "special": \(token.isSpecial)}
        """
    }

    private func preTokenizerJSON() -> String {
        var components = cuts.map { cut in
            switch cut {
            case .digits(let areSingle): #"{"type": "Digits", "individual_digits": \#(areSingle)}"#
            case .split(let pattern, let behavior, let isInverted):
                #"{"type": "Split", "pattern": {"Regex": \#(JSONText.quoted(pattern.source))}, "behavior": "\#(behavior.rawValue)", "invert": \#(isInverted)}"#
            }
        }
        components.append(
            #"{"type": "ByteLevel", "add_prefix_space": \#(addsPrefixSpace), "trim_offsets": true, "use_regex": \#(bytePattern != nil)}"#)
        return components.count == 1 ? components[0] : #"{"type": "Sequence", "pretokenizers": [\#(components.joined(separator: ", "))]}"#
    }

    private func postProcessorJSON() -> String {
        let byteLevel =
            #"{"type": "ByteLevel", "add_prefix_space": \#(postProcessing.keepsFirstSpace), "trim_offsets": \#(postProcessing.trimsOffsets), "use_regex": true}"#
        guard !postProcessing.before.isEmpty || !postProcessing.after.isEmpty else { return byteLevel }
        func piece(_ id: Int32) -> String { #"{"SpecialToken": {"id": \#(quotedToken(id)), "type_id": 0}}"# }
        let text = ["A": #"{"Sequence": {"id": "A", "type_id": 0}}"#, "B": #"{"Sequence": {"id": "B", "type_id": 0}}"#]
        func around(_ name: String) -> [String] {
            postProcessing.before.map(piece) + [text[name] ?? ""] + postProcessing.after.map(piece)
        }
        let special = Set(postProcessing.before + postProcessing.after).sorted().map { id in
            #"\#(quotedToken(id)): {"id": \#(quotedToken(id)), "ids": [\#(id)], "tokens": [\#(quotedToken(id))]}"#
        }
        let template = """
            {"type": "TemplateProcessing", "single": [\(around("A").joined(separator: ", "))], \
            "pair": [\((around("A") + around("B")).joined(separator: ", "))], "special_tokens": {\(special.joined(separator: ", "))}}
            """
        return #"{"type": "Sequence", "processors": [\#(byteLevel), \#(template)]}"#
    }

    private func quotedToken(_ id: Int32) -> String {
        JSONText.quoted(addedTokens.first { $0.id == id }?.content ?? tokens.token(of: id) ?? "")
    }
}

/// JSON's spelling of strings (RFC 8259, section 7).
enum JSONText {
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{00}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
