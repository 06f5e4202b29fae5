import Foundation
import Support

/// Python's two ways to format, `text % values` and `text.format(values)`, as far as chat templates go: no alignment, no grouping, no exponents.
extension TemplateInterpreter {
    /// What may stand with a conversion: `05d`, `.2f`, `8s`.
    private struct FormatSpecification: Equatable {
        var isZeroFilled = false
        var width = 0
        var precision: Int?
        /// `s`, `r`, `d` or `f`; nil for what the value is.
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
            let specification = try readSpecification(&reader)
            guard specification.type != nil else { throw error("a format ends within a conversion") }
            guard let value = operand ?? arguments.popFirst() else { throw error("a format has more conversions than values") }
            let text = try formatted(value, specification, isPercent: true)
            result.append(format.isMarkup ? text.escapedForHTML : text)
            try checkSize(result.bytes.count)
        }
        guard arguments.isEmpty || mapping != nil else { throw error("a format has fewer conversions than values") }
        result.append(format[reader.position..<format.bytes.count])
        return try made(result)
    }

    // MARK: - Braces

    func braceFormat(_ format: TracedString, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        try charge(bytes: format.bytes.count)
        var result = TracedString()
        var reader = FormatReader(format)
        // Fields are numbered by themselves or by the format, not both.
        var next: Int? = 0
        while let scalar = reader.next {
            let start = reader.position
            reader.advance()
            switch scalar {
            case "{" where !reader.skip("{"):
                result.append(try field(&reader, arguments, &next))
                try checkSize(result.bytes.count)
            case "}":
                guard reader.skip("}") else { throw error("a format has a } without its {") }
                result.append("}")
            case "{": result.append("{")
            default: result.append(format[start..<reader.position])
            }
        }
        return try made(result)
    }

    /// A field, whose `{` is read.
    private func field(_ reader: inout FormatReader, _ arguments: TemplateArguments, _ next: inout Int?) throws(TrainerError) -> TracedString {
        let start = reader.position
        while let scalar = reader.next, scalar != "}", scalar != ":", scalar != "!" { reader.advance() }
        let name = reader.text[start..<reader.position].text
        var value: TemplateValue
        if name.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            if !name.isEmpty, next == 0 { next = nil }
            guard name.isEmpty == (next != nil) else { throw error("a format mixes fields with and without numbers") }
            let index = next ?? Int(name) ?? .max
            next = next.map { $0 + 1 }
            guard arguments.positional.indices.contains(index) else { throw error("a format names the value \(index), which is not given") }
            value = arguments.positional[index]
        } else {
            guard !name.contains("."), !name.contains("[") else { throw error("a format that names a part of a value is not supported") }
            guard let found = arguments.keywords.first(where: { $0.name == name })?.value else {
                throw error("a format names the value \(name), which is not given")
            }
            value = found
        }
        if reader.skip("!") {
            guard reader.skip("s") || reader.skip("r") else { throw error("a format has a conversion after ! that is not supported") }
            value = .string(reader.text.bytes[reader.position - 1] == UInt8(ascii: "r") ? try represented(value) : try text(of: value))
        }
        let specification = reader.skip(":") ? try readSpecification(&reader) : FormatSpecification()
        guard reader.skip("}") else { throw error("a format has a { without its }, or is not supported") }
        return try formatted(value, specification, isPercent: false)
    }

    // MARK: - Values

    private func readSpecification(_ reader: inout FormatReader) throws(TrainerError) -> FormatSpecification {
        var specification = FormatSpecification()
        specification.isZeroFilled = reader.skip("0")
        specification.width = reader.number() ?? 0
        if reader.skip(".") { specification.precision = reader.number() ?? 0 }
        try checkSize(max(specification.width, specification.precision ?? 0))
        switch reader.next {
        case "s", "r", "d", "f": specification.type = reader.next
        case "i": specification.type = "d"
        case nil, "}": return specification
        case let scalar?: throw error("the format \(scalar) is not supported")
        }
        reader.advance()
        return specification
    }

    private func formatted(_ value: TemplateValue, _ specification: FormatSpecification, isPercent: Bool) throws(TrainerError) -> TracedString {
        switch (specification.type, value) {
        case ("d", _), (nil, .integer), (nil, .boolean):
            var integer = value.index
            // A percent sign cuts fractions off.
            if case .double(let double) = value, isPercent { integer = Int(exactly: double.rounded(.towardZero)) }
            if case .boolean = value, specification.type == nil, specification.width == 0 { return try text(of: value) }
            guard let integer, specification.precision == nil else { throw error("a format of integers is given a \(value.typeName)") }
            return padded(TracedString(String(integer)), specification, isNumber: true)
        case ("f", _):
            guard let number = value.number, (specification.precision ?? 6) <= 400 else {
                throw error("a format of numbers is given a \(value.typeName)")
            }
            return padded(TracedString(String(format: "%.\(specification.precision ?? 6)f", number)), specification, isNumber: true)
        case (nil, .double):
            guard specification.precision == nil else { throw error("a format without a type, but with a precision, is not supported") }
            return padded(try text(of: value), specification, isNumber: true)
        default:
            if !isPercent {
                let isText = if case .string = value { true } else { specification == FormatSpecification() }
                guard isText, specification.type != "r", !specification.isZeroFilled else { throw error("a format does not fit a \(value.typeName)") }
            }
            let text = specification.type == "r" ? try represented(value) : try text(of: value)
            let starts = text.boundaries
            let cut = specification.precision.map { text[0..<starts[min($0, starts.count - 1)]] } ?? text
            var plain = specification
            plain.isZeroFilled = false
            return padded(cut, plain, isNumber: isPercent)
        }
    }

    /// Numbers stand to the right, zeros between sign and digits; texts to the left, but under a percent sign.
    private func padded(_ text: TracedString, _ specification: FormatSpecification, isNumber: Bool) -> TracedString {
        let missing = max(0, specification.width - text.count)
        guard missing > 0 else { return text }
        let fill = String(repeating: specification.isZeroFilled ? "0" : " ", count: missing)
        let sign = specification.isZeroFilled && text.bytes.first == UInt8(ascii: "-") ? 1 : isNumber ? 0 : text.bytes.count
        var result = text[0..<sign]
        result.append(fill)
        result.append(text[sign..<text.bytes.count])
        return result
    }
}

/// Reads a format from left to right.
private struct FormatReader {
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
