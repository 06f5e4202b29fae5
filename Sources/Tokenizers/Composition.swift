import Foundation

/// Text that was changed before encoding, and which bytes of the given text each of its bytes stands for.
struct AlignedText: Sendable {
    var bytes: [UInt8] = []
    /// For each byte, the character of the given text that it came from.
    var origins: [Range<Int>] = []

    mutating func append(_ scalar: Unicode.Scalar, origin: Range<Int>) {
        for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
            bytes.append(byte)
            origins.append(origin)
        }
    }
}

/// Unicode normalisation form C (Unicode Standard Annex 15), with the alignment that the `tokenizers` library gives it.
///
/// The tables are Foundation's and Swift's own, as far as the library's go: it knows the characters of Unicode 9, and later ones as starters that
/// neither decompose nor compose. Text is composed character by character only where Foundation's composition differs from it.
enum Composition {
    /// The composed form of `text[range]`; nil if that is the text itself.
    static func composed(_ text: Span<UInt8>, _ range: Range<Int>) -> AlignedText? {
        // Characters below U+0300 (lead bytes below 0xCC) never change.
        guard range.contains(where: { text[$0] >= 0xCC }) else { return nil }
        let string = text.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        if foundationComposed(string).utf8.elementsEqual(string.utf8) { return nil }
        return aligned(string, from: range.lowerBound)
    }

    /// By way of the decomposed form: Swift 6.3 does not join U+AC00 and U+11A8, nor U+0CCA and U+0CD5, when they come as they are.
    private static func foundationComposed(_ string: String) -> String {
        string.decomposedStringWithCanonicalMapping.precomposedStringWithCanonicalMapping
    }

    /// A character on its way to the composed text.
    ///
    /// `change` is what the library counts: 0 if it takes one original character's place, 1 if it is one more, -n if it takes n more along.
    private struct Change {
        var scalar: Unicode.Scalar
        var change: Int
        var combiningClass: UInt8 { scalar.isInUnicode9 ? scalar.properties.canonicalCombiningClass.rawValue : 0 }
    }

    private static func aligned(_ string: String, from start: Int) -> AlignedText {
        var sources: [Range<Int>] = []
        var position = start
        for scalar in string.unicodeScalars {
            let length = UTF8.width(scalar)
            sources.append(position..<position + length)
            position += length
        }
        var result = AlignedText()
        var next = 0
        for item in compose(decompose(string)) {
            // One more character shares the origin of the one before it.
            let source = item.change > 0 ? next - 1 : next
            result.append(item.scalar, origin: sources.indices.contains(source) ? sources[source] : start..<start)
            if item.change <= 0 { next += 1 - item.change }
        }
        return result
    }

    /// The canonical decomposition, marks in canonical order.
    private static func decompose(_ string: String) -> [Change] {
        var items: [Change] = []
        var sorted = 0
        func sortMarks() {
            let marks = items[sorted...].enumerated().sorted { ($0.element.combiningClass, $0.offset) < ($1.element.combiningClass, $1.offset) }
            items.replaceSubrange(sorted..., with: marks.map { $0.element })
        }
        for scalar in string.unicodeScalars {
            let parts = scalar.isInUnicode9 ? Array(String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars) : [scalar]
            for (index, part) in parts.enumerated() {
                let item = Change(scalar: part, change: index == 0 ? 0 : 1)
                if item.combiningClass == 0 {
                    sortMarks()
                    items.append(item)
                    sorted = items.count
                } else {
                    items.append(item)
                }
            }
        }
        sortMarks()
        return items
    }

    /// Joins marks (and Hangul vowels and finals) to the starter before them where nothing blocks the way (UAX 15, D115 to D117).
    private static func compose(_ items: [Change]) -> [Change] {
        var result: [Change] = []
        var starter: Int?
        var lastClass: UInt8?
        for item in items {
            let itemClass = item.combiningClass
            let isBlocked = lastClass.map { $0 >= itemClass } ?? false
            if let starter, !isBlocked, let joined = composite(result[starter].scalar, item.scalar) {
                result[starter].scalar = joined
                result[starter].change += item.change - 1
                continue
            }
            result.append(item)
            if itemClass == 0 {
                starter = result.count - 1
                lastClass = nil
            } else if starter != nil {
                lastClass = itemClass
            }
        }
        return result
    }

    private static func composite(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
        // U+11A7 is no final consonant, but Swift 6.3 takes it for one and drops it.
        guard second.value >= 0x300, second.value != 0x11A7 else { return nil }
        var pair = String.UnicodeScalarView()
        pair.append(first)
        pair.append(second)
        let joined = foundationComposed(String(pair)).unicodeScalars
        guard let scalar = joined.first, joined.count == 1, scalar.isInUnicode9 else { return nil }
        return scalar
    }
}

extension Unicode.Scalar {
    /// Whether the library's normalisation tables (unicode-normalization-alignments 0.1) know the character.
    fileprivate var isInUnicode9: Bool { isASCII || (properties.age.map { $0.major <= 9 } ?? false) }
}
