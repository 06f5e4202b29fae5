extension Span<UInt8> {
    /// The character that starts at `position` of valid UTF-8, and its number of bytes.
    func scalar(at position: Int) -> (scalar: Unicode.Scalar, length: Int) {
        let first = UInt32(self[position])
        guard first >= 0x80 else { return (Unicode.Scalar(UInt8(first)), 1) }
        let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        var value = first & (0x7F >> UInt32(length))
        for offset in 1..<length { value = value << 6 | UInt32(self[position + offset]) & 0x3F }
        return (Unicode.Scalar(value) ?? "\u{FFFD}", length)
    }

    /// The text of `range`, valid UTF-8.
    func string(_ range: Range<Int>) -> String {
        extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether the bytes at `position` are those of `content`.
    func holds(_ content: [UInt8], at position: Int, before end: Int) -> Bool {
        guard end - position >= content.count else { return false }
        for index in 0..<content.count where self[position + index] != content[index] { return false }
        return true
    }

    /// Where the character before `position` starts.
    func index(before position: Int) -> Int {
        var index = position - 1
        while index > 0, self[index] & 0xC0 == 0x80 { index -= 1 }
        return index
    }

    /// Where the next character starts, from `position` on; `position` itself if one starts there.
    func boundary(from position: Int) -> Int {
        var index = position
        while index < count, self[index] & 0xC0 == 0x80 { index += 1 }
        return index
    }

    /// Where the character that covers `position` starts.
    func boundary(upTo position: Int) -> Int {
        var index = position
        while index > 0, self[index] & 0xC0 == 0x80 { index -= 1 }
        return index
    }
}

extension Unicode.Scalar {
    /// General category N: decimal digits, letter numbers and the rest, as Rust's `char::is_numeric`.
    var isNumeric: Bool {
        guard value >= 0x80 else { return (0x30...0x39).contains(value) }
        switch properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: return true
        default: return false
        }
    }

    /// A word character of Unicode Technical Standard 18, annex C: what `single_word` asks of a token's neighbours. The library knows Unicode 16.
    var isWordCharacter: Bool {
        guard let age = properties.age, age.major <= 16 else { return false }
        if properties.isAlphabetic || properties.isJoinControl { return true }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
        default: return false
        }
    }
    /// Punctuation as the library sees it: that of ASCII, and the general category P of Unicode 9.
    var isPunctuation: Bool {
        switch value {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return true
        case 0..<0x80: return false
        default: break
        }
        guard isInUnicode9 else { return false }
        switch properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation,
            .otherPunctuation:
            return true
        default: return false
        }
    }

    /// A combining mark (general category M) of Unicode 9.
    var isMark: Bool {
        guard value >= 0x300, isInUnicode9 else { return false }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: return true
        default: return false
        }
    }

    /// Whether the library's normalisation tables (unicode-normalization-alignments 0.1) know the character.
    var isInUnicode9: Bool { isASCII || (properties.age.map { $0.major <= 9 } ?? false) }
}
