/// Adds `source` to `target` over a range of both.
public func addInto(target: UnsafeMutablePointer<Float>, source: UnsafePointer<Float>, range: Range<Int>) {
    forEachVector(range) { index, lanes in target.store(target.vector(index, lanes) + source.vector(index, lanes), index, lanes) }
}

/// Multiplies a range of `target` by `factor`.
public func scaleInPlace(target: UnsafeMutablePointer<Float>, factor: Float, range: Range<Int>) {
    forEachVector(range) { index, lanes in target.store(target.vector(index, lanes) * factor, index, lanes) }
}

/// The sum of the squares over a range, multiplied and summed in Double; infinite and NaN values show in it.
public func sumOfSquares(values: UnsafePointer<Float>, range: Range<Int>) -> Double {
    var low = SIMD8<Double>(repeating: 0)
    var high = SIMD8<Double>(repeating: 0)
    forEachVector(range) { index, lanes in
        let vector = values.vector(index, lanes)
        let first = SIMD8<Double>(vector.lowHalf)
        let second = SIMD8<Double>(vector.highHalf)
        low = low.addingProduct(first, first)
        high = high.addingProduct(second, second)
    }
    let eight = low + high
    let four = eight.lowHalf + eight.highHalf
    return four.x + four.y + four.z + four.w
}

/// The index of the first value in a range that is infinite or NaN, nil if there is none.
public func firstNonFinite(values: UnsafePointer<Float>, range: Range<Int>) -> Int? {
    let exponent = SIMD16<UInt32>(repeating: 0x7F80_0000)
    var start = range.lowerBound
    while start + vectorLanes <= range.upperBound {
        if any((unsafeBitCast(values.vector(start), to: SIMD16<UInt32>.self) & exponent) .== exponent) { break }
        start += vectorLanes
    }
    return (start..<range.upperBound).first { !values[$0].isFinite }
}

/// Copies chosen rows together: `output[r, c] = input[rowIndices[r], c]`.
///
/// - Parameters:
///   - output: Written, `[rows, C]`.
///   - input: Read, any number of rows of C.
///   - rowIndices: Read, one row of `input` for each row of `output`.
///   - rows: The rows of `output` to work on.
///   - channels: C.
public func gatherRows(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, rowIndices: UnsafePointer<Int32>, rows: Range<Int>, channels: Int
) {
    for row in rows { (output + row * channels).update(from: input + Int(rowIndices[row]) * channels, count: channels) }
}

/// Copies rows to chosen places: `output[rowIndices[r], c] = input[r, c]`, the backward of `gatherRows` where no row is chosen twice.
///
/// - Parameters:
///   - output: Written at the chosen rows and left alone at others.
///   - input: Read, `[rows, C]`.
///   - rowIndices: Read, one row of `output` for each row of `input`; all different.
///   - rows: The rows of `input` to work on.
///   - channels: C.
public func scatterRows(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, rowIndices: UnsafePointer<Int32>, rows: Range<Int>, channels: Int
) {
    for row in rows { (output + Int(rowIndices[row]) * channels).update(from: input + row * channels, count: channels) }
}
