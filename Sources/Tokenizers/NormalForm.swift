import Foundation

/// A Unicode normalisation form (Unicode Standard Annex 15), with the alignment that the `tokenizers` library gives it.
///
/// The tables are Foundation's and Swift's own, as far as the library's go: it knows the characters of Unicode 9, and later ones as starters that
/// neither decompose nor compose. Text is taken character by character only where Foundation's form differs from it. The raw values are the
/// names of `tokenizer.json`.
enum NormalForm: String, CaseIterable, Sendable {
    case c = "NFC"
    case d = "NFD"
    case kc = "NFKC"
    case kd = "NFKD"

    private var isComposed: Bool { self == .c || self == .kc }
    private var isCompatible: Bool { self == .kc || self == .kd }

    /// The lowest lead byte of UTF-8 of a character that can change: U+0300, U+00C0 or U+00A0.
    private var lowestByte: UInt8 { self == .c ? 0xCC : self == .d ? 0xC3 : 0xC2 }

    /// Whether `text[range]` surely is in this form.
    func leaves(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.contains(where: { text[$0] >= lowestByte }) else { return true }
        let string = text.string(range)
        return ofFoundation(string).utf8.elementsEqual(string.utf8)
    }

    /// The form of a text.
    func apply(to text: AlignedText) -> AlignedText {
        let string = String(decoding: text.bytes, as: UTF8.self)
        let items = decompose(string)
        return text.changed(isComposed ? Self.compose(items) : items)
    }

    private func ofFoundation(_ string: String) -> String {
        let decomposed = isCompatible ? string.decomposedStringWithCompatibilityMapping : string.decomposedStringWithCanonicalMapping
        return isComposed ? Self.composed(decomposed) : decomposed
    }

    /// Of a decomposed text: Swift 6.3 does not join U+AC00 and U+11A8, nor U+0CCA and U+0CD5, when they come as they are.
    private static func composed(_ string: String) -> String { string.precomposedStringWithCanonicalMapping }

    /// The decomposition, marks in canonical order.
    private func decompose(_ string: String) -> [AlignedText.Change] {
        var items: [AlignedText.Change] = []
        var sorted = 0
        func sortMarks() {
            guard items.count - sorted > 1 else { return }
            let marks = items[sorted...].enumerated().sorted { ($0.element.combiningClass, $0.offset) < ($1.element.combiningClass, $1.offset) }
            items.replaceSubrange(sorted..., with: marks.map { $0.element })
        }
        for scalar in string.unicodeScalars {
            for (index, part) in parts(of: scalar).enumerated() {
                let item = AlignedText.Change(scalar: part, count: index == 0 ? 0 : 1)
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

    private func parts(of scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        guard !scalar.isASCII, scalar.isInUnicode9 else { return [scalar] }
        let string = String(scalar)
        return Array((isCompatible ? string.decomposedStringWithCompatibilityMapping : string.decomposedStringWithCanonicalMapping).unicodeScalars)
    }

    /// Joins marks (and Hangul vowels and finals) to the starter before them where nothing blocks the way (UAX 15, D115 to D117).
    private static func compose(_ items: [AlignedText.Change]) -> [AlignedText.Change] {
        var result: [AlignedText.Change] = []
        var starter: Int?
        var lastClass: UInt8?
        for item in items {
            let itemClass = item.combiningClass
            let isBlocked = lastClass.map { $0 >= itemClass } ?? false
            if let starter, !isBlocked, let joined = composite(result[starter].scalar, item.scalar) {
                result[starter].scalar = joined
                result[starter].count += item.count - 1
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
        let joined = composed(String(pair).decomposedStringWithCanonicalMapping).unicodeScalars
        guard let scalar = joined.first, joined.count == 1, scalar.isInUnicode9 else { return nil }
        return scalar
    }
}

extension AlignedText.Change {
    fileprivate var combiningClass: UInt8 {
        scalar.isASCII || !scalar.isInUnicode9 ? 0 : scalar.properties.canonicalCombiningClass.rawValue
    }
}
