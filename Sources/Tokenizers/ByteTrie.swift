/// A trie of byte strings, each with a number: the strings that start at a place of a text are found by one walk.
///
/// Edges lie in one table with open addressing, keyed by node and byte; the root is node 0.
struct ByteTrie: Sendable {
    /// Keys and nodes alternate; a key of all ones is free.
    private var slots: [UInt64] = Array(repeating: .max, count: 64)
    /// The number of the string that ends at each node, -1 for none.
    private var values: [Int32] = [-1]

    /// Adds a string; the last number given to it counts.
    mutating func insert(_ bytes: some Sequence<UInt8>, value: Int32) {
        var node = 0
        for byte in bytes {
            if let known = child(of: node, byte) {
                node = known
            } else {
                values.append(-1)
                add(Self.key(node, byte), values.count - 1)
                node = values.count - 1
            }
        }
        values[node] = value
    }

    /// The node that a byte leads to from another.
    func child(of node: Int, _ byte: UInt8) -> Int? {
        let key = Self.key(node, byte)
        var index = Self.hash(key) & (slots.count / 2 - 1)
        while slots[index * 2] != key {
            guard slots[index * 2] != .max else { return nil }
            index = (index + 1) & (slots.count / 2 - 1)
        }
        return Int(slots[index * 2 + 1])
    }

    /// The number of the string that ends at a node, -1 for none.
    func value(at node: Int) -> Int32 { values[node] }

    private static func key(_ node: Int, _ byte: UInt8) -> UInt64 { UInt64(node) << 8 | UInt64(byte) }

    /// Fibonacci hashing (Knuth, volume 3, section 6.4).
    private static func hash(_ key: UInt64) -> Int { Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) }

    private mutating func add(_ key: UInt64, _ node: Int) {
        // Two numbers a slot and at most half of the slots taken.
        if values.count * 4 > slots.count {
            let old = slots
            slots = Array(repeating: .max, count: old.count * 2)
            for index in stride(from: 0, to: old.count, by: 2) where old[index] != .max { place(old[index], old[index + 1]) }
        }
        place(key, UInt64(node))
    }

    private mutating func place(_ key: UInt64, _ node: UInt64) {
        var index = Self.hash(key) & (slots.count / 2 - 1)
        while slots[index * 2] != .max { index = (index + 1) & (slots.count / 2 - 1) }
        slots[index * 2] = key
        slots[index * 2 + 1] = node
    }
}
