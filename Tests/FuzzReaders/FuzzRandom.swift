import Support

/// The random numbers of one input: a pure function of the seed and the input's number.
struct FuzzRandom {
    private let philox: Philox
    private let number: UInt64
    private var draws: UInt64 = 0

    init(seed: UInt64, number: Int) {
        philox = Philox(key: (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
        self.number = UInt64(number)
    }

    mutating func next() -> UInt64 {
        let (a, b, _, _) = philox.words(draws, number)
        draws += 1
        return UInt64(a) << 32 | UInt64(b)
    }

    /// From 0, below `count`; 0 for a count of 0.
    mutating func below(_ count: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(max(count, 0))).high) }

    mutating func pick<Element>(_ list: [Element]) -> Element { list[below(list.count)] }

    mutating func isOne(in count: Int) -> Bool { below(count) == 0 }
}
