/// Widens bfloat16 to float32; exact.
///
/// - Parameters:
///   - output: Written, `[count]`. Must not overlap `input`.
///   - input: Read, `[count]` of two bytes, at any address.
public func decodeBFloat16(output: UnsafeMutablePointer<Float>, input: UnsafeRawPointer, count: Int) {
    let vectors = count & ~15
    for start in stride(from: 0, to: vectors, by: 16) {
        let narrow = (input + 2 * start).loadUnaligned(as: SIMD16<UInt16>.self)
        store(SIMD16<UInt32>(truncatingIfNeeded: narrow) &<< 16, to: output + start)
    }
    for index in vectors..<count {
        output[index] = Float(bitPattern: UInt32((input + 2 * index).loadUnaligned(as: UInt16.self)) << 16)
    }
}

/// Rounds float32 to bfloat16, halves to even; a NaN stays one, with its sign and the upper bits of its payload.
///
/// As ggml's `ggml_compute_fp32_to_bf16`; torch makes every NaN 0x7FC0.
///
/// - Parameters:
///   - output: Written, `[count]` of two bytes, at any address. Must not overlap `input`.
///   - input: Read, `[count]`.
public func encodeBFloat16(output: UnsafeMutableRawPointer, input: UnsafePointer<Float>, count: Int) {
    let vectors = count & ~15
    for start in stride(from: 0, to: vectors, by: 16) {
        let bits = UnsafeRawPointer(input + start).loadUnaligned(as: SIMD16<UInt32>.self)
        // All ones where the value is a NaN: its magnitude exceeds infinity's bits, so the difference is negative.
        let magnitude = unsafeBitCast(bits & 0x7FFF_FFFF, to: SIMD16<Int32>.self)
        let isNaN = unsafeBitCast((0x7F80_0000 &- magnitude) &>> 31, to: SIMD16<UInt32>.self)
        let rounded = bits &+ 0x7FFF &+ ((bits &>> 16) & 1)
        let wide = ((rounded & ~isNaN) | ((bits | 0x0040_0000) & isNaN)) &>> 16
        var narrow = SIMD16<UInt16>()
        for lane in 0..<16 { narrow[lane] = UInt16(truncatingIfNeeded: wide[lane]) }
        (output + 2 * start).storeBytes(of: narrow, as: SIMD16<UInt16>.self)
    }
    for index in vectors..<count {
        let bits = input[index].bitPattern
        let wide = input[index].isNaN ? bits | 0x0040_0000 : bits &+ 0x7FFF &+ ((bits &>> 16) & 1)
        (output + 2 * index).storeBytes(of: UInt16(truncatingIfNeeded: wide &>> 16), as: UInt16.self)
    }
}

/// Widens float16 to float32; exact.
///
/// - Parameters:
///   - output: Written, `[count]`. Must not overlap `input`.
///   - input: Read, `[count]` of two bytes, at any address.
public func decodeFloat16(output: UnsafeMutablePointer<Float>, input: UnsafeRawPointer, count: Int) {
    let vectors = count & ~15
    for start in stride(from: 0, to: vectors, by: 16) {
        store(SIMD16<Float>((input + 2 * start).loadUnaligned(as: SIMD16<Float16>.self)), to: output + start)
    }
    for index in vectors..<count { output[index] = Float((input + 2 * index).loadUnaligned(as: Float16.self)) }
}

/// Rounds float32 to float16, halves to even; what is too large becomes infinity.
///
/// - Parameters:
///   - output: Written, `[count]` of two bytes, at any address. Must not overlap `input`.
///   - input: Read, `[count]`.
public func encodeFloat16(output: UnsafeMutableRawPointer, input: UnsafePointer<Float>, count: Int) {
    let vectors = count & ~15
    for start in stride(from: 0, to: vectors, by: 16) {
        let wide = UnsafeRawPointer(input + start).loadUnaligned(as: SIMD16<Float>.self)
        (output + 2 * start).storeBytes(of: SIMD16<Float16>(wide), as: SIMD16<Float16>.self)
    }
    for index in vectors..<count { (output + 2 * index).storeBytes(of: Float16(input[index]), as: Float16.self) }
}

/// Stores sixteen values of four bytes where they need not be aligned.
@inline(__always)
func store<Lanes>(_ lanes: Lanes, to address: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(address).storeBytes(of: lanes, as: Lanes.self)
}
