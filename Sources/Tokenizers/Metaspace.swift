/// SentencePiece's way with spaces: each becomes a visible character, one is put before words, and pieces begin at it.
struct Metaspace: Equatable, Sendable {
    /// Where one is put before a piece that does not begin with one. The raw values are the spellings of `tokenizer.json`.
    enum Scheme: String, CaseIterable, Sendable {
        case always
        /// Only where the given text starts.
        case first
        case never
    }

    /// What stands for a space; SentencePiece's is U+2581.
    var replacement: [UInt8]
    var scheme = Scheme.always
    /// Whether each replacement begins a new piece.
    var cuts = true

    static let sentencePiece: [UInt8] = Array("\u{2581}".utf8)

    /// The pieces with their spaces spelled; the pieces then lie in the new text.
    func spelled(_ text: Span<UInt8>, _ origins: [Range<Int>]?, _ pieces: inout [Piece]) -> AlignedText {
        var spelled = AlignedText(start: 0)
        spelled.reserveCapacity(text.count + text.count / 2)
        for index in pieces.indices {
            let range = pieces[index].range
            let start = spelled.bytes.count
            let origin = text.origin(range.prefix(1), origins)
            let begins = text[range.lowerBound] == 0x20 || text.holds(replacement, at: range.lowerBound, before: range.upperBound)
            if !begins, scheme == .always || scheme == .first && origin.lowerBound == 0 { spelled.append(replacement, origin: origin) }
            var position = range.lowerBound
            while position < range.upperBound {
                let end = text.boundary(from: position + 1)
                if text[position] == 0x20 {
                    spelled.append(replacement, origin: text.origin(position..<end, origins))
                } else {
                    spelled.append(text, position..<end, origins)
                }
                position = end
            }
            pieces[index].range = start..<spelled.bytes.count
        }
        return spelled
    }
}
