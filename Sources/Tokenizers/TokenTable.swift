/// The spellings of a vocabulary, by id and by spelling.
///
/// Spellings lie end to end in one buffer and are compared byte for byte: Swift's own string comparison would hold "é" and "e\u{301}" equal.
/// Ids may have holes.
struct TokenTable: Sendable {
    private var spellings: [UInt8] = []
    /// First byte and length of each id's spelling; a length of -1 marks a hole.
    private var places: [(start: Int32, length: Int32)] = []
    /// Open addressing: ids, -1 where free; a power of two of them, at most half taken.
    private var slots: [Int32] = Array(repeating: -1, count: 16)
    private(set) var count = 0

    /// Highest id + 1.
    var idLimit: Int { places.count }

    /// Adds a token. Returns the token that stands in the way, if the id or the spelling is taken.
    mutating func insert(_ token: String, id: Int32) -> (token: String, id: Int32)? {
        if let present = self.token(of: id) { return (present, id) }
        if let present = self.id(of: token) { return (token, present) }
        add(token.utf8.span, id: id)
        return nil
    }

    /// Gives a free id a spelling; where another id has it, that one keeps being found by it.
    mutating func set(_ spelling: Span<UInt8>, id: Int32) {
        guard range(of: id) == nil else { return }
        add(spelling, id: id)
    }

    private mutating func add(_ spelling: Span<UInt8>, id: Int32) {
        while places.count <= Int(id) { places.append((0, -1)) }
        places[Int(id)] = (Int32(spellings.count), Int32(spelling.count))
        for index in 0..<spelling.count { spellings.append(spelling[index]) }
        count += 1
        if count * 2 > slots.count { grow() } else { place(id) }
    }

    func token(of id: Int32) -> String? {
        guard let range = range(of: id) else { return nil }
        return String(decoding: spellings[range], as: UTF8.self)
    }

    func id(of token: String) -> Int32? { id(of: token.utf8.span) }

    /// The id of the token that UTF-8 `spelling` names.
    func id(of spelling: Span<UInt8>) -> Int32? {
        var slot = Self.hash(spelling) & (slots.count - 1)
        while slots[slot] >= 0 {
            if equals(slots[slot], spelling) { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Whether an id's spelling begins with `beginning`.
    func starts(_ id: Int32, with beginning: [UInt8]) -> Bool {
        guard let range = range(of: id) else { return false }
        return spellings.span.holds(beginning, at: range.lowerBound, before: range.upperBound)
    }

    private func range(of id: Int32) -> Range<Int>? {
        guard id >= 0, Int(id) < places.count, places[Int(id)].length >= 0 else { return nil }
        let start = Int(places[Int(id)].start)
        return start..<start + Int(places[Int(id)].length)
    }

    private func equals(_ id: Int32, _ spelling: Span<UInt8>) -> Bool {
        let place = places[Int(id)]
        guard Int(place.length) == spelling.count else { return false }
        for index in 0..<spelling.count where spellings[Int(place.start) + index] != spelling[index] { return false }
        return true
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: slots.count * 2)
        for id in places.indices where places[id].length >= 0 { place(Int32(id)) }
    }

    private mutating func place(_ id: Int32) {
        guard let range = range(of: id) else { return }
        var slot = Self.hash(spellings.span.extracting(range)) & (slots.count - 1)
        while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = id
    }

    private static func hash(_ bytes: Span<UInt8>) -> Int {
        var hash = Fingerprint()
        for index in 0..<bytes.count { hash.add(bytes[index]) }
        return Int(truncatingIfNeeded: hash.value ^ hash.value >> 32)
    }
}

/// FNV-1a with 64 bits (Fowler, Noll and Vo; RFC 9923 gives the constants).
struct Fingerprint: Sendable {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }

    /// Adds a number as eight bytes, the lowest first.
    mutating func add(_ number: Int) {
        for shift in stride(from: 0, to: 64, by: 8) { add(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    /// Adds a text with its length, so that "a", "b" and "ab", "" differ.
    mutating func add(_ text: String) {
        add(text.utf8.count)
        for byte in text.utf8 { add(byte) }
    }

    /// Sixteen hexadecimal digits.
    var hexadecimal: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
