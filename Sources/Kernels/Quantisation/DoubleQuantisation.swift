extension NF4 {
    /// The 256 values of the signed dynamic 8-bit type, ascending (Dettmers 2015, arXiv:1511.04561; bitsandbytes' `create_dynamic_map`).
    ///
    /// For each exponent e from -6 to 0: the middles of 2^(e+6) equal parts of [0.1, 1], times 10^e, and their negatives; further 0 and 1.
    public static let dynamicMap: [Float] = {
        var map: [Float] = [0, 1]
        let powers: [Float] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1]
        for (exponent, scale) in powers.enumerated() {
            let parts = 1 << exponent
            let step = (1 - Float(0.1)) / Float(parts)
            // As torch.linspace: from either end, each point rounded once.
            let edges = (0...parts).map { index in
                index < (parts + 1) / 2
                    ? Float(Double(Float(0.1)) + Double(step) * Double(index)) : Float(1 - Double(step) * Double(parts - index))
            }
            for (left, right) in zip(edges, edges.dropFirst()) {
                let value = scale * ((left + right) / 2)
                map += [value, -value]
            }
        }
        return map.sorted()
    }()

    /// `dynamicMap` at a fixed address; lives as long as the process.
    nonisolated(unsafe) static let dynamicMapPointer: UnsafePointer<Float> = {
        let pointer = UnsafeMutablePointer<Float>.allocate(capacity: 256)
        pointer.initialize(from: dynamicMap, count: 256)
        return UnsafePointer(pointer)
    }()

    /// The code of each of 65,536 equally spaced numbers from -1 to 1: how many half-way points of the map lie below it.
    static let dynamicCodes: [UInt8] = {
        let middles = zip(dynamicMap, dynamicMap.dropFirst()).map { ($0 + $1) * 0.5 }
        var codes: [UInt8] = []
        var code = 0
        for place in 0..<65_536 {
            let number = Float(2 * place) / 65_535 - 1
            while code < 255, number > middles[code] { code += 1 }
            codes.append(UInt8(code))
        }
        return codes
    }()
}

/// Quantises the greatest magnitudes of NF4 blocks to 8 bits in groups of 256, after their mean is taken off.
///
///     offset    = mean of absmax
///     maxima[g] = max over the group of |absmax[b] - offset|
///     codes[b]  = code of the dynamic map nearest (absmax[b] - offset) / maxima[g]
///
/// Bit for bit what `bitsandbytes.functional.quantize_4bit(compress_statistics=True)` of version 0.50.2 gives on a CPU (`offset`, and of `state2`
/// `absmax` and the codes): there the C library finds codes in a table of 65,536 places, and a group of zeros has codes 0. The mean is torch's
/// on one thread with 8 lanes; above 32,768 blocks torch itself gives other last bits with other numbers of threads.
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
    NF4.dynamicCodes.withUnsafeBufferPointer { table in
        for start in stride(from: 0, to: blockCount, by: NF4.groupSize) {
            let group = start..<min(start + NF4.groupSize, blockCount)
            var greatest: Float = 0
            for block in group where abs(absmax[block] - offset) > greatest { greatest = abs(absmax[block] - offset) }
            blockMaxima[start / NF4.groupSize] = greatest
            let reciprocal = 1 / greatest
            for block in group { codes[block] = greatest == 0 ? 0 : table[place((absmax[block] - offset) * reciprocal)] }
        }
    }
    return offset
}

/// Where a number stands among the table's 65,536 places.
@inline(__always)
private func place(_ scaled: Float) -> Int {
    guard !scaled.isNaN else { return 0 }
    let half = (min(max(scaled, -1), 1) + 1) * 0.5
    // The library fuses this product and sum; both are exact in Double, so one rounding to Float is the same.
    return Int(Float(Double(half) * 65_535 + 0.5))
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
