extension TracedString {
    /// The text between quotes as Python's `repr` writes it. `mark` goes to the quotes, and to what has no message of its own.
    func quoted(_ mark: Mark) -> TracedString {
        let quote: Unicode.Scalar = bytes.contains(UInt8(ascii: "'")) && !bytes.contains(UInt8(ascii: "\"")) ? "\"" : "'"
        return escaped(String(quote), mark) { scalar in
            switch scalar {
            case "\\": "\\\\"
            case "\n": "\\n"
            case "\r": "\\r"
            case "\t": "\\t"
            case quote: "\\\(quote)"
            default: scalar.isPythonPrintable ? String(scalar) : scalar.pythonEscape
            }
        }
    }

    /// The text between quotes as Python's `json` writes it.
    func jsonQuoted(isASCII: Bool, _ mark: Mark) -> TracedString {
        escaped("\"", mark) { scalar in
            switch scalar {
            case "\\": return "\\\\"
            case "\"": return "\\\""
            case "\n": return "\\n"
            case "\r": return "\\r"
            case "\t": return "\\t"
            case "\u{8}": return "\\b"
            case "\u{C}": return "\\f"
            default:
                guard scalar.value < 0x20 || isASCII && scalar.value > 0x7E else { return String(scalar) }
                return String(scalar).utf16.map { "\\u" + hexadecimal(UInt32($0), digits: 4) }.joined()
            }
        }
    }

    private func escaped(_ quote: String, _ mark: Mark, _ change: (Unicode.Scalar) -> String) -> TracedString {
        var result = TracedString()
        result.append(quote, mark)
        result.append(mapScalars(change).marked { $0.origin == .computed ? mark : $0 })
        result.append(quote, mark)
        return result
    }
}

extension Unicode.Scalar {
    /// Python's `str.isprintable`.
    fileprivate var isPythonPrintable: Bool {
        if self == " " { return true }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator: return false
        default: return true
        }
    }

    fileprivate var pythonEscape: String {
        switch value {
        case ..<0x100: "\\x" + hexadecimal(value, digits: 2)
        case ..<0x10000: "\\u" + hexadecimal(value, digits: 4)
        default: "\\U" + hexadecimal(value, digits: 8)
        }
    }
}

private func hexadecimal(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}

extension Double {
    /// The shortest digits that give the number back, as Python's `repr` sets them.
    var pythonText: String {
        guard isFinite else { return isNaN ? "nan" : self < 0 ? "-inf" : "inf" }
        guard self != 0 else { return sign == .minus ? "-0.0" : "0.0" }
        // Swift's shortest digits, with the point after the first.
        let parts = magnitude.description.split(separator: "e")
        let number = parts[0].split(separator: ".")
        let (whole, fraction) = (number[0], number.count > 1 ? number[1] : "")
        let all = String(whole + fraction)
        let zeros = all.prefix { $0 == "0" }.count
        var digits = String(all.dropFirst(zeros))
        while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
        let exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) + whole.count - 1 - zeros
        return (self < 0 ? "-" : "") + Self.place(digits, exponent)
    }

    private static func place(_ digits: String, _ exponent: Int) -> String {
        if exponent < -4 || exponent >= 16 {
            let fraction = digits.dropFirst()
            let size = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
            return "\(digits.prefix(1))\(fraction.isEmpty ? "" : ".")\(fraction)e\(exponent < 0 ? "-" : "+")\(size)"
        }
        if exponent < 0 { return "0." + String(repeating: "0", count: -exponent - 1) + digits }
        let whole = digits.prefix(exponent + 1)
        let fraction = digits.dropFirst(exponent + 1)
        return whole + String(repeating: "0", count: exponent + 1 - whole.count) + "." + (fraction.isEmpty ? "0" : fraction)
    }
}
