/// Tables and sizes of the 4-bit NormalFloat type of QLoRA (Dettmers et al. 2023, arXiv:2305.14314), as bitsandbytes 0.50 has them.
public enum NF4 {
    /// Elements that share one greatest magnitude ("absmax").
    public static let blockSize = 64
    /// Greatest magnitudes that share one constant of their own ("double quantisation").
    public static let groupSize = 256

    /// The value of each code: quantiles of the standard normal distribution, scaled to [-1, 1] with an exact zero
    /// (arXiv:2305.14314, appendix E; the digits of bitsandbytes' `get_4bit_type`).
    public static let values: [Float] = [
        -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0,
        0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
        0.7229568362236023, 1,
    ]

    /// Half-way points between neighbouring values; a number equal to one takes the lower code.
    static let thresholds: [Float] = zip(values, values.dropFirst()).map { ($0 + $1) / 2 }

    /// The values of a byte's two codes, upper half first, so that one load decodes two elements; lives as long as the process.
    nonisolated(unsafe) static let pairs: UnsafePointer<SIMD2<Float>> = {
        let pairs = UnsafeMutablePointer<SIMD2<Float>>.allocate(capacity: 256)
        for byte in 0..<256 { (pairs + byte).initialize(to: SIMD2(values[byte >> 4], values[byte & 15])) }
        return UnsafePointer(pairs)
    }()
}

/// Quantises to NF4 in blocks of 64.
///
///     absmax[b] = max over the block of |input[i]|
///     code[i]   = number of thresholds below input[i] * (1 / absmax[b])
///
/// Bit for bit what `bitsandbytes.functional.quantize_4bit(quant_type="nf4")` of version 0.50.2 gives on a CPU, where it runs its torch
/// implementation: the product with the rounded reciprocal, ties to the lower code, a zero block to code 7, a NaN (and all of a block that holds
/// one) to code 15. `NF4Tests` holds its codes. A large tensor may be quantised in pieces of whole blocks.
///
/// - Parameters:
///   - codes: Written, `[count / 2]`: two codes a byte, the earlier element in the upper half.
///   - absmax: Written, `[count / 64]`.
///   - input: Read, `[count]`.
/// - Precondition: `count` is a multiple of 64.
public func nf4Quantise(codes: UnsafeMutablePointer<UInt8>, absmax: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, count: Int) {
    NF4.thresholds.withUnsafeBufferPointer { thresholds in
        for block in 0..<count / 64 {
            let source = input + 64 * block
            let greatest = greatestMagnitude(source, count: 64)
            absmax[block] = greatest
            // bitsandbytes' lower limit keeps the reciprocal of a zero block finite.
            let reciprocal = greatest < 1e-38 ? 1 / Float(1e-38) : 1 / greatest
            for part in 0..<4 {
                let target = UnsafeMutableRawPointer(codes + 32 * block + 8 * part)
                let bytes =
                    greatest.isFinite
                    ? packedCodes(source + 16 * part, reciprocal, thresholds) : packedCodesOneByOne(source + 16 * part, reciprocal, thresholds)
                target.storeBytes(of: bytes, as: SIMD8<UInt8>.self)
            }
        }
    }
}

/// The greatest magnitude of values, a multiple of 16; a NaN exceeds all. Without their sign bits Floats are ordered as their bits are.
@inline(__always)
func greatestMagnitude(_ input: UnsafePointer<Float>, count: Int) -> Float {
    var greatest = SIMD16<Int32>()
    for start in stride(from: 0, to: count, by: 16) {
        let magnitude = UnsafeRawPointer(input + start).loadUnaligned(as: SIMD16<Int32>.self) & 0x7FFF_FFFF
        let difference = greatest &- magnitude
        greatest = greatest &- (difference & (difference &>> 31))
    }
    var all: Int32 = 0
    for lane in 0..<16 { all = max(all, greatest[lane]) }
    return Float(bitPattern: UInt32(bitPattern: all))
}

/// The codes of 16 finite values in 8 bytes: a threshold is below a value exactly when their difference has its sign bit set.
@inline(__always)
private func packedCodes(_ input: UnsafePointer<Float>, _ reciprocal: Float, _ thresholds: UnsafeBufferPointer<Float>) -> SIMD8<UInt8> {
    let scaled = UnsafeRawPointer(input).loadUnaligned(as: SIMD16<Float>.self) * reciprocal
    var codes = SIMD16<UInt32>()
    for index in 0..<15 {
        codes &+= unsafeBitCast(SIMD16<Float>(repeating: thresholds[index]) - scaled, to: SIMD16<UInt32>.self) &>> 31
    }
    let pairs = unsafeBitCast(codes, to: SIMD8<UInt64>.self)
    let packed = (pairs &<< 4) | (pairs &>> 32)
    var bytes = SIMD8<UInt8>()
    for lane in 0..<8 { bytes[lane] = UInt8(truncatingIfNeeded: packed[lane]) }
    return bytes
}

/// The same for a block that holds an infinity or a NaN.
private func packedCodesOneByOne(_ input: UnsafePointer<Float>, _ reciprocal: Float, _ thresholds: UnsafeBufferPointer<Float>) -> SIMD8<UInt8> {
    func code(_ value: Float) -> UInt8 { thresholds.reduce(0) { $0 + (value * reciprocal <= $1 ? 0 : 1) } }
    var bytes = SIMD8<UInt8>()
    for lane in 0..<8 { bytes[lane] = code(input[2 * lane]) << 4 | code(input[2 * lane + 1]) }
    return bytes
}

/// Decodes elements of an NF4 tensor whose greatest magnitudes are quantised too.
///
///     absmax[b] = map[absmaxCodes[b]] * absmaxBlockMaxima[(b + blocksBefore) / 256] + offset
///     output[i] = value[code[i]] * absmax[b]
///
/// `map` is that of `DynamicType.signed`; products and sums are rounded one by one, as in bitsandbytes' `dequantize_4bit` to float32.
///
/// - Parameters:
///   - output: Written, `[range.count]`, from its start.
///   - codes: Read, of the whole tensor, as `nf4Quantise` writes them.
///   - absmaxCodes: Read, of the whole tensor, as `doubleQuantise` writes them.
///   - absmaxBlockMaxima: Read, of the whole tensor.
///   - offset: The mean that `doubleQuantise` gave.
///   - range: The elements to decode.
///   - blocksBefore: Blocks of the tensor that was quantised which come before and are not here, where this is a part of one.
/// - Precondition: Both ends of `range` are multiples of 64.
public func decodeNF4(
    output: UnsafeMutablePointer<Float>, codes: UnsafePointer<UInt8>, absmaxCodes: UnsafePointer<UInt8>, absmaxBlockMaxima: UnsafePointer<Float>,
    offset: Float, range: Range<Int>, blocksBefore: Int = 0
) {
    let pairs = UnsafeRawPointer(NF4.pairs)
    let map = DynamicType.signed.mapPointer
    var target = output
    for block in range.lowerBound / 64..<range.upperBound / 64 {
        let absmax = map[Int(absmaxCodes[block])] * absmaxBlockMaxima[(block + blocksBefore) / 256] + offset
        for part in 0..<4 {
            let bytes = UnsafeRawPointer(codes + 32 * block + 8 * part).loadUnaligned(as: UInt64.self)
            var values = SIMD8<UInt64>()
            for lane in 0..<8 {
                let byte = Int(truncatingIfNeeded: (bytes &>> UInt64(8 * lane)) & 255)
                values[lane] = (pairs + 8 * byte).load(as: UInt64.self)
            }
            store(unsafeBitCast(values, to: SIMD16<Float>.self) * absmax, to: target)
            target += 16
        }
    }
}
