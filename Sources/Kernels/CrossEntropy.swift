import Glibc

/// Values that are summed at a time: few enough that one lane's sum stays accurate, and that they stay in the first-level cache.
private let blockCount = 1024

/// The negative logarithm of the probability that each row of logits gives to its target.
///
///     losses[r] = log(sum over v of e^logits[r, v]) - logits[r, targets[r]]
///
/// The greatest logit is taken off first; sums of 1,024 exponentials at a time are in Float, sums of those in Double. A row with a NaN or
/// an infinite logit gives NaN. Agrees with the Double loop in `CrossEntropyTests` to 1e-6.
///
/// - Parameters:
///   - losses: Written, `[n]`.
///   - logits: Read, `[n, V]`.
///   - targets: Read, `[n]`, each under V.
///   - rows: The rows to work on.
///   - vocabulary: V.
public func crossEntropyForward(
    losses: UnsafeMutablePointer<Float>, logits: UnsafePointer<Float>, targets: UnsafePointer<Int32>, rows: Range<Int>, vocabulary: Int
) {
    for row in rows {
        let values = logits + row * vocabulary
        let sum = sumByBlocks(values, vocabulary) { sumOfExponentials(values, $0, $1) }
        losses[row] = sum.loss(target: values[Int(targets[row])])
    }
}

/// The losses of `crossEntropyForward`, and the gradient of `scale` times their sum in the place of the logits.
///
///     logits[r, v] = scale * (e^logits[r, v] / (sum over k of e^logits[r, k]) - (v == targets[r] ? 1 : 0))
///
/// - Parameters:
///   - losses: Written, `[n]`.
///   - logits: Read, then written, `[n, V]`.
///   - targets: Read, `[n]`, each under V.
///   - scale: One over the number of counted tokens of the whole step, say.
///   - rows: The rows to work on.
///   - vocabulary: V.
public func crossEntropyForwardBackward(
    losses: UnsafeMutablePointer<Float>, logits: UnsafeMutablePointer<Float>, targets: UnsafePointer<Int32>, scale: Float, rows: Range<Int>,
    vocabulary: Int
) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: (vocabulary + blockCount - 1) / blockCount) { shifts in
        for row in rows {
            let values = logits + row * vocabulary
            let target = Int(targets[row])
            let targetLogit = values[target]
            let sum = sumByBlocks(values, vocabulary) { block, shift in
                shifts[block.lowerBound / blockCount] = shift
                return replaceByExponentials(values, block, shift)
            }
            losses[row] = sum.loss(target: targetLogit)
            for (index, shift) in shifts.enumerated() {
                let factor = Double(scale) / sum.total * exp(Double(shift) - Double(sum.greatest))
                let block = index * blockCount..<min((index + 1) * blockCount, vocabulary)
                scaleInPlace(target: values, factor: Float(factor), range: block)
            }
            values[target] -= scale
        }
    }
}

/// The sum of e^(logit - greatest) over a row.
private struct ExponentialSum {
    var greatest: Float
    var total: Double

    func loss(target: Float) -> Float { Float(log(total) + Double(greatest) - Double(target)) }
}

/// Visits a row once, a block at a time while it is in the cache: finds the greatest value so far, and has `visit` sum e^(value - greatest) over the block.
@inline(__always) private func sumByBlocks(_ values: UnsafePointer<Float>, _ count: Int, _ visit: (_ block: Range<Int>, _ shift: Float) -> Float)
    -> ExponentialSum
{
    // Not minus infinity, from which minus infinity cannot be taken.
    var sum = ExponentialSum(greatest: -Float.greatestFiniteMagnitude, total: 0)
    for start in stride(from: 0, to: count, by: blockCount) {
        let block = start..<min(start + blockCount, count)
        let greatest = maximum(values, block)
        if greatest > sum.greatest {
            sum.total *= exp(Double(sum.greatest) - Double(greatest))
            sum.greatest = greatest
        }
        sum.total += Double(visit(block, sum.greatest))
    }
    return sum
}

private func maximum(_ values: UnsafePointer<Float>, _ range: Range<Int>) -> Float {
    var greatest = InlineArray<4, Vector>(repeating: Vector(repeating: -.infinity))
    var index = range.lowerBound
    while index + 4 * vectorLanes <= range.upperBound {
        for part in 0..<4 { greatest[part] = greatest[part].greater(values.vector(index + part * vectorLanes)) }
        index += 4 * vectorLanes
    }
    var result = greatest[0].greater(greatest[1]).greater(greatest[2].greater(greatest[3])).laneMaximum()
    while index < range.upperBound {
        if values[index] > result { result = values[index] }
        index += 1
    }
    return result
}

/// Sum of e^(value - shift) over a range.
private func sumOfExponentials(_ values: UnsafePointer<Float>, _ range: Range<Int>, _ shift: Float) -> Float {
    var sum = Vector(repeating: 0)
    @inline(__always) func add(_ index: Int, _ lanes: Int) { sum += exponentials(values.vector(index, lanes), shift, lanes) }
    forEachVector(range, add)
    return sum.laneSum()
}

/// Replaces the values of a range by e^(value - shift) and returns their sum.
private func replaceByExponentials(_ values: UnsafeMutablePointer<Float>, _ range: Range<Int>, _ shift: Float) -> Float {
    var sum = Vector(repeating: 0)
    @inline(__always) func replace(_ index: Int, _ lanes: Int) {
        let powers = exponentials(values.vector(index, lanes), shift, lanes)
        values.store(powers, index, lanes)
        sum += powers
    }
    forEachVector(range, replace)
    return sum.laneSum()
}

/// e^(value - shift) in the first `lanes` lanes, 0 in the others.
@inline(__always) private func exponentials(_ values: Vector, _ shift: Float, _ lanes: Int) -> Vector {
    var powers = exponential2((values - shift) * log2OfE)
    if lanes < vectorLanes { for lane in lanes..<vectorLanes { powers[lane] = 0 } }
    return powers
}
