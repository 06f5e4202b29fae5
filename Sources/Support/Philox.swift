import Glibc

/// Philox-4x32-10: four random words as a pure function of a key and a counter.
///
/// Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", section 3.3 and table 2. Nothing is stored, so any
/// rank can compute the value that belongs to any position: dropout masks, initial values and data order depend on what they are for, never
/// on who computes them. `PhiloxTests` holds the known answers of the authors' Random123.
public struct Philox: Sendable {
    public typealias Words = (UInt32, UInt32, UInt32, UInt32)

    public var key: (UInt32, UInt32)

    public init(key: (UInt32, UInt32)) { self.key = key }

    /// A stream of its own for each seed and purpose.
    public init(seed: UInt64, purpose: Purpose) {
        let mixed = seed &+ 0x9E37_79B9_7F4A_7C15 &* (UInt64(purpose.rawValue) &+ 1)
        var z = mixed
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        key = (UInt32(truncatingIfNeeded: z), UInt32(truncatingIfNeeded: z >> 32))
    }

    /// What a stream is used for; streams of different purposes are independent.
    public enum Purpose: UInt32, Sendable {
        case initialValues, dataOrder, dropout, sampling, split
    }

    /// The four words at a 128-bit counter, given as two 64-bit halves.
    @inlinable
    public func words(_ low: UInt64, _ high: UInt64 = 0) -> Words {
        var c = (
            UInt32(truncatingIfNeeded: low), UInt32(truncatingIfNeeded: low >> 32),
            UInt32(truncatingIfNeeded: high), UInt32(truncatingIfNeeded: high >> 32)
        )
        var (k0, k1) = key
        for _ in 0..<10 {
            let product0 = UInt64(0xD251_1F53) &* UInt64(c.0)
            let product1 = UInt64(0xCD9E_8D57) &* UInt64(c.2)
            c = (
                UInt32(truncatingIfNeeded: product1 >> 32) ^ c.1 ^ k0, UInt32(truncatingIfNeeded: product1),
                UInt32(truncatingIfNeeded: product0 >> 32) ^ c.3 ^ k1, UInt32(truncatingIfNeeded: product0)
            )
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return c
    }

    /// A uniform number in [0, 1) with 24 random bits.
    @inlinable
    public static func unit(_ word: UInt32) -> Float { Float(word >> 8) * 0x1p-24 }

    /// Two independent standard normal numbers from two words (Box and Muller 1958).
    public static func normals(_ a: UInt32, _ b: UInt32) -> (Float, Float) {
        let radius = (-2 * log((Double(a) + 1) * 0x1p-32)).squareRoot()
        let angle = 2 * Double.pi * Double(b) * 0x1p-32
        return (Float(radius * cos(angle)), Float(radius * sin(angle)))
    }

    /// A permutation of `0..<count`: Fisher and Yates's shuffle, position `i` drawing from counter `(i, stream)`.
    ///
    /// - Precondition: `count` is at most 2^32.
    public func permutation(_ count: Int, stream: UInt64) -> [UInt32] {
        precondition(count >= 0 && count <= 1 << 32, "Philox.permutation: \(count) is more than 32 bits number")
        var order = (0..<count).map { UInt32(truncatingIfNeeded: $0) }
        var i = count - 1
        while i > 0 {
            let (a, b, _, _) = words(UInt64(i), stream)
            let draw = (UInt64(a) << 32 | UInt64(b)).multipliedFullWidth(by: UInt64(i + 1)).high
            order.swapAt(i, Int(draw))
            i -= 1
        }
        return order
    }
}
