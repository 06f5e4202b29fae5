// The K types of ggml (ggml-common.h, ggml-quants.c): 256 consecutive elements of a row share float16 scales, and each 16 or 32 of them have a
// narrow scale of their own. Every product and sum is rounded on its own, as in the gguf package; `SuperBlockTypesTests` holds its values bit
// for bit. Codes lie so that 32 neighbours are the same bits of 32 neighbouring bytes.

/// Decodes Q2_K: 16 bytes of scales (lower half) and minima (upper half), 64 bytes of codes, then the scales' scale and the minima's.
///
///     output[i] = scale * scales[i / 16] * code[i] - minimum * minima[i / 16]
///
/// - Parameters:
///   - output: Written, `[count]`. Must not overlap `input`.
///   - input: Read, `[count / 256]` blocks of 84 bytes, at any address.
/// - Precondition: `count` is a multiple of 256.
public func decodeQ2_K(output: UnsafeMutablePointer<Float>, input: UnsafeRawPointer, count: Int) {
    var block = input
    for start in stride(from: 0, to: count, by: 256) {
        let scale = Float((block + 80).loadUnaligned(as: Float16.self))
        let minimum = Float((block + 82).loadUnaligned(as: Float16.self))
        for part in 0..<16 {
            let (half, shift, sixteen) = (part >> 3, UInt32(part >> 1 & 3) &* 2, part & 1)
            let packed = block.load(fromByteOffset: part, as: UInt8.self)
            let codes = (wideBytes(block + 16 + 32 * half + 16 * sixteen) &>> shift) & 3
            store(numbers(codes) * (scale * Float(packed & 15)) - minimum * Float(packed >> 4), to: output + start + 16 * part)
        }
        block += 84
    }
}

/// Decodes Q3_K: 32 bytes of third bits, 64 bytes with the lower two, 12 bytes of 16 scales of 6 bits, then the scales' scale.
///
///     output[i] = scale * (scales[i / 16] - 32) * (code[i] - 4)
///
/// - Parameters:
///   - output: Written, `[count]`. Must not overlap `input`.
///   - input: Read, `[count / 256]` blocks of 110 bytes, at any address.
/// - Precondition: `count` is a multiple of 256.
public func decodeQ3_K(output: UnsafeMutablePointer<Float>, input: UnsafeRawPointer, count: Int) {
    var block = input
    for start in stride(from: 0, to: count, by: 256) {
        let scale = Float((block + 108).loadUnaligned(as: Float16.self))
        for part in 0..<16 {
            let (half, pair, sixteen) = (part >> 3, part >> 1 & 3, part & 1)
            let low = block.load(fromByteOffset: 96 + (part & 7), as: UInt8.self) >> (part < 8 ? 0 : 4) & 15
            let high = block.load(fromByteOffset: 104 + (part & 3), as: UInt8.self) >> UInt8(part >> 2 &* 2) & 3
            let own = scale * (Float(low | high << 4) - 32)
            let lower = (wideBytes(block + 32 + 32 * half + 16 * sixteen) &>> UInt32(2 &* pair)) & 3
            let third = (wideBytes(block + 16 * sixteen) &>> UInt32(4 &* half &+ pair)) & 1
            store((numbers(lower | third &<< 2) - 4) * own, to: output + start + 16 * part)
        }
        block += 110
    }
}

/// Decodes Q4_K: the scales' scale and the minima's, 12 bytes of 8 scales and 8 minima of 6 bits, then 128 bytes of codes.
///
///     output[i] = scale * scales[i / 32] * code[i] - minimum * minima[i / 32]
///
/// - Parameters:
///   - output: Written, `[count]`. Must not overlap `input`.
///   - input: Read, `[count / 256]` blocks of 144 bytes, at any address.
/// - Precondition: `count` is a multiple of 256.
public func decodeQ4_K(output: UnsafeMutablePointer<Float>, input: UnsafeRawPointer, count: Int) {
    var block = input
    for start in stride(from: 0, to: count, by: 256) {
        for part in 0..<8 {
            let (scale, minimum) = sixBitPair(block, part)
            for sixteen in stride(from: 0, to: 32, by: 16) {
                let codes = (wideBytes(block + 16 + 32 * (part >> 1) + sixteen) &>> UInt32(4 &* (part & 1))) & 15
                store(numbers(codes) * scale - minimum, to: output + start + 32 * part + sixteen)
            }
        }
        block += 144
    }
}

/// Decodes Q5_K: as Q4_K, with 32 bytes of fifth bits before the codes.
///
///     output[i] = scale * scales[i / 32] * code[i] - minimum * minima[i / 32]
///
/// - Parameters:
///   - output: Written, `[count]`. Must not overlap `input`.
///   - input: Read, `[count / 256]` blocks of 176 bytes, at any address.
/// - Precondition: `count` is a multiple of 256.
public func decodeQ5_K(output: UnsafeMutablePointer<Float>, input: UnsafeRawPointer, count: Int) {
    var block = input
    for start in stride(from: 0, to: count, by: 256) {
        for part in 0..<8 {
            let (scale, minimum) = sixBitPair(block, part)
            for sixteen in stride(from: 0, to: 32, by: 16) {
                let lower = (wideBytes(block + 48 + 32 * (part >> 1) + sixteen) &>> UInt32(4 &* (part & 1))) & 15
                let fifth = (wideBytes(block + 16 + sixteen) &>> UInt32(part)) & 1
                store(numbers(lower | fifth &<< 4) * scale - minimum, to: output + start + 32 * part + sixteen)
            }
        }
        block += 176
    }
}

/// Decodes Q6_K: 128 bytes with the lower four bits, 64 with the upper two, 16 signed scales, then their scale.
///
///     output[i] = scale * scales[i / 16] * (code[i] - 32)
///
/// - Parameters:
///   - output: Written, `[count]`. Must not overlap `input`.
///   - input: Read, `[count / 256]` blocks of 210 bytes, at any address.
/// - Precondition: `count` is a multiple of 256.
public func decodeQ6_K(output: UnsafeMutablePointer<Float>, input: UnsafeRawPointer, count: Int) {
    var block = input
    for start in stride(from: 0, to: count, by: 256) {
        let scale = Float((block + 208).loadUnaligned(as: Float16.self))
        for part in 0..<16 {
            let (half, pair, sixteen) = (part >> 3, part >> 1 & 3, part & 1)
            let own = scale * Float(block.load(fromByteOffset: 192 + part, as: Int8.self))
            let lower = (wideBytes(block + 64 * half + 32 * (pair & 1) + 16 * sixteen) &>> UInt32(4 &* (pair >> 1))) & 15
            let upper = (wideBytes(block + 128 + 32 * half + 16 * sixteen) &>> UInt32(2 &* pair)) & 3
            store((numbers(lower | upper &<< 4) - 32) * own, to: output + start + 16 * part)
        }
        block += 210
    }
}

/// The scale and the minimum of 32 elements in Q4_K and Q5_K, times those of the block.
///
/// The first four of each are the lower six bits of bytes 0 to 7; the others have four bits in bytes 8 to 11, and their upper two above those.
@inline(__always)
private func sixBitPair(_ block: UnsafeRawPointer, _ part: Int) -> (scale: Float, minimum: Float) {
    let scale = Float(block.loadUnaligned(as: Float16.self))
    let minimum = Float((block + 2).loadUnaligned(as: Float16.self))
    func byte(_ index: Int) -> UInt8 { block.load(fromByteOffset: 4 + index, as: UInt8.self) }
    if part < 4 { return (scale * Float(byte(part) & 63), minimum * Float(byte(part + 4) & 63)) }
    let narrow = byte(part + 4)
    return (scale * Float(narrow & 15 | byte(part - 4) >> 2 & 48), minimum * Float(narrow >> 4 | byte(part) >> 2 & 48))
}
