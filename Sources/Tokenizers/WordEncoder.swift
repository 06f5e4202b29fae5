/// Byte-pair encoding of one word: merges the pair of lowest rank, leftmost first, until none is left.
///
/// Sennrich, Haddow and Birch 2016, arXiv:1508.07909, section 3.2. Short words look through all pairs at each merge; long ones keep the pairs
/// in a heap, so that n bytes take O(n log n).
struct WordEncoder: Sendable {
    /// The tokens of the word last encoded, and what each covers, in the unit that `append` was given.
    private(set) var symbols: [Int32] = []
    private(set) var lengths: [Int] = []
    private var pairs: [UInt64] = []
    private var heap = MinimumHeap()
    private var next: [Int32] = []
    private var previous: [Int32] = []

    /// From this many symbols on the heap is faster.
    private static let longWord = 64

    mutating func removeAll() {
        symbols.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
    }

    mutating func append(_ symbol: Int32, length: Int) {
        symbols.append(symbol)
        lengths.append(length)
    }

    /// Lengthens the last symbol.
    mutating func extendLast(by length: Int) { lengths[lengths.count - 1] += length }

    mutating func merge(_ merges: MergeTable) {
        if symbols.count < Self.longWord { mergeShort(merges) } else { mergeLong(merges) }
    }

    private mutating func mergeShort(_ merges: MergeTable) {
        guard symbols.count > 1 else { return }
        pairs.removeAll(keepingCapacity: true)
        for index in 0..<symbols.count - 1 { pairs.append(merges.value(symbols[index], symbols[index + 1])) }
        while true {
            var best = MergeTable.none
            var position = 0
            for index in pairs.indices where pairs[index] < best {
                best = pairs[index]
                position = index
            }
            guard best != MergeTable.none else { return }
            symbols[position] = Int32(truncatingIfNeeded: best)
            lengths[position] += lengths[position + 1]
            symbols.remove(at: position + 1)
            lengths.remove(at: position + 1)
            pairs.remove(at: position)
            if position < pairs.count { pairs[position] = merges.value(symbols[position], symbols[position + 1]) }
            if position > 0 { pairs[position - 1] = merges.value(symbols[position - 1], symbols[position]) }
        }
    }

    /// The same with a linked list of symbols and a heap of (rank, position); entries whose pair has changed since are passed over.
    private mutating func mergeLong(_ merges: MergeTable) {
        let count = symbols.count
        previous = (0..<Int32(count)).map { $0 - 1 }
        next = (0..<Int32(count)).map { $0 + 1 }
        heap.removeAll()
        for position in 0..<count - 1 { push(position, merges.value(symbols[position], symbols[position + 1])) }
        while let entry = heap.popFirst() {
            let position = Int(UInt32(truncatingIfNeeded: entry))
            let right = Int(next[position])
            guard lengths[position] >= 0, right < count else { continue }
            let value = merges.value(symbols[position], symbols[right])
            guard value != MergeTable.none, value >> 32 == entry >> 32 else { continue }
            symbols[position] = Int32(truncatingIfNeeded: value)
            lengths[position] += lengths[right]
            lengths[right] = -1
            next[position] = next[right]
            let after = Int(next[position])
            let before = Int(previous[position])
            if after < count {
                previous[after] = Int32(position)
                push(position, merges.value(symbols[position], symbols[after]))
            }
            if before >= 0 { push(before, merges.value(symbols[before], symbols[position])) }
        }
        keepMerged()
    }

    private mutating func push(_ position: Int, _ value: UInt64) {
        if value != MergeTable.none { heap.push(value & ~0xFFFF_FFFF | UInt64(position)) }
    }

    private mutating func keepMerged() {
        var kept = 0
        for position in symbols.indices where lengths[position] >= 0 {
            symbols[kept] = symbols[position]
            lengths[kept] = lengths[position]
            kept += 1
        }
        symbols.removeLast(symbols.count - kept)
        lengths.removeLast(lengths.count - kept)
    }
}

/// A binary heap of numbers, the smallest first (Williams 1964, algorithm 232).
struct MinimumHeap: Sendable {
    private var items: [UInt64] = []

    mutating func removeAll() { items.removeAll(keepingCapacity: true) }

    mutating func push(_ item: UInt64) {
        items.append(item)
        var child = items.count - 1
        while child > 0, items[(child - 1) / 2] > item {
            items[child] = items[(child - 1) / 2]
            child = (child - 1) / 2
        }
        items[child] = item
    }

    mutating func popFirst() -> UInt64? {
        guard let first = items.first, let last = items.popLast() else { return nil }
        guard !items.isEmpty else { return first }
        var parent = 0
        while true {
            var child = parent * 2 + 1
            guard child < items.count else { break }
            if child + 1 < items.count, items[child + 1] < items[child] { child += 1 }
            guard items[child] < last else { break }
            items[parent] = items[child]
            parent = child
        }
        items[parent] = last
        return first
    }
}
