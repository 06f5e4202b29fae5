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
}
