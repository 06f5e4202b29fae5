import Foundation
import Support

/// A value of a JSON file that knows where it stands, so that a wrong one is reported with the file and the path of keys.
struct JSONNode {
    private let value: Any
    private let file: String
    private let path: String

    /// - Throws: `format` if the bytes are not JSON.
    init(parsing bytes: [UInt8], file: String) throws(TrainerError) {
        value = try Self.parse(bytes, file: file)
        self.file = file
        path = ""
    }

    private static func parse(_ bytes: [UInt8], file: String) throws(TrainerError) -> Any {
        do {
            return try JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
        } catch {
            let reason = (error as NSError).userInfo["NSDebugDescription"] as? String ?? error.localizedDescription
            throw TrainerError(.format, file, "\(bytes.count) bytes are not valid JSON: \(reason)")
        }
    }

    private init(_ value: Any, file: String, path: String) {
        self.value = value
        self.file = file
        self.path = path
    }

    /// The file, and the keys that lead here.
    var subject: String { path.isEmpty ? file : "\(file): \(path)" }

    func error(_ problem: String) -> TrainerError { TrainerError(.format, subject, problem) }

    /// The value of a key; nil if there is none, or null.
    func optional(_ key: String) throws(TrainerError) -> JSONNode? {
        guard let members = value as? [String: Any] else { throw error("is not an object") }
        // Not `is NSNull`: that cast would turn whole dictionaries into Objective-C's first.
        guard let member = members[key], type(of: member) != NSNull.self else { return nil }
        return JSONNode(member, file: file, path: path.isEmpty ? key : "\(path).\(key)")
    }

    func member(_ key: String) throws(TrainerError) -> JSONNode {
        guard let node = try optional(key) else { throw error("has no \"\(key)\"") }
        return node
    }

    func elements() throws(TrainerError) -> [JSONNode] {
        guard let values = value as? [Any] else { throw error("is not an array") }
        return values.enumerated().map { JSONNode($0.element, file: file, path: "\(path)[\($0.offset)]") }
    }

    func members() throws(TrainerError) -> [(key: String, value: JSONNode)] {
        guard let members = value as? [String: Any] else { throw error("is not an object") }
        return members.map { ($0.key, JSONNode($0.value, file: file, path: "\(path)[\"\($0.key)\"]")) }
    }

    func string() throws(TrainerError) -> String {
        guard let string = value as? String else { throw error("is not a string") }
        return string
    }

    func integer() throws(TrainerError) -> Int {
        guard let number = value as? Int else { throw error("is not an integer") }
        return number
    }

    func boolean() throws(TrainerError) -> Bool {
        guard let boolean = value as? Bool else { throw error("is not true or false") }
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

    /// True if this is an array.
    var isArray: Bool { value is [Any] }
    /// True if this is a string.
    var isString: Bool { value is String }
}
