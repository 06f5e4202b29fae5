import Glibc

/// Values that are brought to their own greatest value at a time: few enough that one lane's sum stays accurate, and that they stay in the first cache.
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
        var (greatest, total) = (-Float.infinity, 0.0)
        for start in stride(from: 0, to: vocabulary, by: blockCount) {
            let block = start..<min(start + blockCount, vocabulary)
            let blockGreatest = maximum(values, block)
            if blockGreatest > greatest {
                total *= exp(Double(greatest) - Double(blockGreatest))
                greatest = blockGreatest
            }
            total += Double(sumOfExponentials(values, block, greatest))
        }
        losses[row] = Float(log(total) + Double(greatest) - Double(values[Int(targets[row])]))
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
    for row in rows {
        let values = logits + row * vocabulary
        let target = Int(targets[row])
        let targetLogit = values[target]
        let greatest = maximum(values, 0..<vocabulary)
        var total = 0.0
        for start in stride(from: 0, to: vocabulary, by: blockCount) {
            total += Double(replaceByExponentials(values, start..<min(start + blockCount, vocabulary), greatest))
        }
        losses[row] = Float(log(total) + Double(greatest) - Double(targetLogit))
        scaleInPlace(target: values, factor: Float(Double(scale) / total), range: 0..<vocabulary)
        values[target] -= scale
    }
}

@inline(__always) private func maximum(_ values: UnsafePointer<Float>, _ range: Range<Int>) -> Float {
    var greatest = InlineArray<4, Vector>(repeating: Vector(repeating: -.infinity))
    var index = range.lowerBound
    while index + 4 * vectorLanes <= range.upperBound {
        for part in 0..<4 { greatest[part] = greatest[part].greater(values.vector(index + part * vectorLanes)) }
        index += 4 * vectorLanes
    }
    let vector = greatest[0].greater(greatest[1]).greater(greatest[2].greater(greatest[3]))
    return (index..<range.upperBound).reduce(vector.laneMaximum()) { values[$1] > $0 ? values[$1] : $0 }
}

/// Sum of e^(value - shift) over a range.
@inline(__always) private func sumOfExponentials(_ values: UnsafePointer<Float>, _ range: Range<Int>, _ shift: Float) -> Float {
    var sum = Vector(repeating: 0)
    forEachVector(range) { index, lanes in sum += exponentials(values.vector(index, lanes), shift, lanes) }
    return sum.laneSum()
}

/// Replaces the values of a range by e^(value - shift) and returns their sum.
@inline(__always) private func replaceByExponentials(_ values: UnsafeMutablePointer<Float>, _ range: Range<Int>, _ shift: Float) -> Float {
    var sum = Vector(repeating: 0)
    forEachVector(range) { index, lanes in
        let powers = exponentials(values.vector(index, lanes), shift, lanes)
        values.store(powers, index, lanes)
        sum += powers
    }
    return sum.laneSum()
}

/// e^(value - shift) in the first `lanes` lanes, 0 in the others.
@inline(__always) private func exponentials(_ values: Vector, _ shift: Float, _ lanes: Int) -> Vector {
    var powers = exponential2((values - shift) * log2OfE)
    if lanes < vectorLanes { for lane in lanes..<vectorLanes { powers[lane] = 0 } }
    return powers
}
