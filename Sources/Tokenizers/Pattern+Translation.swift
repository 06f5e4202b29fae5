import Support

// The `tokenizers` library matches with Oniguruma 6.9 in its own syntax. What means something else in PCRE2 is rewritten; what can't be is
// refused.

extension Pattern {
    /// `source` as PCRE2 spells it.
    ///
    /// - `\s` is Unicode's White_Space in Oniguruma; PCRE2's also matches U+180E.
    /// - `\w` is Alphabetic, marks, decimal digits and connector punctuation; PCRE2's lacks the marks.
    /// - `\p{L}`, `\p{M}`, `\p{N}`, `\d` and `\w` follow Unicode 16; what PCRE2 10.42 (Unicode 14) lacks is added. Other properties stay as
    ///   PCRE2 has them.
    /// - `\v` is the vertical tab, `\uhhhh` a character. `^` and `$` match at every line, for which `Pattern` sets an option.
    /// - Throws: `format` for escapes, options and sets that have no equal here.
    static func oniguruma(_ source: String, subject: String) throws(TrainerError) -> String {
        var translation = Translation(source, subject: subject)
        return try translation.translate()
    }

    /// A pattern that matches `text` itself.
    static func escaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            let isPunctuation = scalar.isASCII && !scalar.properties.isAlphabetic && !("0"..."9").contains(scalar) && scalar.value > 0x20
            return isPunctuation ? "\\\(scalar)" : String(scalar)
        }.joined()
    }

    private struct Translation {
        let source: String
        let subject: String
        let scalars: [Unicode.Scalar]
        var position = 0
        var output = ""
        /// Inside `[...]`; `classStart` is where its first member may stand.
        var isInClass = false
        var classStart = 0

        init(_ source: String, subject: String) {
            self.source = source
            self.subject = subject
            scalars = Array(source.unicodeScalars)
        }

        mutating func translate() throws(TrainerError) -> String {
            while let scalar = take() {
                switch scalar {
                case "\\": try escape()
                case "[": try openClass()
                case "]" where isInClass && position - 1 > classStart:
                    isInClass = false
                    output += "]"
                case "&" where isInClass && peek() == "&": throw refused("the intersection of sets &&")
                case "(" where !isInClass && peek() == "?": try group()
                case "}" where !isInClass && peek() == "+": throw refused("a repeat of the repeat {...}+")
                case "{" where !isInClass && peek() == ",": throw refused("the repeat {,n}")
                default: output.unicodeScalars.append(scalar)
                }
            }
            return output
        }

        private func peek() -> Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

        private mutating func take() -> Unicode.Scalar? {
            guard position < scalars.count else { return nil }
            position += 1
            return scalars[position - 1]
        }

        private func refused(_ what: String) -> TrainerError {
            TrainerError(.format, subject, "the pattern \(source) uses \(what), which is not supported")
        }

        private mutating func openClass() throws(TrainerError) {
            guard !isInClass else {
                throw refused("a set within a set")
            }
            isInClass = true
            output += "["
            if peek() == "^" {
                position += 1
                output += "^"
            }
            classStart = position
        }

        /// `(?` and what follows: look-arounds, names and the option i pass, other options do not.
        private mutating func group() throws(TrainerError) {
            position += 1
            output += "(?"
            guard let kind = peek(), !":=!>#<".unicodeScalars.contains(kind) else { return }
            while let option = peek(), option != ":", option != ")" {
                guard option == "i" || option == "-" else { throw refused("the group (?\(option)") }
                output.unicodeScalars.append(option)
                position += 1
            }
        }

        private mutating func escape() throws(TrainerError) {
            guard let scalar = take() else { throw refused("a lone \\ at its end") }
            switch scalar {
            case "s": output += "\\p{White_Space}"
            case "S": output += "\\P{White_Space}"
            case "w", "d": add(Self.members(scalar == "w" ? "w" : "Nd"), isNegated: false)
            case "W" where !isInClass, "D" where !isInClass: add(Self.members(scalar == "W" ? "w" : "Nd"), isNegated: true)
            case "p", "P": try property(isNegated: scalar == "P")
            case "v": output += "\\x0B"
            case "u":
                let digits = scalars[position..<min(position + 4, scalars.count)].map { String($0) }.joined()
                guard digits.count == 4, UInt32(digits, radix: 16) != nil else { throw refused("\\u without four hexadecimal digits") }
                output += "\\x{\(digits)}"
                position += 4
            case "r", "n", "t", "f", "a", "e", "x", "A", "z", "0"..."9": output += "\\\(scalar)"
            case "A"..."Z", "a"..."z": throw refused("\\\(scalar)" + (isInClass ? " in a set" : ""))
            default: output += "\\\(scalar)"
            }
        }

        private mutating func property(isNegated: Bool) throws(TrainerError) {
            guard take() == "{", let end = scalars[position...].firstIndex(of: "}") else { throw refused("\\p without {name}") }
            var name = scalars[position..<end].map { String($0) }.joined()
            position = end + 1
            var isNegated = isNegated
            if name.hasPrefix("^") {
                isNegated.toggle()
                name.removeFirst()
            }
            if ["L", "M", "N", "Nd"].contains(name), !(isNegated && isInClass) {
                add(Self.members(name), isNegated: isNegated)
            } else {
                output += "\\\(isNegated ? "P" : "p"){\(name)}"
            }
        }

        private mutating func add(_ members: String, isNegated: Bool) {
            output += isInClass ? members : "[\(isNegated ? "^" : "")\(members)]"
        }

        /// What a general category, or "w" for word characters, holds, as members of a set.
        private static func members(_ name: String) -> String {
            switch name {
            case "L": "\\p{L}\(NewerUnicode.letters)"
            case "M": "\\p{M}\(NewerUnicode.marks)"
            case "N": "\\p{N}\(NewerUnicode.digits)\(NewerUnicode.otherNumbers)"
            case "Nd": "\\p{Nd}\(NewerUnicode.digits)"
            // Oniguruma holds the superscripts and fractions of Latin-1 for word characters, other numbers not.
            default: "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\xB2\\xB3\\xB9\\xBC-\\xBE\(NewerUnicode.letters)\(NewerUnicode.marks)\(NewerUnicode.digits)"
            }
        }
    }
}

/// Letters, marks and numbers of Unicode 15.0, 15.1 and 16.0, as ranges of a set; those that a later PCRE2 knows by itself do no harm.
///
/// From the Unicode Character Database 16.0, `DerivedGeneralCategory`; every character was compared with what the `tokenizers` library matches.
private enum NewerUnicode {
    static let letters = set([
        0x1C89...0x1C8A, 0xA7CB...0xA7CD, 0xA7DA...0xA7DC, 0x105C0...0x105F3, 0x10D4A...0x10D65, 0x10D6F...0x10D85, 0x10EC2...0x10EC4,
        0x1123F...0x11240, 0x11380...0x11389, 0x1138B...0x1138B, 0x1138E...0x1138E, 0x11390...0x113B5, 0x113B7...0x113B7, 0x113D1...0x113D1,
        0x113D3...0x113D3, 0x11BC0...0x11BE0, 0x11F02...0x11F02, 0x11F04...0x11F10, 0x11F12...0x11F33, 0x1342F...0x1342F, 0x13441...0x13446,
        0x13460...0x143FA, 0x16100...0x1611D, 0x16D40...0x16D6C, 0x18CFF...0x18CFF, 0x1B132...0x1B132, 0x1B155...0x1B155, 0x1DF25...0x1DF2A,
        0x1E030...0x1E06D, 0x1E4D0...0x1E4EB, 0x1E5D0...0x1E5ED, 0x1E5F0...0x1E5F0, 0x2B739...0x2B739, 0x2EBF0...0x2EE5D, 0x31350...0x323AF,
    ])
    static let digits = set([
        0x10D40...0x10D49, 0x116D0...0x116E3, 0x11BF0...0x11BF9, 0x11F50...0x11F59, 0x16130...0x16139, 0x16D70...0x16D79, 0x1CCF0...0x1CCF9,
        0x1E4F0...0x1E4F9, 0x1E5F1...0x1E5FA,
    ])
    static let otherNumbers = set([0x1D2C0...0x1D2D3])
    static let marks = set([
        0x897...0x897, 0xCF3...0xCF3, 0xECE...0xECE, 0x10D69...0x10D6D, 0x10EFC...0x10EFF, 0x11241...0x11241, 0x113B8...0x113C0,
        0x113C2...0x113C2, 0x113C5...0x113C5, 0x113C7...0x113CA, 0x113CC...0x113D0, 0x113D2...0x113D2, 0x113E1...0x113E2, 0x11F00...0x11F01,
        0x11F03...0x11F03, 0x11F34...0x11F3A, 0x11F3E...0x11F42, 0x11F5A...0x11F5A, 0x13440...0x13440, 0x13447...0x13455, 0x1611E...0x1612F,
        0x1E08F...0x1E08F, 0x1E4EC...0x1E4EF, 0x1E5EE...0x1E5EF,
    ])

    private static func set(_ ranges: [ClosedRange<UInt32>]) -> String {
        ranges.map { "\\x{\(String($0.lowerBound, radix: 16))}-\\x{\(String($0.upperBound, radix: 16))}" }.joined()
    }
}
