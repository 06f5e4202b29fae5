import Support

// Pre-tokenizers as `tokenizer.json` spells them.

extension PreTokenizer {
    static func read(_ node: JSONNode) throws(TrainerError) -> [PreTokenizer] {
        var steps: [PreTokenizer] = []
        for component in try node.sequence("pretokenizers") {
            if case .byteLevel? = steps.last { throw component.error("comes after ByteLevel, which must be the last") }
            steps.append(try readOne(component))
        }
        return steps
    }

    private static func readOne(_ node: JSONNode) throws(TrainerError) -> PreTokenizer {
        switch try node.type() {
        case "ByteLevel":
            let pattern = try node.boolean("use_regex", default: true) ? Pattern(gpt2, subject: node.subject) : nil
            return .byteLevel(addsPrefixSpace: try node.boolean("add_prefix_space"), pattern: pattern)
        case "Digits": return .digits(areSingle: try node.boolean("individual_digits"))
        case "Metaspace": return .metaspace(try Metaspace(node))
        case "Punctuation": return .punctuation(try behavior(node, default: .isolated))
        case "Split":
            let pattern = try SearchPattern(node.member("pattern"))
            return try .split(pattern, behavior(node), isInverted: node.boolean("invert"))
        case "Whitespace": return .whitespace
        case "WhitespaceSplit": return .whitespaceSplit
        case let type:
            throw node.unsupported(type, known: "ByteLevel, Digits, Metaspace, Punctuation, Sequence, Split, Whitespace, WhitespaceSplit")
        }
    }

    private static func behavior(_ node: JSONNode, default missing: Behavior? = nil) throws(TrainerError) -> Behavior {
        if let missing, try node.optional("behavior") == nil { return missing }
        let name = try node.member("behavior").string()
        guard let behavior = Behavior(rawValue: name) else {
            throw node.error("behavior is \(name); known: \(Behavior.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return behavior
    }

    var json: JSONValue {
        switch self {
        case .split(let pattern, let behavior, let isInverted):
            .component("Split", ["pattern": pattern.json, "behavior": .string(behavior.rawValue), "invert": .bool(isInverted)])
        case .digits(let areSingle): .component("Digits", ["individual_digits": .bool(areSingle)])
        case .punctuation(let behavior): .component("Punctuation", ["behavior": .string(behavior.rawValue)])
        case .whitespace: .component("Whitespace")
        case .whitespaceSplit: .component("WhitespaceSplit")
        case .metaspace(let metaspace): metaspace.json
        case .byteLevel(let addsPrefixSpace, let pattern):
            .component(
                "ByteLevel", ["add_prefix_space": .bool(addsPrefixSpace), "trim_offsets": .bool(true), "use_regex": .bool(pattern != nil)])
        }
    }
}

extension Metaspace {
    /// As pre-tokenizer and decoder spell it. Files of early versions of the library say `add_prefix_space` instead of `prepend_scheme`.
    init(_ node: JSONNode) throws(TrainerError) {
        replacement = Array(String(try node.member("replacement").scalar()).utf8)
        if let name = try node.string("prepend_scheme") {
            guard let scheme = Scheme(rawValue: name) else {
                throw node.error("prepend_scheme is \(name); known: \(Scheme.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            self.scheme = scheme
        }
        if try !node.boolean("add_prefix_space", default: true) {
            guard try node.optional("prepend_scheme") == nil || scheme == .never else {
                throw node.error("add_prefix_space is false, but prepend_scheme is \(scheme.rawValue)")
            }
            scheme = .never
        }
        cuts = try node.boolean("split", default: true)
    }

    var json: JSONValue {
        .component("Metaspace", ["replacement": .string(utf8: replacement), "prepend_scheme": .string(scheme.rawValue), "split": .bool(cuts)])
    }
}
