import Foundation
import Support

// Normalisers as `tokenizer.json` spells them.

extension Normalizer {
    static func read(_ node: JSONNode) throws(TrainerError) -> [Normalizer] {
        var steps: [Normalizer] = []
        for component in try node.sequence("normalizers") { steps.append(try readOne(component)) }
        return steps
    }

    private static func readOne(_ node: JSONNode) throws(TrainerError) -> Normalizer {
        let type = try node.type()
        if let form = NormalForm(rawValue: type) { return .form(form) }
        switch type {
        case "Lowercase": return .lowercase
        case "Strip": return try .strip(left: node.boolean("strip_left"), right: node.boolean("strip_right"))
        case "StripAccents": return .stripAccents
        case "Replace": return try .replace(SearchPattern(node.member("pattern")), Array(node.member("content").string().utf8))
        case "Prepend": return try .prepend(Array(node.member("prepend").string().utf8))
        case "Precompiled":
            let map = try node.member("precompiled_charsmap")
            guard let bytes = try Data(base64Encoded: map.string()) else { throw map.error("is not base64") }
            return try .precompiled(CharacterMap(Array(bytes), subject: map.subject))
        default:
            let forms = NormalForm.allCases.map(\.rawValue).joined(separator: ", ")
            throw node.unsupported(type, known: "\(forms), Lowercase, Precompiled, Prepend, Replace, Sequence, Strip, StripAccents")
        }
    }

    var json: JSONValue {
        switch self {
        case .form(let form): .component(form.rawValue)
        case .lowercase: .component("Lowercase")
        case .strip(let left, let right): .component("Strip", ["strip_left": .bool(left), "strip_right": .bool(right)])
        case .stripAccents: .component("StripAccents")
        case .replace(let pattern, let content): .component("Replace", ["pattern": pattern.json, "content": .string(utf8: content)])
        case .prepend(let content): .component("Prepend", ["prepend": .string(utf8: content)])
        case .precompiled(let map): .component("Precompiled", ["precompiled_charsmap": .string(Data(map.bytes).base64EncodedString())])
        }
    }
}

extension SearchPattern {
    /// - Throws: `format` if there is no pattern, or its expression can't be compiled.
    init(_ node: JSONNode) throws(TrainerError) {
        if let literal = try node.string("String"), !literal.isEmpty {
            self = .literal(literal)
        } else if let source = try node.string("Regex"), !source.isEmpty {
            self = .expression(try Pattern(source, subject: node.subject))
        } else {
            throw node.error("has neither a Regex nor a String")
        }
    }

    var json: JSONValue {
        switch self {
        case .literal(let content): .object(["String": .string(utf8: content)])
        case .expression(let pattern): .object(["Regex": .string(pattern.source)])
        }
    }
}
