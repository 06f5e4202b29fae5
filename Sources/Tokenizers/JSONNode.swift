import Support

/// A value of a JSON file that knows where it stands, so that a wrong one is reported with the file and the path of keys.
struct JSONNode {
    private let value: JSONValue
    private let file: String
    private let path: String

    /// - Throws: `format` if the bytes are not JSON.
    init(parsing bytes: [UInt8], file: String) throws(TrainerError) {
        self.init(try JSONValue.parse(bytes, path: file), file: file, path: "")
    }

    private init(_ value: JSONValue, file: String, path: String) {
        self.value = value
        self.file = file
        self.path = path
    }

    /// The file, and the keys that lead here.
    var subject: String { path.isEmpty ? file : "\(file): \(path)" }

    func error(_ problem: String) -> TrainerError { TrainerError(.format, subject, problem) }

    private func object() throws(TrainerError) -> JSONObject {
        guard case .object(let object) = value else { throw error("is not an object") }
        return object
    }

    /// The value of a key; nil if there is none, or null.
    func optional(_ key: String) throws(TrainerError) -> JSONNode? {
        guard let member = try object()[key], member != .null else { return nil }
        return JSONNode(member, file: file, path: path.isEmpty ? key : "\(path).\(key)")
    }

    func member(_ key: String) throws(TrainerError) -> JSONNode {
        guard let node = try optional(key) else { throw error("has no \"\(key)\"") }
        return node
    }

    func elements() throws(TrainerError) -> [JSONNode] {
        guard case .array(let values) = value else { throw error("is not an array") }
        return values.enumerated().map { JSONNode($0.element, file: file, path: "\(path)[\($0.offset)]") }
    }

    func members() throws(TrainerError) -> [(key: String, value: JSONNode)] {
        let object = try object()
        return object.keys.map { ($0, JSONNode(object[$0] ?? .null, file: file, path: "\(path)[\"\($0)\"]")) }
    }

    func string() throws(TrainerError) -> String {
        guard case .string(let string) = value else { throw error("is not a string") }
        return string
    }

    /// A string of one character.
    func scalar() throws(TrainerError) -> Unicode.Scalar {
        let scalars = try string().unicodeScalars
        guard let scalar = scalars.first, scalars.count == 1 else { throw error("is not one character") }
        return scalar
    }

    func integer() throws(TrainerError) -> Int {
        guard case .number(let text) = value, let number = Int(text) else { throw error("is not an integer") }
        return number
    }

    /// A finite number.
    func double() throws(TrainerError) -> Double {
        guard case .number(let text) = value, let number = Double(text), number.isFinite else { throw error("is not a number") }
        return number
    }

    func boolean() throws(TrainerError) -> Bool {
        guard case .bool(let boolean) = value else { throw error("is not true or false") }
        return boolean
    }

    /// The string of a key, or nil.
    func string(_ key: String) throws(TrainerError) -> String? { try optional(key)?.string() }

    /// The truth value of a key, or the default where the key may be missing.
    func boolean(_ key: String, default missing: Bool? = nil) throws(TrainerError) -> Bool {
        if let node = try optional(key) { return try node.boolean() }
        guard let missing else { throw error("has no \"\(key)\"") }
        return missing
    }

    /// The type of a component.
    func type() throws(TrainerError) -> String { try member("type").string() }

    /// The components of a Sequence, or the one component itself.
    func sequence(_ key: String) throws(TrainerError) -> [JSONNode] {
        guard try type() == "Sequence" else { return [self] }
        var components: [JSONNode] = []
        for component in try member(key).elements() { components += try component.sequence(key) }
        return components
    }

    /// The error for a component of a type that is not among those known.
    func unsupported(_ type: String, known: String) -> TrainerError { error("is of type \(type), which is not supported; known types: \(known)") }

    /// Whether this is an array.
    var isArray: Bool { if case .array = value { true } else { false } }
    /// Whether this is a string.
    var isString: Bool { if case .string = value { true } else { false } }
}

extension JSONValue {
    /// A component of `tokenizer.json`: an object with a type.
    static func component(_ type: String, _ members: KeyValuePairs<String, JSONValue> = [:]) -> JSONValue {
        .object(JSONObject([("type", .string(type))] + members.map { ($0.key, $0.value) }))
    }

    /// One component as it is, several as a Sequence, none as null.
    static func sequence(_ key: String, _ components: [JSONValue]) -> JSONValue {
        guard components.count != 1 else { return components[0] }
        return components.isEmpty ? .null : component("Sequence", KeyValuePairs(dictionaryLiteral: (key, .array(components))))
    }

    /// UTF-8 bytes as a string.
    static func string(utf8 bytes: [UInt8]) -> JSONValue { .string(String(decoding: bytes, as: UTF8.self)) }

    static func object(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue { .object(JSONObject(members.map { ($0.key, $0.value) })) }
}
