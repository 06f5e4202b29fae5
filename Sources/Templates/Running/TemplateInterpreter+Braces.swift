import Support

extension TemplateInterpreter {
    /// Python's `str.format`.
    func braceFormat(_ format: TracedString, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        var numbering = FieldNumbering()
        return try made(try braceFormat(format, arguments, &numbering, level: 0))
    }

    /// Fields are numbered by themselves or by the format, not both.
    private struct FieldNumbering {
        var next = 0
        var isManual = false
    }

    private func braceFormat(
        _ format: TracedString, _ arguments: TemplateArguments, _ numbering: inout FieldNumbering, level: Int
    ) throws(TrainerError) -> TracedString {
        guard level < 2 else { throw error("a format lies more than two levels deep in others") }
        try charge(bytes: format.bytes.count)
        var result = TracedString()
        var reader = FormatReader(format)
        while let scalar = reader.next {
            let start = reader.position
            reader.advance()
            switch scalar {
            case "{" where !reader.skip("{"):
                result.append(try field(&reader, arguments, &numbering, level: level))
                try checkSize(result.bytes.count)
            case "}":
                guard reader.skip("}") else { throw error("a format has a } without its {") }
                result.append("}")
            case "{": result.append("{")
            default: result.append(format[start..<reader.position])
            }
        }
        return result
    }

    /// A field, whose `{` is read.
    private func field(
        _ reader: inout FormatReader, _ arguments: TemplateArguments, _ numbering: inout FieldNumbering, level: Int
    ) throws(TrainerError) -> TracedString {
        let start = reader.position
        while let scalar = reader.next, scalar != "}", scalar != ":", scalar != "!" { reader.advance() }
        var value = try named(reader.text[start..<reader.position], arguments, &numbering)
        if reader.skip("!") {
            switch reader.next {
            case "s": value = .string(try text(of: value))
            case "r": value = .string(try represented(value))
            default: throw error("a format has an unknown conversion after !")
            }
            reader.advance()
        }
        var specification: FormatSpecification?
        if reader.skip(":") {
            let start = reader.position
            var depth = 0
            while let scalar = reader.next, scalar != "}" || depth > 0 {
                depth += scalar == "{" ? 1 : scalar == "}" ? -1 : 0
                reader.advance()
            }
            let text = try braceFormat(reader.text[start..<reader.position], arguments, &numbering, level: level + 1)
            if !text.isEmpty { specification = try parse(text) }
        }
        guard reader.skip("}") else { throw error("a format has a { without its }") }
        return try formatted(value, specification)
    }

    /// The value that `0`, `name`, `name.attribute` or `name[key]` stands for.
    private func named(
        _ field: TracedString, _ arguments: TemplateArguments, _ numbering: inout FieldNumbering
    ) throws(TrainerError) -> TemplateValue {
        var reader = FormatReader(field)
        while let scalar = reader.next, scalar != ".", scalar != "[" { reader.advance() }
        let first = field[0..<reader.position].text
        var value: TemplateValue
        if first.isEmpty || first.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            guard numbering.next == 0 || !numbering.isManual, first.isEmpty || numbering.next == 0 else {
                throw error("a format mixes fields with and without numbers")
            }
            if first.isEmpty, numbering.isManual { throw error("a format mixes fields with and without numbers") }
            numbering.isManual = !first.isEmpty
            let index = first.isEmpty ? numbering.next : Int(first) ?? .max
            if first.isEmpty { numbering.next += 1 }
            guard arguments.positional.indices.contains(index) else { throw error("a format names the value \(index), which is not given") }
            value = arguments.positional[index]
        } else {
            guard let found = arguments.keywords.first(where: { $0.name == first })?.value else {
                throw error("a format names the value \(first), which is not given")
            }
            value = found
        }
        while reader.next != nil {
            if reader.skip("[") {
                guard let key = reader.read(until: "]") else { throw error("a format has a [ without its ]") }
                value = try item(Int(key.text).map { .integer($0) } ?? .string(key), of: value)
            } else {
                reader.advance()
                let start = reader.position
                while let scalar = reader.next, scalar != ".", scalar != "[" { reader.advance() }
                value = try attribute(field[start..<reader.position].text, of: value)
            }
        }
        return value
    }

    private func parse(_ text: TracedString) throws(TrainerError) -> FormatSpecification {
        var specification = FormatSpecification()
        var reader = FormatReader(text)
        let alignments = "<>^=".unicodeScalars
        var ahead = reader
        ahead.advance()
        if let alignment = ahead.next, alignments.contains(alignment) {
            specification.fill = reader.next
            reader.advance()
        }
        if let alignment = reader.next, alignments.contains(alignment) {
            specification.alignment = alignment
            reader.advance()
        }
        if let sign = reader.next, "+- ".unicodeScalars.contains(sign) {
            specification.sign = sign
            reader.advance()
        }
        specification.isAlternate = reader.skip("#")
        if reader.skip("0"), specification.fill == nil {
            specification.fill = "0"
        }
        specification.width = reader.number() ?? 0
        try checkSize(specification.width)
        if let grouping = reader.next, grouping == "," || grouping == "_" {
            specification.grouping = grouping
            reader.advance()
        }
        if reader.skip(".") {
            guard let precision = reader.number() else { throw error("a format has a point without a precision") }
            specification.precision = precision
        }
        specification.type = reader.next
        reader.advance()
        guard reader.next == nil else { throw error("the format \(text.text) is not supported") }
        return specification
    }
}
