/// Zeroes channels at random and scales the others up, with a mask that depends only on where a value belongs.
///
///     output[t, c] = input[t, c] * (bits(t, c) >= round(65536 p) ? 1 / (1 - p) : 0)
///
/// Inverted dropout, Srivastava et al. 2014. `bits` are 16 of the 128 that Philox-4x32-10 (Salmon et al. 2011, table 2; Support's `Philox`)
/// gives under `key` at the counter with low half `tokenPositions[t] << 20 | c / 8` and high half `stream`: of word `c % 8 / 2` the lower
/// half for even c, the upper for odd c. So a slice of rows on another rank sees the same mask, and backward is the same call on gradients.
///
/// - Parameters:
///   - output: Written, `[T, C]`. May be `input` itself.
///   - input: Read, `[T, C]`.
///   - rows: The tokens to work on.
///   - channels: C, at most 8,388,608.
///   - key: The random function's key: seed and purpose.
///   - stream: Which mask: step and layer, say.
///   - tokenPositions: Read, `[T]`; the token's place in the whole step, under 2^44.
///   - probability: p in [0, 1): the share of zeroed values, taken to the nearest 65536th; 0 copies.
///   - firstChannel: The number of the first of the C channels where others come before them.
public func dropoutRows(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, rows: Range<Int>, channels: Int, key: (UInt32, UInt32), stream: UInt64,
    tokenPositions: UnsafePointer<Int64>, probability: Float, firstChannel: Int = 0
) {
    let mask = DropoutMask(key: key, stream: stream, probability: probability)
    let ones = InlineArray<8, Vector>(repeating: Vector(repeating: 1))
    // Masks are drawn from a multiple of 64 channels on; the first of these are others' where the part begins elsewhere.
    let foreign = firstChannel % 64
    for row in rows {
        let x = input + row * channels
        let y = output + row * channels
        for start in stride(from: -foreign, to: channels, by: 128) {
            let group = (firstChannel + start) / 8
            let factors = probability == 0 ? ones : mask.factors(position: UInt64(bitPattern: tokenPositions[row]), group: group)
            for part in 0..<8 {
                let index = start + part * vectorLanes
                let lanes = min(vectorLanes, channels - index)
                if lanes <= 0 { break }
                if index >= 0 {
                    y.store(x.vector(index, lanes) * factors[part], index, lanes)
                } else {
                    for lane in 0..<lanes where index + lane >= 0 { y[index + lane] = x[index + lane] * factors[part][lane] }
                }
            }
        }
    }
}

/// 128 factors at a time: Philox at 16 counters, 8 in the 64-bit lanes of one vector and 8 in another's, because one alone waits for its own products.
private struct DropoutMask {
    typealias Lanes = SIMD8<UInt64>

    let key: (UInt32, UInt32)
    let stream: UInt64
    /// 2^23 more than the least 16 bits that keep a value.
    let threshold: Float
    let scale: Float

    init(key: (UInt32, UInt32), stream: UInt64, probability: Float) {
        self.key = key
        self.stream = stream
        threshold = 8_388_608 + (probability * 65536).rounded()
        scale = 1 / (1 - probability)
    }

    /// The factors of channels `8 * group` to `8 * group + 127` of the token at `position`; `group` is a multiple of 8.
    @inline(__always) func factors(position: UInt64, group: Int) -> InlineArray<8, Vector> {
        let low = position << 20 | UInt64(group)
        var first = Words(low: low, high: stream)
        var second = Words(low: low + 8, high: stream)
        var key = key
        for _ in 0..<10 {
            first.mix(key)
            second.mix(key)
            key.0 &+= 0x9E37_79B9
            key.1 &+= 0xBB67_AE85
        }
        let (a, b) = (factors(first), factors(second))
        return [a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]]
    }

    /// The factors of 64 channels from the words of 8 counters.
    @inline(__always) private func factors(_ words: Words) -> InlineArray<4, Vector> {
        var rows: InlineArray<4, Lanes> = [pairs(words.c0), pairs(words.c1), pairs(words.c2), pairs(words.c3)]
        // Row r holds channels 2r and 2r + 1 of each counter. Zipping rows i and i + 2 twice puts each counter's 8 channels side by side.
        for _ in 0..<2 {
            let before = rows
            for i in 0..<2 {
                var both = SIMD16<UInt64>()
                both.evenHalf = before[i]
                both.oddHalf = before[i + 2]
                (rows[2 * i], rows[2 * i + 1]) = (both.lowHalf, both.highHalf)
            }
        }
        return InlineArray { unsafeBitCast(rows[$0], to: Vector.self) }
    }

    /// Two factors in each lane, from the two halves of its word.
    @inline(__always) private func pairs(_ word: Lanes) -> Lanes {
        let even = word & Lanes(repeating: 0xFFFF)
        let odd = (word &<< Lanes(repeating: 16)) & Lanes(repeating: 0xFFFF_0000_0000)
        // As the last bits of floats from 2^23 on, integers compare as fast as floats do.
        let bits = unsafeBitCast(even | odd | Lanes(repeating: 0x4B00_0000_4B00_0000), to: Vector.self)
        let factors = Vector(repeating: 0).replacing(with: Vector(repeating: scale), where: bits .>= Vector(repeating: threshold))
        return unsafeBitCast(factors, to: Lanes.self)
    }

    /// Philox's state at 8 counters: a word in the lower half of each lane. The upper halves hold remains of products, which the next product
    /// masks off.
    private struct Words {
        var c0: Lanes
        var c1: Lanes
        var c2: Lanes
        var c3: Lanes

        /// The counters from `low` on, whose lowest 3 bits are 0.
        @inline(__always) init(low: UInt64, high: UInt64) {
            c0 = Lanes(repeating: low & 0xFFFF_FFFF) | Lanes(0, 1, 2, 3, 4, 5, 6, 7)
            c1 = Lanes(repeating: low >> 32)
            c2 = Lanes(repeating: high & 0xFFFF_FFFF)
            c3 = Lanes(repeating: high >> 32)
        }

        /// One of the ten rounds.
        @inline(__always) mutating func mix(_ key: (UInt32, UInt32)) {
            let lower = Lanes(repeating: 0xFFFF_FFFF)
            let half = Lanes(repeating: 32)
            let product0 = (c0 & lower) &* Lanes(repeating: 0xD251_1F53)
            let product1 = (c2 & lower) &* Lanes(repeating: 0xCD9E_8D57)
            c0 = (product1 &>> half) ^ c1 ^ Lanes(repeating: UInt64(key.0))
            c1 = product1
            c2 = (product0 &>> half) ^ c3 ^ Lanes(repeating: UInt64(key.1))
            c3 = product0
        }
    }
}
