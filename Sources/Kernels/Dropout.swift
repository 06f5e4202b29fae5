/// Zeroes channels at random and scales the others up, with a mask that depends only on where a value belongs.
///
///     output[t, c] = input[t, c] * (bits(t, c) >= round(65536 p) ? 1 / (1 - p) : 0)
///
/// Inverted dropout, Srivastava et al. 2014. `bits` are 16 of the 128 that Philox-4x32-10 (Salmon et al. 2011, table 2; Support's `Philox`)
/// gives under `key` at the counter with low half `tokenPositions[t] << 20 | c / 8` and high half `stream`: of word `c % 8 / 2` the lower
/// half for even c, the upper for odd c. So a slice of rows on another rank sees the same mask, and backward is the same call on gradients.
///
/// - Parameters:
///   - output: Written, or added to if `adds`, `[T, C]`. May be `input` itself if not `adds`.
///   - adds: Whether the result is added to what `output` holds.
///   - input: Read, `[T, C]`.
///   - rows: The tokens to work on.
///   - channels: C, at most 8,388,608.
///   - key: The random function's key: seed and purpose.
///   - stream: Which mask: step and layer, say.
///   - tokenPositions: Read, `[T]`; the token's place in the whole step, under 2^44.
///   - probability: p in [0, 1): the share of zeroed values, taken to the nearest 65536th; 0 copies.
public func dropoutRows(
    output: UnsafeMutablePointer<Float>, adds: Bool, input: UnsafePointer<Float>, rows: Range<Int>, channels: Int, key: (UInt32, UInt32),
    stream: UInt64, tokenPositions: UnsafePointer<Int64>, probability: Float
) {
    let mask = DropoutMask(key: key, stream: stream, probability: probability)
    let ones = InlineArray<8, Vector>(repeating: Vector(repeating: 1))
    for row in rows {
        let x = input + row * channels
        let y = output + row * channels
        for start in stride(from: 0, to: channels, by: 128) {
            let factors = probability == 0 ? ones : mask.factors(position: UInt64(bitPattern: tokenPositions[row]), group: start / 8)
            for part in 0..<8 {
                let index = start + part * vectorLanes
                let lanes = min(vectorLanes, channels - index)
                if lanes <= 0 { break }
                var values = x.vector(index, lanes) * factors[part]
                if adds { values += y.vector(index, lanes) }
                y.store(values, index, lanes)
            }
        }
    }
}

/// 128 factors at a time: Philox at 16 counters, one in each lane.
private struct DropoutMask {
    typealias Words = SIMD16<UInt32>

    let key: (UInt32, UInt32)
    let stream: UInt64
    let threshold: UInt32
    let scale: Float

    init(key: (UInt32, UInt32), stream: UInt64, probability: Float) {
        self.key = key
        self.stream = stream
        threshold = UInt32((probability * 65536).rounded())
        scale = 1 / (1 - probability)
    }

    /// The factors of channels `8 * group` to `8 * group + 127` of the token at `position`.
    @inline(__always) func factors(position: UInt64, group: Int) -> InlineArray<8, Vector> {
        let words = self.words(low: position << 20 | UInt64(group))
        var rows = InlineArray<8, Vector>(repeating: Vector(repeating: 0))
        for word in 0..<4 {
            rows[2 * word] = factor(words[word] & Words(repeating: 0xFFFF))
            rows[2 * word + 1] = factor(words[word] &>> Words(repeating: 16))
        }
        // Row r holds channel r of each counter. Zipping rows i and i + 4 three times puts each counter's 8 channels side by side.
        for _ in 0..<3 {
            let before = rows
            for i in 0..<4 { (rows[2 * i], rows[2 * i + 1]) = zipped(before[i], before[i + 4]) }
        }
        return rows
    }

    @inline(__always) private func factor(_ bits: Words) -> Vector {
        Vector(repeating: 0).replacing(with: Vector(repeating: scale), where: bits .>= Words(repeating: threshold))
    }

    /// Support's `Philox.words` at the 16 counters from `low` on; the lowest 4 bits of `low` are 0.
    @inline(__always) private func words(low: UInt64) -> InlineArray<4, Words> {
        let lane = Words(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
        var c0 = Words(repeating: UInt32(truncatingIfNeeded: low)) | lane
        var c1 = Words(repeating: UInt32(truncatingIfNeeded: low >> 32))
        var c2 = Words(repeating: UInt32(truncatingIfNeeded: stream))
        var c3 = Words(repeating: UInt32(truncatingIfNeeded: stream >> 32))
        var (k0, k1) = key
        for _ in 0..<10 {
            let product0 = fullProduct(c0, 0xD251_1F53)
            let product1 = fullProduct(c2, 0xCD9E_8D57)
            (c0, c1, c2, c3) = (
                product1.high ^ c1 ^ Words(repeating: k0), product1.low, product0.high ^ c3 ^ Words(repeating: k1), product0.low
            )
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return [c0, c1, c2, c3]
    }

    /// Both halves of the 64-bit products, from the products of the even and of the odd lanes.
    @inline(__always) private func fullProduct(_ a: Words, _ factor: UInt64) -> (high: Words, low: Words) {
        typealias Pairs = SIMD8<UInt64>
        let lowMask = Pairs(repeating: 0xFFFF_FFFF)
        let thirtyTwo = Pairs(repeating: 32)
        let pairs = unsafeBitCast(a, to: Pairs.self)
        let even = (pairs & lowMask) &* Pairs(repeating: factor)
        let odd = (pairs &>> thirtyTwo) &* Pairs(repeating: factor)
        return (
            unsafeBitCast((even &>> thirtyTwo) | (odd & ~lowMask), to: Words.self),
            unsafeBitCast((even & lowMask) | (odd &<< thirtyTwo), to: Words.self)
        )
    }
}
