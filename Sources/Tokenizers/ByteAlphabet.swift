/// The 256 characters that byte-level vocabularies spell bytes with.
///
/// Printable Latin-1 bytes stand for themselves; the other 68 take the characters from U+0100 on, in order (the `bytes_to_unicode` table of
/// GPT-2: Radford et al. 2019, "Language models are unsupervised multitask learners", section 2.2). A space is spelled U+0120.
enum ByteAlphabet {
    /// The character of each byte.
    static let scalars: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (UInt8.min...UInt8.max).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(byte)
            default:
                defer { next += 1 }
                return Unicode.Scalar(next) ?? "\u{FFFD}"
            }
        }
    }()

    /// The bytes of the characters below U+0144; -1 for characters outside the alphabet.
    private static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar.value)] = Int16(byte) }
        return bytes
    }()

    /// The byte that `scalar` spells, nil outside the alphabet.
    static func byte(of scalar: Unicode.Scalar) -> UInt8? {
        guard scalar.value < 0x144 else { return nil }
        return UInt8(exactly: bytes[Int(scalar.value)])
    }

    /// How many UTF-8 bytes spell `byte`: 1 or 2.
    static func spelledLength(of byte: UInt8) -> Int { (0x21...0x7E).contains(byte) ? 1 : 2 }

    /// Appends the spelling of `text[range]` in UTF-8.
    static func spell(_ text: Span<UInt8>, _ range: Range<Int>, into spelling: inout [UInt8]) {
        for position in range {
            let byte = text[position]
            if spelledLength(of: byte) == 1 {
                spelling.append(byte)
            } else {
                let value = scalars[Int(byte)].value
                spelling.append(UInt8(truncatingIfNeeded: 0xC0 | value >> 6))
                spelling.append(UInt8(truncatingIfNeeded: 0x80 | value & 0x3F))
            }
        }
    }

    /// What a token stands for: the bytes it spells, or its own UTF-8 if any of its characters is outside the alphabet, as added tokens' may be.
    static func decoded(_ token: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(token.utf8.count)
        for scalar in token.unicodeScalars {
            guard let byte = byte(of: scalar) else { return Array(token.utf8) }
            bytes.append(byte)
        }
        return bytes
    }
}
