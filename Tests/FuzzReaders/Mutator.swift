/// Damages bytes in the ways that break readers. What comes out depends on the random numbers alone.
struct Mutator {
    /// Other files of the same kind, pieces of which are spliced in.
    let others: [[UInt8]]
    /// Words of the format.
    let words: [[UInt8]]
    /// No input grows beyond.
    static let largest = 1 << 18

    func mutate(_ bytes: [UInt8], _ random: inout FuzzRandom) -> [UInt8] {
        var bytes = bytes
        let rounds = random.isOne(in: 8) ? 1 + random.below(24) : 1 + random.below(3)
        let isText = !bytes.prefix(64).contains { $0 == 0 || $0 > 0xF8 }
        for _ in 0..<rounds {
            if isText, !random.isOne(in: 3) { mutateText(&bytes, &random) } else { mutateBytes(&bytes, &random) }
            if bytes.count > Self.largest { bytes.removeSubrange(Self.largest...) }
        }
        return bytes
    }

    /// A range that is short more often than long.
    private func piece(_ bytes: [UInt8], _ random: inout FuzzRandom) -> Range<Int> {
        guard !bytes.isEmpty else { return 0..<0 }
        let start = random.below(bytes.count)
        let longest = random.isOne(in: 4) ? bytes.count - start : min(16, bytes.count - start)
        return start..<(start + 1 + random.below(longest))
    }

    private func mutateBytes(_ bytes: inout [UInt8], _ random: inout FuzzRandom) {
        let place = random.below(bytes.count)
        switch random.below(9) {
        case 0 where !bytes.isEmpty: bytes[place] ^= 1 << UInt8(random.below(8))
        case 1 where !bytes.isEmpty: bytes[place] = UInt8(random.below(256))
        case 2 where !bytes.isEmpty: bytes[place] = random.pick([0, 1, 0x7F, 0x80, 0xFF, 0x20, 0x0A, 0x22, 0x5C])
        case 3: bytes.insert(contentsOf: (0..<(1 + random.below(16))).map { _ in UInt8(random.below(256)) }, at: place)
        case 4: bytes.removeSubrange(piece(bytes, &random))
        case 5: bytes.insert(contentsOf: Array(bytes[piece(bytes, &random)]), at: place)
        case 6:
            let other = others.isEmpty ? bytes : random.pick(others)
            let part = Array(other[piece(other, &random)])
            if random.isOne(in: 2) { bytes.insert(contentsOf: part, at: place) } else { bytes.replaceSubrange(piece(bytes, &random), with: part) }
        case 7: setInteger(&bytes, &random)
        default: bytes.removeSubrange(min(bytes.count, place + random.below(4))...)
        }
    }

    /// Lengths and offsets that overflow what is made of them.
    private static let integers: [UInt64] = [
        0, 1, 2, 3, 7, 8, 16, 31, 32, 64, 127, 128, 255, 256, 1024, 4096, 65535, 65536, 1 << 20, 1 << 24, 1 << 30, (1 << 31) - 1, 1 << 31,
        (1 << 32) - 1, 1 << 32, 1 << 40, 1 << 56, 1 << 61, 1 << 62, (1 << 63) - 1, 1 << 63, .max - 7, .max - 1, .max,
    ]

    /// A little-endian integer, larger or smaller by a little, or one of those above.
    private func setInteger(_ bytes: inout [UInt8], _ random: inout FuzzRandom) {
        let width = random.pick([1, 2, 4, 4, 8, 8])
        guard bytes.count >= width else { return }
        var place = random.below(bytes.count - width + 1)
        if random.isOne(in: 2) { place &= ~(width - 1) }
        var value = (0..<width).reduce(0 as UInt64) { $0 | UInt64(bytes[place + $1]) << UInt64(8 * $1) }
        value = random.isOne(in: 3) ? value &+ UInt64(random.below(9)) &- 4 : random.pick(Self.integers)
        for index in 0..<width { bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }

    private static let numbers = [
        "0", "-0", "1", "-1", "2", "3", "7", "127", "128", "255", "256", "65536", "1000000", "2147483647", "2147483648", "4294967295", "4294967296",
        "4611686018427387904", "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
        "99999999999999999999999999", "-2147483649", "-9223372036854775808", "-9223372036854775809", "0.5", "1.5", "1e3", "1e19", "1e308", "1e309",
        "-1e309", "1e-400", "1E+2", "0.1e1", "NaN", "Infinity", ".inf", ".nan", "0x10", "1_000", "null", "true", "false", "\"\"", "[]", "{}", "~",
    ].map { Array($0.utf8) }

    private static let texts = [
        "\"", "\\", "\\u0000", "\\ud800", "\\udc00", "\\u2028", "\u{85}", "\u{2028}", "\n", "\r\n", "\t", "\u{0}", "\u{1B}[2J", "\u{FEFF}", "é",
        "e\u{301}",
        "👩‍👩‍👧", "\u{202E}", "{", "}", "[", "]", ",", ":", "#", "&a", "*a", "!!str ", "---\n", "- ", "..", "../", "/", "/dev/null", "%", "{{", "}}", "{%",
        "%}",
        "{#", "#}", "-", "|", "'", ";",
    ].map { Array($0.utf8) }

    private func mutateText(_ bytes: inout [UInt8], _ random: inout FuzzRandom) {
        let place = random.below(bytes.count + 1)
        switch random.below(8) {
        case 0: bytes.insert(contentsOf: random.pick(Self.texts), at: place)
        case 1: bytes.insert(contentsOf: random.pick(words.isEmpty ? Self.texts : words), at: place)
        case 2:
            let values = TextPieces(bytes).values
            guard !values.isEmpty else { return }
            bytes.replaceSubrange(random.pick(values), with: random.pick(Self.numbers))
        case 3: swapValues(&bytes, &random)
        case 4: nest(&bytes, &random)
        case 5:
            let values = TextPieces(bytes).values
            guard !values.isEmpty else { return }
            let value = random.pick(values)
            bytes.insert(contentsOf: [0x2C] + bytes[value], at: value.upperBound)
        case 6:
            let lines = TextPieces.lines(bytes)
            guard !lines.isEmpty else { return }
            let line = random.pick(lines)
            if random.isOne(in: 2) {
                bytes.removeSubrange(line)
            } else {
                bytes.insert(contentsOf: Array(bytes[random.pick(lines)]), at: line.lowerBound)
            }
        default:
            let values = TextPieces(bytes).values
            guard !values.isEmpty, !words.isEmpty else { return }
            bytes.replaceSubrange(random.pick(values), with: random.pick(words))
        }
    }

    /// Puts one value in another's place: of this file or of another.
    private func swapValues(_ bytes: inout [UInt8], _ random: inout FuzzRandom) {
        let other = others.isEmpty || random.isOne(in: 2) ? bytes : random.pick(others)
        let (targets, sources) = (TextPieces(bytes).values, TextPieces(other).values)
        guard !targets.isEmpty, !sources.isEmpty else { return }
        bytes.replaceSubrange(random.pick(targets), with: other[random.pick(sources)])
    }

    /// Puts brackets around a value, few or very many.
    private func nest(_ bytes: inout [UInt8], _ random: inout FuzzRandom) {
        let values = TextPieces(bytes).values
        guard !values.isEmpty else { return }
        let value = random.pick(values)
        let depth = random.pick([1, 2, 127, 128, 129, 600, 20_000])
        let (left, right) = random.pick([
            ("[", "]"), ("{\"a\":", "}"), ("(", ")"), ("- ", ""), ("{% if 1 %}", "{% endif %}"), ("{{", "}}"), ("not ", ""),
        ])
        let before = Array(String(repeating: left, count: depth).utf8)
        let after = random.isOne(in: 3) ? [] : Array(String(repeating: right, count: depth).utf8)
        bytes.replaceSubrange(value, with: before + bytes[value] + after)
    }
}

/// Where values lie in a text that is JSON or looks like it: quoted texts, words, numbers, and whatever brackets enclose.
struct TextPieces {
    var values: [Range<Int>] = []

    init(_ bytes: [UInt8]) {
        var open: [Int] = []
        var place = 0
        while place < bytes.count {
            let byte = bytes[place]
            switch byte {
            case UInt8(ascii: "\""):
                let start = place
                place += 1
                while place < bytes.count, bytes[place] != byte { place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1 }
                place = min(place + 1, bytes.count)
                values.append(start..<place)
            case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "("):
                open.append(place)
                place += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ")"):
                place += 1
                if let start = open.popLast() { values.append(start..<place) }
            case _ where Self.isWord(byte):
                let start = place
                while place < bytes.count, Self.isWord(bytes[place]) { place += 1 }
                values.append(start..<place)
            default: place += 1
            }
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2E, 0x2B, 0x2D: true
        default: false
        }
    }

    /// The lines with what ends them.
    static func lines(_ bytes: [UInt8]) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = 0
        for (place, byte) in bytes.enumerated() where byte == 0x0A {
            lines.append(start..<(place + 1))
            start = place + 1
        }
        return start < bytes.count ? lines + [start..<bytes.count] : lines
    }
}
