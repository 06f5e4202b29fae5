/// Turns the bytes of generated tokens into text that can be shown at once.
///
/// A character whose bytes have not all come is held back, and so is the beginning of what may become a stop string. Bytes that are not UTF-8
/// become U+FFFD.
struct TextStream {
    private let stops: [[UInt8]]
    private var pending: [UInt8] = []
    /// All text given out so far.
    private(set) var text = ""
    /// Whether a stop string has come; nothing follows it.
    private(set) var isStopped = false

    init(stopStrings: [String]) { stops = stopStrings.map { Array($0.utf8) } }

    /// Takes the bytes of a token; returns the text that is now certain, which may be empty.
    mutating func append(_ bytes: [UInt8]) -> String {
        guard !isStopped else { return "" }
        pending += bytes
        if let end = firstStop() {
            isStopped = true
            pending.removeSubrange(end...)
            return give(pending.count)
        }
        return give(completeCount(pending.count - heldCount()))
    }

    /// What was held back, once nothing can follow.
    mutating func finish() -> String { give(pending.count) }

    private mutating func give(_ count: Int) -> String {
        let piece = String(decoding: pending[..<count], as: UTF8.self)
        pending.removeFirst(count)
        text += piece
        return piece
    }

    /// Where the first stop string begins.
    private func firstStop() -> Int? {
        pending.indices.first { start in stops.contains { pending[start...].starts(with: $0) } }
    }

    /// The bytes at the end that may be the beginning of a stop string.
    private func heldCount() -> Int {
        let start = pending.indices.first { start in stops.contains { $0.starts(with: pending[start...]) } }
        return start.map { pending.count - $0 } ?? 0
    }

    /// How many of the first `count` bytes come before a character that is not whole.
    private func completeCount(_ count: Int) -> Int {
        for back in 1...3 where back <= count {
            let byte = pending[count - back]
            // 10xxxxxx continues a character; the others say how long theirs is.
            guard byte & 0xC0 != 0x80 else { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > back ? count - back : count
        }
        return count
    }
}
