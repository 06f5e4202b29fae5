/// Steps through valid UTF-8.
extension Span<UInt8> {
    /// The character that starts at `position`, and its number of bytes.
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
}
