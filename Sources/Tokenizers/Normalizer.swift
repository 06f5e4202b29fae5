import Support

/// One step that changes text before it is cut, as the `normalizer` of a `tokenizer.json` lists them.
enum Normalizer: Sendable {
    case form(NormalForm)
    case lowercase
    case strip(left: Bool, right: Bool)
    case stripAccents
    case replace(SearchPattern, [UInt8])
    /// Puts a text before every text that is not empty.
    case prepend([UInt8])
    case precompiled(CharacterMap)

    /// Whether the step surely leaves `text[range]` as it is; cheap, so that most text is never copied.
    func leaves(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard !range.isEmpty else { return true }
        switch self {
        case .form(let form): return form.leaves(text, range)
        case .lowercase: return range.allSatisfy { text[$0] < 0x80 && !(0x41...0x5A).contains(text[$0]) }
        case .strip(let left, let right):
            return !(left && text.scalar(at: range.lowerBound).scalar.properties.isWhitespace)
                && !(right && text.scalar(at: text.index(before: range.upperBound)).scalar.properties.isWhitespace)
        case .stripAccents: return range.allSatisfy { text[$0] < 0xCC }
        case .replace(.literal(let content), _): return !range.contains { text.holds(content, at: $0, before: range.upperBound) }
        case .replace, .prepend: return false
        case .precompiled(let map): return map.leaves(text, range)
        }
    }

    func apply(to text: AlignedText, _ matcher: Matcher) throws(TrainerError) -> AlignedText {
        guard !text.bytes.isEmpty else { return text }
        let bytes = text.bytes.span
        switch self {
        case .form(let form): return form.apply(to: text)
        case .lowercase: return text.changed(Self.lowercase(bytes))
        case .strip(let left, let right): return Self.strip(text, left: left, right: right)
        case .stripAccents: return Self.stripAccents(text)
        case .replace(let pattern, let content): return try pattern.replacing(text, with: content, matcher)
        case .prepend(let content):
            var result = AlignedText(start: text.start)
            result.reserveCapacity(bytes.count + content.count)
            result.append(content, origin: text.origins[0])
            result.append(bytes, 0..<bytes.count, text.origins)
            return result
        case .precompiled(let map): return map.apply(to: text)
        }
    }

    private static func lowercase(_ text: Span<UInt8>) -> [AlignedText.Change] {
        var changes: [AlignedText.Change] = []
        changes.reserveCapacity(text.count)
        var position = 0
        while position < text.count {
            let (scalar, length) = text.scalar(at: position)
            if scalar.isASCII {
                let isCapital = (0x41...0x5A).contains(scalar.value)
                changes.append(.init(scalar: isCapital ? Unicode.Scalar(UInt8(scalar.value) + 0x20) : scalar, count: 0))
            } else {
                for (index, lower) in scalar.properties.lowercaseMapping.unicodeScalars.enumerated() {
                    changes.append(.init(scalar: lower, count: index == 0 ? 0 : 1))
                }
            }
            position += length
        }
        return changes
    }

    private static func strip(_ text: AlignedText, left: Bool, right: Bool) -> AlignedText {
        let bytes = text.bytes.span
        var (lower, upper) = (0, bytes.count)
        while left, lower < upper, bytes.scalar(at: lower).scalar.properties.isWhitespace { lower = bytes.boundary(from: lower + 1) }
        while right, upper > lower, bytes.scalar(at: bytes.index(before: upper)).scalar.properties.isWhitespace { upper = bytes.index(before: upper) }
        return text.part(lower..<upper)
    }

    private static func stripAccents(_ text: AlignedText) -> AlignedText {
        let bytes = text.bytes.span
        var result = AlignedText(start: text.start)
        var position = 0
        while position < bytes.count {
            let (scalar, length) = bytes.scalar(at: position)
            if !scalar.isMark { result.append(bytes, position..<position + length, text.origins) }
            position += length
        }
        return result
    }
}

extension [Normalizer] {
    /// What the steps make of `text[range]`; nil if that is the text itself.
    func normalized(_ text: Span<UInt8>, _ range: Range<Int>, _ matcher: Matcher) throws(TrainerError) -> AlignedText? {
        guard let first = firstIndex(where: { !$0.leaves(text, range) }) else { return nil }
        var result = AlignedText(text, range)
        for step in self[first...] {
            if step.leaves(result.bytes.span, 0..<result.bytes.count) { continue }
            result = try step.apply(to: result, matcher)
        }
        return result
    }

    /// A text as it stands in normalised text.
    func normalized(_ text: String, _ matcher: Matcher) throws(TrainerError) -> [UInt8] {
        let bytes = [UInt8](text.utf8)
        return try normalized(bytes.span, 0..<bytes.count, matcher)?.bytes ?? bytes
    }
}
