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

/// The lower and upper four bits of 16 bytes as numbers from 0 to 15.
@inline(__always)
private func halves(_ address: UnsafeRawPointer) -> (lower: SIMD16<Float>, upper: SIMD16<Float>) {
    let narrow = address.loadUnaligned(as: SIMD16<UInt8>.self)
    var codes = SIMD16<UInt32>()
    for lane in 0..<16 { codes[lane] = UInt32(narrow[lane]) }
    // 8388608 is 2^23, where a Float's last bit is worth 1.
    let lower = unsafeBitCast((codes & 15) | 0x4B00_0000, to: SIMD16<Float>.self) - 8_388_608
    let upper = unsafeBitCast((codes &>> 4) | 0x4B00_0000, to: SIMD16<Float>.self) - 8_388_608
    return (lower, upper)
}
