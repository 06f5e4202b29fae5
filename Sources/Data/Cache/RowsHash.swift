/// A hash of a list of rows that is made in parts: whoever hashed the rows before and those after can join the two.
///
/// The rows' own hashes are the coefficients of a polynomial, whose value at a fixed point modulo the prime 2^61 - 1 is the hash (Karp and Rabin
/// 1987, "Efficient randomized pattern-matching algorithms"); so their order counts.
struct RowsHash: Codable, Equatable, Sendable {
    private(set) var value: UInt64 = 0
    /// The point to the power of the number of rows.
    private(set) var power: UInt64 = 1

    private static let prime: UInt64 = 1 << 61 - 1
    private static let point: UInt64 = 0x1234_5678_9ABC_DEF1

    mutating func add(_ row: UInt64) {
        value = Self.sum(Self.product(value, Self.point), row % Self.prime)
        power = Self.product(power, Self.point)
    }

    /// Takes in the rows after these.
    mutating func append(_ next: RowsHash) {
        value = Self.sum(Self.product(value, next.power % Self.prime), next.value % Self.prime)
        power = Self.product(power, next.power % Self.prime)
    }

    private static func sum(_ a: UInt64, _ b: UInt64) -> UInt64 { (a + b) % prime }

    private static func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (high, low) = a.multipliedFullWidth(by: b)
        return prime.dividingFullWidth((high, low)).remainder
    }

    /// The hash of one row, from its words as a part keeps them: tokens, then marks.
    static func hash(length: Int, words: some RandomAccessCollection<UInt32>) -> UInt64 {
        var checksum = Checksum()
        checksum.add(length)
        checksum.add(words: words)
        return checksum.value
    }
}

extension Checksum {
    /// Takes in 32-bit words, two at a time.
    @inline(__always)
    mutating func add(words: some RandomAccessCollection<UInt32>) {
        var low: UInt32?
        for word in words {
            if let first = low {
                add(UInt64(first) | UInt64(word) << 32)
                low = nil
            } else {
                low = word
            }
        }
        if let low { add(UInt64(low)) }
    }
}
