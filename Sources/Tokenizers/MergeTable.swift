/// Which pairs of tokens merge, in what order of preference, and into what.
///
/// Open addressing on the pair, so that a look-up touches one cache line.
struct MergeTable: Sendable {
    /// One merge: the ids of both parts and of the token they become.
    struct Merge: Equatable, Sendable {
        var left: Int32
        var right: Int32
        var merged: Int32
    }

    /// No merge: ranks after every real one.
    static let none = UInt64.max

    /// Pairs and values alternate; a pair of all ones is free.
    private var slots: [UInt64]
    private let mask: Int

    /// - Parameter merges: The best first. Where a pair occurs twice the later rank counts, as in the `tokenizers` library.
    init(_ merges: [Merge]) {
        var capacity = 16
        while capacity < merges.count * 2 { capacity *= 2 }
        mask = capacity - 1
        slots = Array(repeating: .max, count: capacity * 2)
        for (rank, merge) in merges.enumerated() {
            let slot = slot(of: Self.key(merge.left, merge.right))
            slots[slot] = Self.key(merge.left, merge.right)
            slots[slot + 1] = UInt64(rank) << 32 | UInt64(UInt32(bitPattern: merge.merged))
        }
    }

    /// The rank of the pair in the high half, the id it becomes in the low half; `none` if it does not merge.
    func value(_ left: Int32, _ right: Int32) -> UInt64 { slots[slot(of: Self.key(left, right)) + 1] }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// The slot that holds the pair, or the free one where it would go. Fibonacci hashing (Knuth, volume 3, section 6.4).
    private func slot(of key: UInt64) -> Int {
        var index = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
        while slots[index * 2] != key, slots[index * 2] != .max { index = (index + 1) & mask }
        return index * 2
    }
}
