import Foundation
import Support

/// SentencePiece's table of characters and what they become (`precompiled_charsmap`): a double-array trie and the texts its leaves point into.
///
/// The bytes: the trie's size in bytes, its units, then texts that end with a zero each (sentencepiece, `normalizer.cc`; the units are those
/// of darts-clone). Applied as the `tokenizers` library does (`normalizers/precompiled.rs`): a grapheme cluster of up to 5 bytes becomes what
/// the shortest of its beginnings in the table becomes, whatever follows in it; other clusters change character by character.
struct CharacterMap: Sendable {
    /// The table as a file holds it.
    let bytes: [UInt8]
    private let units: [UInt32]
    private let texts: [UInt8]
    private let changesASCII: [Bool]

    /// - Throws: `format` if the sizes contradict each other or the texts are not UTF-8.
    init(_ bytes: [UInt8], subject: String) throws(TrainerError) {
        func word(_ position: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[position + $1]) << UInt32(8 * $1) } }
        guard bytes.count >= 8 else { throw TrainerError(.format, subject, "has \(bytes.count) bytes, too few for a table of characters") }
        let size = Int(word(0))
        guard size >= 4, size % 4 == 0, size <= bytes.count - 4 else {
            throw TrainerError(.format, subject, "says that its trie has \(size) bytes, but \(bytes.count - 4) follow")
        }
        let texts = Array(bytes[(4 + size)...])
        guard String(validating: texts, as: UTF8.self) != nil else { throw TrainerError(.format, subject, "holds text that is not UTF-8") }
        self.bytes = bytes
        self.texts = texts
        let units = stride(from: 4, to: 4 + size, by: 4).map(word)
        self.units = units
        changesASCII = (UInt8(0)..<0x80).map { Self.leaf(of: [$0].span, 0..<1, units) != nil }
    }

    /// What the shortest beginning of `text[range]` in the table points to.
    private static func leaf(of text: Span<UInt8>, _ range: Range<Int>, _ units: [UInt32]) -> Int? {
        func next(_ position: Int, _ unit: UInt32) -> Int { position ^ Int((unit >> 10) << ((unit & 1 << 9) >> 6)) }
        var position = next(0, units[0])
        for index in range {
            let byte = text[index]
            guard byte != 0 else { return nil }
            position ^= Int(byte)
            guard position < units.count, units[position] & (1 << 31 | 0xFF) == UInt32(byte) else { return nil }
            let hasLeaf = units[position] >> 8 & 1 == 1
            position = next(position, units[position])
            if hasLeaf { return position < units.count ? Int(units[position] & ~(1 << 31)) : nil }
        }
        return nil
    }

    /// The text that `text[range]` becomes; nil if the table does not say.
    private func replacement(_ text: Span<UInt8>, _ range: Range<Int>) -> [Unicode.Scalar]? {
        guard let start = Self.leaf(of: text, range, units), start <= texts.count else { return nil }
        let end = texts[start...].firstIndex(of: 0) ?? texts.count
        return Array(String(decoding: texts[start..<end], as: UTF8.self).unicodeScalars)
    }

    /// Whether the table surely leaves `text[range]` as it is.
    func leaves(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        range.allSatisfy { text[$0] < 0x80 && !changesASCII[Int(text[$0])] }
    }

    func apply(to text: AlignedText) -> AlignedText {
        let bytes = text.bytes.span
        var changes: [AlignedText.Change] = []
        changes.reserveCapacity(bytes.count)
        var isChanged = false
        func change(_ range: Range<Int>, characterCount: Int) -> Bool {
            guard let scalars = replacement(bytes, range) else { return false }
            isChanged = true
            changes.replace(characterCount, with: scalars)
            return true
        }
        GraphemeClusters.forEach(in: bytes) { cluster, characterCount in
            if cluster.count < 6, change(cluster, characterCount: characterCount) { return }
            guard characterCount > 1 else { return changes.append(.init(scalar: bytes.scalar(at: cluster.lowerBound).scalar, count: 0)) }
            var position = cluster.lowerBound
            while position < cluster.upperBound {
                let (scalar, length) = bytes.scalar(at: position)
                if !change(position..<position + length, characterCount: 1) { changes.append(.init(scalar: scalar, count: 0)) }
                position += length
            }
        }
        return isChanged ? text.changed(changes) : text
    }
}

extension [AlignedText.Change] {
    /// Adds the characters that take the places of `oldCount` others.
    ///
    /// Characters left out are taken along by the one before, whatever it is; at the start of the text, by none.
    fileprivate mutating func replace(_ oldCount: Int, with scalars: [Unicode.Scalar]) {
        for (index, scalar) in scalars.enumerated() { append(.init(scalar: scalar, count: index < oldCount ? 0 : 1)) }
        let missing = oldCount - scalars.count
        if missing > 0, !isEmpty { self[count - 1].count -= missing }
    }
}

/// Extended grapheme clusters (Unicode Standard Annex 29).
enum GraphemeClusters {
    /// Calls `body` with the bytes and the number of characters of each cluster, in order. Swift's own rules decide beyond ASCII.
    static func forEach(in text: Span<UInt8>, _ body: (Range<Int>, Int) -> Void) {
        var position = 0
        while position < text.count {
            var end = position
            // An ASCII character before another is a cluster by itself, but for a carriage return before a line feed.
            while end < text.count, !(text[end] < 0x80 && (end + 1 == text.count || text[end + 1] < 0x80)) || isLineEnd(text, end) { end += 1 }
            guard end > position else {
                body(position..<position + 1, 1)
                position += 1
                continue
            }
            if end < text.count { end += 1 }
            for cluster in text.string(position..<end) {
                let length = cluster.utf8.count
                body(position..<position + length, cluster.unicodeScalars.count)
                position += length
            }
        }
    }

    private static func isLineEnd(_ text: Span<UInt8>, _ position: Int) -> Bool {
        position + 1 < text.count && text[position] == 0x0D && text[position + 1] == 0x0A
    }
}
