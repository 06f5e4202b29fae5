import Foundation
import Support

/// Python's two ways to format: `text % values` and `text.format(values)`.
extension TemplateInterpreter {
    /// What stands between the sign of a conversion and its letter.
    struct FormatSpecification {
        var fill: Unicode.Scalar?
        /// `<`, `>`, `^` or `=`.
        var alignment: Unicode.Scalar?
        /// `+`, `-` or a space.
        var sign: Unicode.Scalar?
        var isAlternate = false
        var width = 0
        /// The character between groups of three digits.
        var grouping: Unicode.Scalar?
        var precision: Int?
        var type: Unicode.Scalar?
    }

    // MARK: - Percent signs

    func percentFormat(_ format: TracedString, _ value: TemplateValue) throws(TrainerError) -> TemplateValue {
        try charge(bytes: format.bytes.count)
        var arguments = [value][...]
        if case .list(let list) = value, list.isTuple { arguments = list.items[...] }
        var mapping: TemplateMapping?
        if case .mapping(let given) = value { mapping = given }
        var result = TracedString()
        result.isMarkup = format.isMarkup
        var reader = FormatReader(format)
        while let place = format.find([UInt8(ascii: "%")], in: reader.position..<format.bytes.count) {
            result.append(format[reader.position..<place])
            reader.position = place + 1
            if reader.skip("%") {
                result.append("%")
                continue
            }
            var operand: TemplateValue?
            if reader.skip("(") {
                guard let mapping, let name = reader.read(until: ")") else { throw error("a format with a name takes a mapping") }
                guard let found = mapping[.string(name)] else { throw error("the mapping has no key \(name.text) of the format") }
                operand = found
            }
            let specification = try percentSpecification(&reader, &arguments)
            guard let value = operand ?? arguments.popFirst() else { throw error("a format has more conversions than values") }
            let text = try converted(value, specification)
            result.append(format.isMarkup ? text.escapedForHTML : text)
            try checkSize(result.bytes.count)
        }
        guard arguments.isEmpty || mapping != nil else { throw error("a format has fewer conversions than values") }
        result.append(format[reader.position..<format.bytes.count])
        return try made(result)
    }

    private func percentSpecification(
        _ reader: inout FormatReader, _ arguments: inout ArraySlice<TemplateValue>
    ) throws(TrainerError) -> FormatSpecification {
        var specification = FormatSpecification()
        while let flag = reader.next, "-+ 0#".unicodeScalars.contains(flag) {
            reader.advance()
            switch flag {
            case "-": specification.alignment = "<"
            case "0": specification.fill = "0"
            case "#": specification.isAlternate = true
            default: if specification.sign != "+" { specification.sign = flag }
            }
        }
        func size(_ reader: inout FormatReader) throws(TrainerError) -> Int? {
            guard reader.skip("*") else { return try reader.number().map { (size) throws(TrainerError) in try checked(size) } }
            guard let value = arguments.popFirst() else { throw error("a format has more conversions than values") }
            return try checked(try integer(value, "a width"))
        }
        specification.width = try size(&reader) ?? 0
        if reader.skip(".") { specification.precision = try size(&reader) ?? 0 }
        while let letter = reader.next, "hlL".unicodeScalars.contains(letter) { reader.advance() }
        guard let type = reader.next else { throw error("a format ends within a conversion") }
        reader.advance()
        specification.type = type
        return specification
    }

    private func checked(_ size: Int) throws(TrainerError) -> Int {
        try checkSize(size)
        return max(0, size)
    }

    private func converted(_ value: TemplateValue, _ given: FormatSpecification) throws(TrainerError) -> TracedString {
        var specification = given
        if specification.alignment == "<" || specification.fill == nil { specification.fill = nil }
        switch given.type {
        case "s", "r", "a":
            let text = given.type == "s" ? try text(of: value) : try represented(value)
            return padded(cut(text, given.precision), width: given.width, alignment: given.alignment ?? ">", fill: " ")
        case "c":
            var text = try text(of: value)
            if let index = value.index, let scalar = UInt32(exactly: index).flatMap(Unicode.Scalar.init) { text = TracedString(String(scalar)) }
            guard text.count == 1 else { throw error("%c takes one character") }
            return padded(text, width: given.width, alignment: given.alignment ?? ">", fill: " ")
        case "d", "i", "u", "x", "X", "o":
            guard let integer = value.index ?? doubleInteger(value, given.type) else {
                throw error("%\(given.type.map(String.init) ?? "") takes an integer, not a \(value.typeName)")
            }
            specification.type = given.type == "i" || given.type == "u" ? "d" : given.type
            if specification.alignment == nil { specification.alignment = specification.fill == "0" ? "=" : ">" }
            return try formatted(integer, specification)
        case "f", "F", "e", "E", "g", "G":
            guard let number = value.number else { throw error("a \(value.typeName) is formatted as a number") }
            if specification.alignment == nil { specification.alignment = specification.fill == "0" ? "=" : ">" }
            return try formatted(number, specification)
        default: throw error("a format has the unknown conversion %\(given.type.map(String.init) ?? "")")
        }
    }

    /// %d cuts fractions off, %x refuses them.
    private func doubleInteger(_ value: TemplateValue, _ type: Unicode.Scalar?) -> Int? {
        guard case .double(let double) = value, type == "d" || type == "i" || type == "u" else { return nil }
        return Int(exactly: double.rounded(.towardZero))
    }

    // MARK: - Values

    private func cut(_ text: TracedString, _ count: Int?) -> TracedString {
        guard let count else { return text }
        let starts = text.boundaries
        return text[0..<starts[min(count, starts.count - 1)]]
    }

    /// Any value under a specification of `format`.
    func formatted(_ value: TemplateValue, _ specification: FormatSpecification?) throws(TrainerError) -> TracedString {
        guard let specification else { return try text(of: value) }
        let isNumeric = specification.type.map { "dxXobcn".unicodeScalars.contains($0) } ?? true
        switch value {
        case .string(let text):
            guard specification.type == nil || specification.type == "s", specification.alignment != "=", specification.sign == nil else {
                throw error("a format for numbers is given a string")
            }
            return padded(
                cut(text, specification.precision), width: specification.width, alignment: specification.alignment ?? "<",
                fill: specification.fill ?? " ")
        case .integer, .boolean:
            if isNumeric, specification.precision == nil { return try formatted(value.index ?? 0, specification) }
            guard !isNumeric, specification.type != "s" else { throw error("a format does not fit an integer") }
            return try formatted(value.number ?? 0, specification)
        case .double(let double): return try formatted(double, specification)
        default: throw error("a format is not supported for a \(value.typeName)")
        }
    }

    private func formatted(_ integer: Int, _ specification: FormatSpecification) throws(TrainerError) -> TracedString {
        let radix: Int
        var prefix = ""
        switch specification.type {
        case nil, "d", "n": radix = 10
        case "x", "X": (radix, prefix) = (16, specification.type == "X" ? "0X" : "0x")
        case "o": (radix, prefix) = (8, "0o")
        case "b": (radix, prefix) = (2, "0b")
        default: throw error("a format of integers has the unknown type \(specification.type.map(String.init) ?? "")")
        }
        var digits = String(integer.magnitude, radix: radix, uppercase: specification.type == "X")
        if let precision = specification.precision { digits = String(repeating: "0", count: max(0, precision - digits.utf8.count)) + digits }
        return number(digits, isNegative: integer < 0, prefix: specification.isAlternate ? prefix : "", specification)
    }

    private func formatted(_ double: Double, _ specification: FormatSpecification) throws(TrainerError) -> TracedString {
        let precision = specification.precision ?? 6
        guard precision <= 400 else { throw error("a format has a precision above 400") }
        let value = double.magnitude
        let digits: String
        switch specification.type {
        case nil where specification.precision == nil: digits = value.pythonText
        case "f", "F", "e", "E", "g", "G": digits = String(format: "%.\(precision)\(specification.type.map(String.init) ?? "")", value)
        case "%": digits = String(format: "%.\(precision)f", value * 100) + "%"
        default: throw error("a format of numbers has the unsupported type \(specification.type.map(String.init) ?? "none with a precision")")
        }
        return number(digits, isNegative: double.sign == .minus && !double.isNaN, prefix: "", specification)
    }

    private func number(_ digits: String, isNegative: Bool, prefix: String, _ specification: FormatSpecification) -> TracedString {
        var digits = digits
        if let grouping = specification.grouping {
            let whole = digits.prefix { $0.isHexDigit }
            var grouped = ""
            for (place, digit) in whole.enumerated() {
                if place > 0, (whole.count - place) % 3 == 0 { grouped += String(grouping) }
                grouped.append(digit)
            }
            digits = grouped + digits.dropFirst(whole.count)
        }
        let sign = isNegative ? "-" : specification.sign.flatMap { $0 == "-" ? nil : String($0) } ?? ""
        if specification.alignment == "=" || specification.alignment == nil && specification.fill == "0" {
            let missing = max(0, specification.width - sign.utf8.count - prefix.utf8.count - digits.utf8.count)
            return TracedString(sign + prefix + String(repeating: String(specification.fill ?? " "), count: missing) + digits)
        }
        return padded(
            TracedString(sign + prefix + digits), width: specification.width, alignment: specification.alignment ?? ">", fill: specification.fill ?? " ")
    }

    private func padded(_ text: TracedString, width: Int, alignment: Unicode.Scalar, fill: Unicode.Scalar) -> TracedString {
        let missing = max(0, width - text.count)
        guard missing > 0 else { return text }
        let left = alignment == "<" ? 0 : alignment == "^" ? missing / 2 : missing
        var result = TracedString(String(repeating: String(fill), count: left))
        result.append(text)
        result.append(String(repeating: String(fill), count: missing - left))
        return result
    }
}

/// Reads a format from left to right.
struct FormatReader {
    let text: TracedString
    /// In bytes.
    var position = 0

    init(_ text: TracedString) { self.text = text }

    var next: Unicode.Scalar? { position < text.bytes.count ? text.bytes.span.scalar(at: position).scalar : nil }

    mutating func advance() { if position < text.bytes.count { position += text.bytes.span.scalar(at: position).length } }

    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        advance()
        return true
    }

    /// What stands before a character, which is read past; nil if it does not come.
    mutating func read(until end: Unicode.Scalar) -> TracedString? {
        guard let place = text.find(Array(String(end).utf8), in: position..<text.bytes.count) else { return nil }
        defer { position = place + 1 }
        return text[position..<place]
    }

    /// Digits as a number, at most a billion.
    mutating func number() -> Int? {
        var value: Int?
        while let digit = next?.value, (0x30...0x39).contains(digit) {
            value = min(1_000_000_000, (value ?? 0) * 10 + Int(digit - 0x30))
            position += 1
        }
        return value
    }
}
