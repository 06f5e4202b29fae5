import Support

// Decoders as `tokenizer.json` spells them.

extension Decoder {
    static func read(_ node: JSONNode) throws(TrainerError) -> [Decoder] {
        var steps: [Decoder] = []
        for component in try node.sequence("decoders") { steps.append(try readOne(component)) }
        return steps
    }

    private static func readOne(_ node: JSONNode) throws(TrainerError) -> Decoder {
        switch try node.type() {
        case "ByteLevel": return .byteLevel
        case "ByteFallback": return .byteFallback
        case "Fuse": return .fuse
        case "Metaspace": return .metaspace(try Metaspace(node))
        case "Replace":
            guard let literal = try node.member("pattern").string("String"), !literal.isEmpty else {
                throw try node.member("pattern").error("is no String; other patterns are not supported in decoders")
            }
            return try .replace(Array(literal.utf8), Array(node.member("content").string().utf8))
        case "Strip":
            func count(_ key: String) throws(TrainerError) -> Int {
                let node = try node.member(key)
                guard try node.integer() >= 0 else { throw node.error("is below 0") }
                return try node.integer()
            }
            return try .strip(node.member("content").scalar(), start: count("start"), stop: count("stop"))
        case let type: throw node.unsupported(type, known: "ByteFallback, ByteLevel, Fuse, Metaspace, Replace, Sequence, Strip")
        }
    }

    var json: JSONValue {
        switch self {
        case .byteLevel:
            .component("ByteLevel", ["add_prefix_space": .bool(true), "trim_offsets": .bool(true), "use_regex": .bool(true)])
        case .byteFallback: .component("ByteFallback")
        case .fuse: .component("Fuse")
        case .metaspace(let metaspace): metaspace.json
        case .replace(let literal, let content):
            .component("Replace", ["pattern": SearchPattern.literal(literal).json, "content": .string(utf8: content)])
        case .strip(let scalar, let start, let stop):
            .component("Strip", ["content": .string(String(scalar)), "start": .integer(start), "stop": .integer(stop)])
        }
    }
}
