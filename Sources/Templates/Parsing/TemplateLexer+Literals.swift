import Support

/// Numbers and strings as Python writes them.
extension TemplateLexer {
    mutating func readNumber() throws(TrainerError) {
        func digits(from start: Int) -> Int {
            var end = start
            while let next = byte(at: end), (0x30...0x39).contains(next) || next == UInt8(ascii: "_") && isDigit(end + 1) && end > start { end += 1 }
            return end
        }
        func isDigit(_ place: Int) -> Bool { byte(at: place).map { (0x30...0x39).contains($0) } ?? false }
        if let value = try prefixedInteger() { return add(value) }
        var end = digits(from: position)
        var isDouble = false
        if byte(at: end) == UInt8(ascii: "."), isDigit(end + 1), position == 0 || bytes[position - 1] != UInt8(ascii: ".") {
            end = digits(from: end + 1)
            isDouble = true
        }
        if let letter = byte(at: end), letter | 0x20 == UInt8(ascii: "e") {
            let hasSign = byte(at: end + 1) == UInt8(ascii: "+") || byte(at: end + 1) == UInt8(ascii: "-")
            let exponent = end + (hasSign ? 2 : 1)
            if isDigit(exponent) {
                end = digits(from: exponent)
                isDouble = true
            }
        }
        let text = String(decoding: bytes[position..<end].filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
        if isDouble, let value = Double(text) {
            add(.double(value))
        } else {
            guard let value = Int(text) else { throw error("the integer \(text) exceeds 64 bits") }
            add(.integer(value))
        }
        advance(to: end)
    }

    /// An integer of base 2, 8 or 16, read past.
    private mutating func prefixedInteger() throws(TrainerError) -> TemplateToken.Kind? {
        let bases: [UInt8: Int] = [UInt8(ascii: "b"): 2, UInt8(ascii: "o"): 8, UInt8(ascii: "x"): 16]
        guard bytes[position] == UInt8(ascii: "0"), let letter = byte(at: position + 1), let base = bases[letter | 0x20] else { return nil }
        var end = position + 2
        while let next = byte(at: end), next == UInt8(ascii: "_") || Character(Unicode.Scalar(next)).hexDigitValue.map({ $0 < base }) == true {
            end += 1
        }
        let text = String(decoding: bytes[(position + 2)..<end].filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
        guard !text.isEmpty else { return nil }
        guard let value = Int(text, radix: base) else { throw error("an integer of base \(base) exceeds 64 bits") }
        advance(to: end)
        return .integer(value)
    }

    mutating func readString(quote: UInt8) throws(TrainerError) {
        var text: [UInt8] = []
        var place = position + 1
        while let byte = byte(at: place), byte != quote {
            if byte == UInt8(ascii: "\\") {
                place = try readEscape(at: place + 1, into: &text)
            } else {
                text.append(byte)
                place += 1
            }
        }
        guard place < bytes.count else { throw error("a string has no end \(Unicode.Scalar(quote))") }
        add(.string(text))
        advance(to: place + 1)
    }

    /// Reads what follows a backslash as Python does, and returns the place after it.
    private func readEscape(at place: Int, into text: inout [UInt8]) throws(TrainerError) -> Int {
        guard let byte = byte(at: place) else { throw error("a string has no end") }
        let simple: [UInt8: UInt8] = [0x61: 7, 0x62: 8, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9, 0x76: 11, 0x5C: 0x5C, 0x27: 0x27, 0x22: 0x22]
        let lengths: [UInt8: Int] = [UInt8(ascii: "x"): 2, UInt8(ascii: "u"): 4, UInt8(ascii: "U"): 8]
        if let value = simple[byte] {
            text.append(value)
        } else if let length = lengths[byte] {
            return try readScalar(at: place + 1, digits: length, exactly: true, base: 16, into: &text)
        } else if (0x30...0x37).contains(byte) {
            return try readScalar(at: place, digits: 3, exactly: false, base: 8, into: &text)
        } else if byte == UInt8(ascii: "N") {
            throw error("the escape \\N of strings is not supported")
        } else if byte != UInt8(ascii: "\n") {
            text += [UInt8(ascii: "\\"), byte]
        }
        return place + 1
    }

    private func readScalar(at place: Int, digits: Int, exactly: Bool, base: Int, into text: inout [UInt8]) throws(TrainerError) -> Int {
        var (value, end) = (UInt32(0), place)
        while end < place + digits, let byte = byte(at: end), let digit = Character(Unicode.Scalar(byte)).hexDigitValue, digit < base {
            value = value << (base == 16 ? 4 : 3) | UInt32(digit)
            end += 1
        }
        guard !exactly || end == place + digits, let scalar = Unicode.Scalar(value) else {
            throw error("an escape of a string names no character")
        }
        text.append(contentsOf: String(scalar).utf8)
        return end
    }
}
