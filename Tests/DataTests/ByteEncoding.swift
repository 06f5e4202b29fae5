import Data
import Support

/// A tokenizer for tests: a token for each byte, except that some strings are one token, the longest first.
struct ByteEncoding: TextEncoding {
    struct Encoded: EncodedText {
        var ids: [Int32] = []
        var offsets: [Range<Int>] = []
    }

    /// Strings that are one token; the first has id 256.
    var merges: [String] = []
    var beginToken: Int32?
    var endToken: Int32?
    /// Whether the tokenizer's rules put the begin token in front, and the end token behind.
    var addsBegin = false
    var addsEnd = false
    var fingerprint = "bytes"

    func encode(_ text: String, addingSpecialTokens: Bool) throws(TrainerError) -> Encoded {
        let bytes = Array(text.utf8)
        let longestFirst = merges.enumerated().sorted { $0.element.utf8.count > $1.element.utf8.count }
        var encoded = Encoded()
        func add(_ id: Int32, _ range: Range<Int>) {
            encoded.ids.append(id)
            encoded.offsets.append(range)
        }
        if addingSpecialTokens, addsBegin, let beginToken { add(beginToken, 0..<0) }
        var position = 0
        while position < bytes.count {
            if let merge = longestFirst.first(where: { bytes[position...].starts(with: $0.element.utf8) }) {
                let end = position + merge.element.utf8.count
                add(Int32(256 + merge.offset), position..<end)
                position = end
            } else {
                add(Int32(bytes[position]), position..<(position + 1))
                position += 1
            }
        }
        if addingSpecialTokens, addsEnd, let endToken { add(endToken, bytes.count..<bytes.count) }
        return encoded
    }
}
