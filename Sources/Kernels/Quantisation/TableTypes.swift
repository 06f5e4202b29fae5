// The 4-bit types of ggml whose codes are places in a table (ggml-common.h, `kvalues_iq4nl`; ggml-quants.c).
// Every product is rounded on its own, as in the gguf package; `TableTypesTests` holds its values bit for bit.

/// The values of the codes; they lie closer together around zero, as weights do. Lives as long as the process.
nonisolated(unsafe) private let tableValues: UnsafePointer<Float> = {
    let values: [Float] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]
    let table = UnsafeMutablePointer<Float>.allocate(capacity: values.count)
    table.initialize(from: values, count: values.count)
    return UnsafePointer(table)
}()

/// Decodes IQ4_NL: a float16 scale, then codes as in Q4_0.
///
///     output[i] = scale * table[code[i]]
///
/// - Parameters:
///   - output: Written, `[count]`. Must not overlap `input`.
///   - input: Read, `[count / 32]` blocks of 18 bytes, at any address.
/// - Precondition: `count` is a multiple of 32.
public func decodeIQ4_NL(output: UnsafeMutablePointer<Float>, input: UnsafeRawPointer, count: Int) {
    let table = tableValues
    var block = input
    for start in stride(from: 0, to: count, by: 32) {
        decodeCodes(output + start, block + 2, scale: Float(block.loadUnaligned(as: Float16.self)), table)
        block += 18
    }
}

/// Decodes IQ4_XS: 256 elements with a float16 scale; 8 scales of 6 bits, their upper two first; then codes, 32 as in Q4_0.
///
///     output[i] = scale * (scales[i / 32] - 32) * table[code[i]]
///
/// - Parameters:
///   - output: Written, `[count]`. Must not overlap `input`.
///   - input: Read, `[count / 256]` blocks of 136 bytes, at any address.
/// - Precondition: `count` is a multiple of 256.
public func decodeIQ4_XS(output: UnsafeMutablePointer<Float>, input: UnsafeRawPointer, count: Int) {
    let table = tableValues
    var block = input
    for start in stride(from: 0, to: count, by: 256) {
        let scale = Float(block.loadUnaligned(as: Float16.self))
        let upper = (block + 2).loadUnaligned(as: UInt16.self)
        for part in 0..<8 {
            let low = block.load(fromByteOffset: 4 + part >> 1, as: UInt8.self) >> UInt8(4 &* (part & 1)) & 15
            let own = UInt16(low) | (upper >> UInt16(2 &* part) & 3) << 4
            decodeCodes(output + start + 32 * part, block + 8 + 16 * part, scale: scale * (Float(own) - 32), table)
        }
        block += 136
    }
}

@inline(__always)
private func decodeCodes(_ output: UnsafeMutablePointer<Float>, _ codes: UnsafeRawPointer, scale: Float, _ table: UnsafePointer<Float>) {
    for index in 0..<16 {
        let byte = codes.load(fromByteOffset: index, as: UInt8.self)
        output[index] = scale * table[Int(byte & 15)]
        output[index + 16] = scale * table[Int(byte >> 4)]
    }
}
