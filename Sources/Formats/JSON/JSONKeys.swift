public import Support

/// Reads the keys of a JSON object by type; an error names the file and the key, nested keys with points between.
public struct JSONKeys: Sendable {
    public let path: String
    public let object: JSONObject
    private let prefix: String

    /// - Throws: `file` or `format` as `JSONValue.read` does, `format` if the file's value is no object.
    public init(path: String) throws(TrainerError) {
        let value = try JSONValue.read(path: path)
        guard case .object(let object) = value else { throw TrainerError(.format, path, "is \(value.shown), where an object is wanted") }
        self.init(path: path, object: object)
    }

    public init(path: String, object: JSONObject, prefix: String = "") {
        self.path = path
        self.object = object
        self.prefix = prefix
    }

    /// A `format` error about a key.
    public func error(_ key: String, _ problem: String, remedy: String? = nil) -> TrainerError {
        TrainerError(.format, "\(path): \(prefix)\(key)", problem, remedy: remedy)
    }

    /// The key's value; nil if the key is absent or null.
    public func value(_ key: String) -> JSONValue? {
        guard let value = object[key], value != .null else { return nil }
        return value
    }

    private func wrong(_ key: String, _ value: JSONValue, wanted: String) -> TrainerError {
        error(key, "is \(value.shown), where \(wanted) is wanted")
    }

    private func missing(_ key: String) -> TrainerError { error(key, "is missing", remedy: "Fetch the file again, or add the key") }

    public func integer(_ key: String, in range: ClosedRange<Int>) throws(TrainerError) -> Int? {
        guard let value = value(key) else { return nil }
        guard case .number(let text) = value, let integer = Int(text) else { throw wrong(key, value, wanted: "a whole number") }
        guard range.contains(integer) else {
            let limits = range.upperBound == .max ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
            throw error(key, "is \(integer), where \(limits) is allowed")
        }
        return integer
    }

    public func requiredInteger(_ key: String, in range: ClosedRange<Int>) throws(TrainerError) -> Int {
        guard let value = try integer(key, in: range) else { throw missing(key) }
        return value
    }

    /// A finite number; with `isPositive`, above zero.
    public func double(_ key: String, isPositive: Bool = false) throws(TrainerError) -> Double? {
        guard let value = value(key) else { return nil }
        guard case .number(let text) = value, let double = Double(text) else { throw wrong(key, value, wanted: "a number") }
        guard double.isFinite, !isPositive || double > 0 else {
            throw error(key, "is \(text), where a finite number\(isPositive ? " above 0" : "") is wanted")
        }
        return double
    }

    public func bool(_ key: String) throws(TrainerError) -> Bool? {
        guard let value = value(key) else { return nil }
        guard case .bool(let bool) = value else { throw wrong(key, value, wanted: "true or false") }
        return bool
    }

    public func string(_ key: String) throws(TrainerError) -> String? {
        guard let value = value(key) else { return nil }
        guard case .string(let string) = value else { throw wrong(key, value, wanted: "a string") }
        return string
    }

    public func requiredString(_ key: String) throws(TrainerError) -> String {
        guard let value = try string(key) else { throw missing(key) }
        return value
    }

    public func strings(_ key: String) throws(TrainerError) -> [String]? {
        guard let value = value(key) else { return nil }
        guard case .array(let elements) = value else { throw wrong(key, value, wanted: "a list of strings") }
        var strings: [String] = []
        for element in elements {
            guard case .string(let string) = element else { throw wrong(key, element, wanted: "a string in the list") }
            strings.append(string)
        }
        return strings
    }

    /// A token id or a list of them: empty if absent. -1, which some files use for none, is passed over.
    public func tokenIDs(_ key: String) throws(TrainerError) -> [Int] {
        guard let value = value(key) else { return [] }
        var elements = [value]
        if case .array(let list) = value { elements = list }
        var ids: [Int] = []
        for element in elements {
            guard case .number(let text) = element, let id = Int(text) else { throw wrong(key, element, wanted: "a token id") }
            guard id >= -1, id <= Int32.max else { throw error(key, "is \(id), where a token id is wanted") }
            if id >= 0 { ids.append(id) }
        }
        return ids
    }

    public func keys(_ key: String) throws(TrainerError) -> JSONKeys? {
        guard let value = value(key) else { return nil }
        guard case .object(let object) = value else { throw wrong(key, value, wanted: "an object") }
        return JSONKeys(path: path, object: object, prefix: "\(prefix)\(key).")
    }

    public func requiredKeys(_ key: String) throws(TrainerError) -> JSONKeys {
        guard let keys = try keys(key) else { throw missing(key) }
        return keys
    }
}
