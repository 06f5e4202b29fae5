import Support

/// A sequence of random choices, the same for the same seed and stream on every machine.
struct Draw {
    private let philox: Philox
    private let stream: UInt64
    private var position: UInt64 = 0

    init(seed: UInt64, stream: UInt64) {
        philox = Philox(seed: seed, purpose: .sampling)
        self.stream = stream
    }

    /// A uniform number in `0..<count`.
    mutating func below(_ count: Int) -> Int {
        precondition(count > 0, "Draw.below: nothing to draw from")
        let word = philox.words(position, stream).0
        position += 1
        return Int((UInt64(word) * UInt64(count)) >> 32)
    }

    /// True in `percent` of 100 cases.
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    mutating func pick<Item>(_ items: [Item]) -> Item { items[below(items.count)] }

    /// An item drawn in proportion to its weight.
    mutating func pick<Item>(weighted items: [(item: Item, weight: Int)]) -> Item {
        var left = below(items.reduce(0) { $0 + $1.weight })
        for (item, weight) in items {
            if left < weight { return item }
            left -= weight
        }
        preconditionFailure("Draw.pick: the weights add up to more than was drawn")
    }

    /// Fisher and Yates's shuffle.
    mutating func shuffled<Item>(_ items: [Item]) -> [Item] {
        var items = items
        for last in stride(from: items.count - 1, to: 0, by: -1) { items.swapAt(last, below(last + 1)) }
        return items
    }
}
