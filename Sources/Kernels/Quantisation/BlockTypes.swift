// The block types of ggml (ggml-common.h, ggml-quants.c): 32 consecutive elements of a row share a float16 scale, which comes first.
// Every product and sum is rounded on its own, as in the gguf package; `BlockTypesTests` holds its values bit for bit.

/// Decodes Q8_0: a scale, then 32 signed codes.
///
///     output[i] = scale * code[i]
///
/// - Parameters:
///   - output: Written, `[count]`. Must not overlap `input`.
///   - input: Read, `[count / 32]` blocks of 34 bytes, at any address.
/// - Precondition: `count` is a multiple of 32.
public func decodeQ8_0(output: UnsafeMutablePointer<Float>, input: UnsafeRawPointer, count: Int) {
    var block = input
    for start in stride(from: 0, to: count, by: 32) {
        let scale = Float(block.loadUnaligned(as: Float16.self))
        for half in stride(from: 0, to: 32, by: 16) {
            let narrow = (block + 2 + half).loadUnaligned(as: SIMD16<Int8>.self)
            var codes = SIMD16<Int32>()
            for lane in 0..<16 { codes[lane] = Int32(narrow[lane]) }
            // 12582912 is 1.5 * 2^23, where a Float's last bit is worth 1: adding a code to its bits adds it to its value.
            store((unsafeBitCast(codes &+ 0x4B40_0000, to: SIMD16<Float>.self) - 12_582_912) * scale, to: output + start + half)
        }
        block += 34
    }
}

/// Quantises to Q8_0.
///
///     scale   = max over the block of |input[i]| / 127
///     code[i] = input[i] * (1 / scale), rounded half away from zero
///
/// The stored scale is `scale` rounded to float16. Bit for bit what the gguf package's `quantize` gives where 1 / scale is finite; `BlockTypesTests`
/// holds its blocks.
///
/// - Parameters:
///   - output: Written, `[count / 32]` blocks of 34 bytes, at any address. Must not overlap `input`.
///   - input: Read, `[count]`.
/// - Precondition: `count` is a multiple of 32.
public func encodeQ8_0(output: UnsafeMutableRawPointer, input: UnsafePointer<Float>, count: Int) {
    for start in stride(from: 0, to: count, by: 32) {
        let block = output + start / 32 * 34
        let scale = greatestMagnitude(input + start, count: 32) / 127
        // Below 2^-128 the reciprocal is infinite; the stored scale is zero there anyway.
        let reciprocal = scale < 0x1p-127 ? 0 : 1 / scale
        block.storeBytes(of: Float16(scale), as: Float16.self)
        for half in stride(from: 0, to: 32, by: 16) {
            let scaled = UnsafeRawPointer(input + start + half).loadUnaligned(as: SIMD16<Float>.self) * reciprocal
            let bits = unsafeBitCast(scaled, to: SIMD16<UInt32>.self)
            let magnitude = unsafeBitCast(bits & 0x7FFF_FFFF, to: SIMD16<Float>.self)
            // 8388608 is 2^23, where a Float's last bit is worth 1: adding it rounds halves to even.
            let even = (magnitude + 8_388_608) - 8_388_608
            let away = even.replacing(with: even + 1, where: magnitude - even .== 0.5)
            let whole = unsafeBitCast(away + 8_388_608, to: SIMD16<UInt32>.self) &- 0x4B00_0000
            // All ones for a negative value, whose code is the complement's successor.
            let sign = 0 &- (bits &>> 31)
            let codes = (whole ^ sign) &- sign
            (block + 2 + half).storeBytes(of: SIMD16<UInt8>(truncatingIfNeeded: codes), as: SIMD16<UInt8>.self)
        }
    }
}

/// Decodes Q4_0: a scale, then 16 bytes whose lower halves are the codes of elements 0 to 15 and whose upper halves those of 16 to 31.
///
///     output[i] = scale * (code[i] - 8)
///
/// - Parameters:
///   - output: Written, `[count]`. Must not overlap `input`.
///   - input: Read, `[count / 32]` blocks of 18 bytes, at any address.
/// - Precondition: `count` is a multiple of 32.
public func decodeQ4_0(output: UnsafeMutablePointer<Float>, input: UnsafeRawPointer, count: Int) {
    var block = input
    for start in stride(from: 0, to: count, by: 32) {
        let scale = Float(block.loadUnaligned(as: Float16.self))
        let (lower, upper) = halves(block + 2)
        store((lower - 8) * scale, to: output + start)
        store((upper - 8) * scale, to: output + start + 16)
        block += 18
    }
}

/// Decodes Q4_1: a scale and a minimum, then codes as in Q4_0.
///
///     output[i] = scale * code[i] + minimum
///
/// - Parameters:
///   - output: Written, `[count]`. Must not overlap `input`.
///   - input: Read, `[count / 32]` blocks of 20 bytes, at any address.
/// - Precondition: `count` is a multiple of 32.
public func decodeQ4_1(output: UnsafeMutablePointer<Float>, input: UnsafeRawPointer, count: Int) {
    var block = input
    for start in stride(from: 0, to: count, by: 32) {
        let scale = Float(block.loadUnaligned(as: Float16.self))
        let minimum = Float((block + 2).loadUnaligned(as: Float16.self))
        let (lower, upper) = halves(block + 4)
        store(lower * scale + minimum, to: output + start)
        store(upper * scale + minimum, to: output + start + 16)
        block += 20
    }
}

/// Decodes Q5_0: a scale, 32 fifth bits, the first element's the lowest, then the other four as in Q4_0.
///
///     output[i] = scale * (code[i] - 16)
///
/// - Parameters:
///   - output: Written, `[count]`. Must not overlap `input`.
///   - input: Read, `[count / 32]` blocks of 22 bytes, at any address.
/// - Precondition: `count` is a multiple of 32.
public func decodeQ5_0(output: UnsafeMutablePointer<Float>, input: UnsafeRawPointer, count: Int) {
    var block = input
    for start in stride(from: 0, to: count, by: 32) {
        let scale = Float(block.loadUnaligned(as: Float16.self))
        let (lower, upper) = fiveBits(block + 6, fifth: (block + 2).loadUnaligned(as: UInt32.self))
        store((lower - 16) * scale, to: output + start)
        store((upper - 16) * scale, to: output + start + 16)
        block += 22
    }
}

/// Decodes Q5_1: a scale and a minimum, then codes as in Q5_0.
///
///     output[i] = scale * code[i] + minimum
///
/// - Parameters:
///   - output: Written, `[count]`. Must not overlap `input`.
///   - input: Read, `[count / 32]` blocks of 24 bytes, at any address.
/// - Precondition: `count` is a multiple of 32.
public func decodeQ5_1(output: UnsafeMutablePointer<Float>, input: UnsafeRawPointer, count: Int) {
    var block = input
    for start in stride(from: 0, to: count, by: 32) {
        let scale = Float(block.loadUnaligned(as: Float16.self))
        let minimum = Float((block + 2).loadUnaligned(as: Float16.self))
        let (lower, upper) = fiveBits(block + 8, fifth: (block + 4).loadUnaligned(as: UInt32.self))
        store(lower * scale + minimum, to: output + start)
        store(upper * scale + minimum, to: output + start + 16)
        block += 24
    }
}

/// The lower and upper four bits of 16 bytes as numbers from 0 to 15.
@inline(__always)
private func halves(_ address: UnsafeRawPointer) -> (lower: SIMD16<Float>, upper: SIMD16<Float>) {
    let codes = wideBytes(address)
    return (numbers(codes & 15), numbers(codes &>> 4))
}

/// The same with a fifth bit above: `fifth` holds those of the lower halves, then those of the upper ones.
@inline(__always)
private func fiveBits(_ address: UnsafeRawPointer, fifth: UInt32) -> (lower: SIMD16<Float>, upper: SIMD16<Float>) {
    let codes = wideBytes(address)
    let lanes = SIMD16<UInt32>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    let bits = SIMD16<UInt32>(repeating: fifth) &>> lanes
    return (numbers((codes & 15) | ((bits &<< 4) & 16)), numbers((codes &>> 4) | ((bits &>> 12) & 16)))
}

/// Sixteen bytes, each in a lane of its own.
@inline(__always)
func wideBytes(_ address: UnsafeRawPointer) -> SIMD16<UInt32> {
    SIMD16<UInt32>(truncatingIfNeeded: address.loadUnaligned(as: SIMD16<UInt8>.self))
}

/// Whole numbers below 2^23 as floats; exact.
@inline(__always)
func numbers(_ codes: SIMD16<UInt32>) -> SIMD16<Float> {
    // 8388608 is 2^23, where a Float's last bit is worth 1: a code in its lower bits is added to its value.
    unsafeBitCast(codes | 0x4B00_0000, to: SIMD16<Float>.self) - 8_388_608
}
