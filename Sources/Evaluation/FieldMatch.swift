import Foundation
public import Support

/// Scores a generated record against the reference, field by field.
///
/// The fields are those of the reference; a field matches when the two JSON values are equal: `7` equals `7.0` but not `"7"`, keys of an
/// object have no order, elements of an array have. Fields that only the generated record has count against the whole record alone.
public enum FieldMatch {
    /// - Parameters:
    ///   - generated: What the model wrote. The first JSON object in it counts, whatever stands before and after it; with none, every field is
    ///     wrong.
    ///   - reference: A JSON object, with white space around it at most.
    /// - Throws: `format` if the reference is not a JSON object.
    public static func score(generated: String, reference: String) throws(TrainerError) -> FieldMatchScore {
        guard let wanted = object(Data(reference.utf8)) else {
            throw TrainerError(
                .format, "field match", "the reference \(excerpt(reference)) is not a JSON object",
                remedy: "Score by field only rows whose completion is a JSON object")
        }
        let found = firstObject(in: generated)
        var score = FieldMatchScore()
        for (name, value) in wanted {
            let isMatch = found.map { $0[name].map { isSame($0, value) } ?? false } ?? false
            score.fields[name] = .init(matched: isMatch ? 1 : 0, total: 1)
        }
        let isWhole = found.map { $0.count == wanted.count } ?? false && score.fields.values.allSatisfy { $0.matched == 1 }
        score.records = .init(matched: isWhole ? 1 : 0, total: 1)
        score.unparsableCount = found == nil ? 1 : 0
        return score
    }

    /// The first balanced object of the text that parses as JSON.
    static func firstObject(in text: String) -> [String: Any]? {
        let bytes = Array(text.utf8)
        var start = bytes.firstIndex(of: UInt8(ascii: "{"))
        while let first = start {
            if let end = endOfObject(in: bytes, from: first), let found = object(Data(bytes[first..<end])) { return found }
            start = bytes[(first + 1)...].firstIndex(of: UInt8(ascii: "{"))
        }
        return nil
    }

    /// The index after the brace that closes the one at `first`; braces in strings do not count. Nil if none does.
    private static func endOfObject(in bytes: [UInt8], from first: Int) -> Int? {
        var depth = 0
        var isInString = false
        var index = first
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\\") where isInString: index += 1
            case UInt8(ascii: "\""): isInString.toggle()
            case UInt8(ascii: "{") where !isInString: depth += 1
            case UInt8(ascii: "}") where !isInString:
                depth -= 1
                if depth == 0 { return index + 1 }
            default: break
            }
            index += 1
        }
        return nil
    }

    private static func object(_ data: Data) -> [String: Any]? {
        (try? JSONSerialization.jsonObject(with: data)) as? [String: Any]
    }

    /// Whether both values print the same: sorted keys, numbers by value, so `true` differs from `1` and `"1"` from `1`.
    private static func isSame(_ left: Any, _ right: Any) -> Bool {
        guard let left = canonical(left), let right = canonical(right) else { return false }
        return left == right
    }

    private static func canonical(_ value: Any) -> Data? {
        try? JSONSerialization.data(withJSONObject: [value], options: [.sortedKeys, .withoutEscapingSlashes])
    }

    private static func excerpt(_ text: String) -> String {
        text.count <= 40 ? "'\(text)'" : "'\(text.prefix(40))...'"
    }
}
