/// A 64-bit fingerprint of a range of float32 values by their bits, the same on every processor of this byte order.
///
///     lane     = (lane ^ word) * M, then lane ^= lane >> 29      for each 64-bit word in turn, 16 lanes
///     result   = the lanes and the values left over, mixed into `start` one after another
///
/// Every step is a bijection of the lane, so a single value that differs always shows; other differences show but for one case in 2^64. It recognises
/// weights and does not withstand an adversary. M and the mixing are those of splitmix64 (Steele, Lea and Flood 2014), variant 13.
///
/// - Parameters:
///   - values: Read.
///   - start: What the result goes on from, so that the fingerprints of parts in turn become one of the whole.
public func fingerprint(values: UnsafePointer<Float>, range: Range<Int>, start: UInt64) -> UInt64 {
    var first = SIMD8<UInt64>(0, 1, 2, 3, 4, 5, 6, 7)
    var second = first &+ 8
    let bytes = UnsafeRawPointer(values)
    let blockCount = range.count / 32
    for block in 0..<blockCount {
        let offset = (range.lowerBound + block * 32) * 4
        first = mixedLanes(first ^ bytes.loadUnaligned(fromByteOffset: offset, as: SIMD8<UInt64>.self))
        second = mixedLanes(second ^ bytes.loadUnaligned(fromByteOffset: offset + 64, as: SIMD8<UInt64>.self))
    }
    var result = mixed(start, UInt64(range.count))
    for lane in 0..<8 { result = mixed(mixed(result, first[lane]), second[lane]) }
    for index in range.lowerBound + blockCount * 32..<range.upperBound { result = mixed(result, UInt64(values[index].bitPattern)) }
    return result
}

/// Mixes the next word into a fingerprint.
public func mixed(_ value: UInt64, _ word: UInt64) -> UInt64 {
    var z = (value ^ word) &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
}

@inline(__always)
private func mixedLanes(_ lanes: SIMD8<UInt64>) -> SIMD8<UInt64> {
    let product = lanes &* SIMD8(repeating: 0xBF58_476D_1CE4_E5B9)
    return product ^ (product &>> 29)
}
