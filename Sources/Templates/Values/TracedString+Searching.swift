extension TracedString {
    /// Where `needle`'s bytes start, in the range; an empty one is found at once.
    func find(_ needle: [UInt8], in range: Range<Int>? = nil) -> Int? {
        let range = range ?? 0..<bytes.count
        return needle.isEmpty ? range.lowerBound : ByteSearch(needle).first(in: bytes, from: range.lowerBound, to: range.upperBound)
    }

    /// The last place that `find` could give.
    func findLast(_ needle: [UInt8], in range: Range<Int>? = nil) -> Int? {
        let range = range ?? 0..<bytes.count
        return needle.isEmpty ? range.upperBound : ByteSearch(needle).all(in: bytes, range, canOverlap: true).last
    }

    /// Where `needle` occurs, without overlaps; an empty one before each scalar and at the end.
    func occurrences(_ needle: [UInt8], limit: Int = .max) -> [Int] {
        needle.isEmpty
            ? Array(boundaries.prefix(limit)) : ByteSearch(needle).all(in: bytes, 0..<bytes.count, canOverlap: false, limit: limit)
    }

    /// What stands between places of `length` bytes each.
    func pieces(between places: [Int], length: Int) -> [TracedString] {
        var start = 0
        var pieces: [TracedString] = []
        for place in places {
            pieces.append(self[start..<place])
            start = place + length
        }
        return pieces + [self[start..<bytes.count]]
    }

    func replacing(_ old: [UInt8], with new: TracedString, limit: Int = .max) -> TracedString {
        let places = occurrences(old, limit: limit)
        guard !places.isEmpty else { return self }
        var result = TracedString()
        for (number, piece) in pieces(between: places, length: old.count).enumerated() {
            if number > 0 { result.append(new) }
            result.append(piece)
        }
        return result
    }

    /// Cut at a separator, at most `limit` times, counted from the left or the right.
    func split(_ separator: [UInt8], limit: Int, fromRight: Bool) -> [TracedString] {
        guard fromRight else { return pieces(between: occurrences(separator, limit: limit), length: separator.count) }
        var (places, end): ([Int], Int) = ([], bytes.count)
        for place in ByteSearch(separator).all(in: bytes, 0..<bytes.count, canOverlap: true).reversed() where place + separator.count <= end {
            guard places.count < limit else { break }
            places.append(place)
            end = place
        }
        return pieces(between: places.reversed(), length: separator.count)
    }

    /// The words between white space, at most `limit` of them cut off; the rest stays whole, without white space at the cut.
    func splitAtSpace(limit: Int, fromRight: Bool) -> [TracedString] {
        let words = spans { !$0.isPythonSpace }
        guard words.count > limit else { return words.map { self[$0] } }
        if fromRight {
            // The rest keeps the white space that it begins with.
            let head = self[0..<words[words.count - limit - 1].upperBound]
            return [head] + words.suffix(limit).map { self[$0] }
        }
        let rest = words[limit].lowerBound..<bytes.count
        return words.prefix(limit).map { self[$0] } + [self[rest]]
    }

    /// The longest ranges whose scalars `isIncluded` names.
    func spans(where isIncluded: (Unicode.Scalar) -> Bool) -> [Range<Int>] {
        var (found, start, position): ([Range<Int>], Int?, Int) = ([], nil, 0)
        let span = bytes.span
        while position < bytes.count {
            let (scalar, length) = span.scalar(at: position)
            if isIncluded(scalar) {
                start = start ?? position
            } else if let first = start {
                found.append(first..<position)
                start = nil
            }
            position += length
        }
        if let first = start { found.append(first..<position) }
        return found
    }

    /// The lines, cut where Python's `str.splitlines` cuts.
    func lines(keepingEnds: Bool = false) -> [TracedString] {
        var (found, start, position): ([TracedString], Int, Int) = ([], 0, 0)
        let span = bytes.span
        while position < bytes.count {
            let (scalar, length) = span.scalar(at: position)
            guard scalar.isPythonLineEnd else {
                position += length
                continue
            }
            let isPair = scalar == "\r" && position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "\n")
            let next = position + (isPair ? 2 : length)
            found.append(self[start..<(keepingEnds ? next : position)])
            (start, position) = (next, next)
        }
        if start < bytes.count { found.append(self[start..<bytes.count]) }
        return found
    }
}

/// Finds one byte string in others in linear time, whatever both hold.
///
/// Knuth, Morris and Pratt, SIAM Journal on Computing 6 (1977), section 2.
private struct ByteSearch {
    private let needle: [UInt8]
    /// For each prefix, the length of its longest proper prefix that is also its suffix.
    private let borders: [Int]

    /// - Precondition: The needle is not empty.
    init(_ needle: [UInt8]) {
        var borders = [0]
        var length = 0
        for byte in needle.dropFirst() {
            while length > 0, needle[length] != byte { length = borders[length - 1] }
            if needle[length] == byte { length += 1 }
            borders.append(length)
        }
        self.needle = needle
        self.borders = borders
    }

    func first(in bytes: [UInt8], from start: Int, to end: Int) -> Int? {
        var matched = 0
        for position in start..<max(start, end) {
            matched = step(matched, bytes[position])
            if matched == needle.count { return position + 1 - matched }
        }
        return nil
    }

    func all(in bytes: [UInt8], _ range: Range<Int>, canOverlap: Bool, limit: Int = .max) -> [Int] {
        var (found, matched): ([Int], Int) = ([], 0)
        for position in range where found.count < limit {
            matched = step(matched, bytes[position])
            guard matched == needle.count else { continue }
            found.append(position + 1 - matched)
            matched = canOverlap ? borders[matched - 1] : 0
        }
        return found
    }

    private func step(_ matched: Int, _ byte: UInt8) -> Int {
        var matched = matched
        while matched > 0, needle[matched] != byte { matched = borders[matched - 1] }
        return needle[matched] == byte ? matched + 1 : matched
    }
}
