/// Quantises the greatest magnitudes of NF4 blocks to 8 bits in groups of 256, after their mean is taken off.
///
///     offset    = mean of absmax
///     maxima[g] = max over the group of |absmax[b] - offset|
///     codes[b]  = code of the dynamic map nearest (absmax[b] - offset) / maxima[g]
///
/// Bit for bit what `bitsandbytes.functional.quantize_4bit(compress_statistics=True)` of version 0.50.2 gives on a CPU (`offset`, and of `state2`
/// `absmax` and the codes). The mean is torch's on one thread with 8 lanes; above 32,768 blocks torch itself gives other last bits with other numbers of threads.
///
/// - Parameters:
///   - codes: Written, `[blockCount]`.
///   - blockMaxima: Written, `[blockCount / 256]` rounded up.
///   - absmax: Read, `[blockCount]`, of the whole tensor: the mean needs them all.
/// - Returns: The offset.
public func doubleQuantise(
    codes: UnsafeMutablePointer<UInt8>, blockMaxima: UnsafeMutablePointer<Float>, absmax: UnsafePointer<Float>, blockCount: Int
) -> Float {
    let offset = torchSum(absmax, blockCount) / Float(blockCount)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: NF4.groupSize) { buffer in
        guard let differences = buffer.baseAddress else { return }
        for start in stride(from: 0, to: blockCount, by: NF4.groupSize) {
            let count = min(NF4.groupSize, blockCount - start)
            for block in 0..<count { differences[block] = absmax[start + block] - offset }
            blockMaxima[start / NF4.groupSize] = dynamicQuantise(codes + start, differences, count: count, .signed)
        }
    }
    return offset
}

/// The sum as torch's CPU kernel forms it (aten/src/ATen/native/cpu/SumKernel.cpp: `cascade_sum`, 8 lanes, 4 rows, 4 levels).
///
/// Rows of 32 values are added into level 0; every 2^p rows a level is emptied into the next, so that rounding errors grow with the logarithm.
private func torchSum(_ values: UnsafePointer<Float>, _ count: Int) -> Float {
    typealias Row = SIMD32<Float>
    let (vectors, rows) = (count / 8, count / 32)
    let power = max(4, rows > 1 ? (Int.bitWidth - (rows - 1).leadingZeroBitCount) / 4 : 0)
    var levels = [Row](repeating: Row(), count: 4)
    for row in 0..<rows {
        levels[0] += UnsafeRawPointer(values + 32 * row).loadUnaligned(as: Row.self)
        let done = row + 1
        guard done & (1 << power - 1) == 0 else { continue }
        for level in 1..<4 {
            levels[level] += levels[level - 1]
            levels[level - 1] = Row()
            if done & ((1 << power - 1) << (level * power)) != 0 { break }
        }
    }
    for level in 1..<4 { levels[0] += levels[level] }
    let row = levels[0]
    var lanes = row.lowHalf.lowHalf
    for vector in 4 * rows..<vectors { lanes += UnsafeRawPointer(values + 8 * vector).loadUnaligned(as: SIMD8<Float>.self) }
    lanes += row.lowHalf.highHalf
    lanes += row.highHalf.lowHalf
    lanes += row.highHalf.highHalf
    var sum: Float = 0
    for index in 8 * vectors..<count { sum += values[index] }
    for lane in 0..<8 { sum += lanes[lane] }
    return sum
}
