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
            losses[row] = replaceByProbabilities(values, vocabulary, scale: scale, shifts).loss(target: targetLogit)
            values[target] -= scale
        }
    }
}

/// What a part of the vocabulary contributes to the losses and gradients of some rows; the ranks that have the others' contribute theirs.
///
///     logSumExp[r]    = log(sum over v of e^logits[r, v])
///     targetLogits[r] = logits[r, targets[r]], 0 where the target is not among `tokens`
///     logits[r, v]    = scale * e^(logits[r, v] - logSumExp[r])
///
/// The loss of a row is the logarithm of the sum of all e^logSumExp, less the sum of all target logits. Sums as in `crossEntropyForward`.
///
/// - Parameters:
///   - logSumExp: Written, `[n]`.
///   - targetLogits: Written, `[n]`.
///   - logits: Read, and if there is a scale written, `[n, tokens]`.
///   - targets: Read, `[n]`.
///   - tokens: The part of the vocabulary.
///   - scale: As in `crossEntropyForwardBackward`; nil for no gradient.
///   - rows: The rows to work on.
public func crossEntropyPart(
    logSumExp: UnsafeMutablePointer<Float>, targetLogits: UnsafeMutablePointer<Float>, logits: UnsafeMutablePointer<Float>,
    targets: UnsafePointer<Int32>, tokens: Range<Int>, scale: Float?, rows: Range<Int>
) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: (tokens.count + blockCount - 1) / blockCount) { shifts in
        for row in rows {
            let values = logits + row * tokens.count
            let target = Int(targets[row])
            targetLogits[row] = tokens.contains(target) ? values[target - tokens.lowerBound] : 0
            let sum =
                scale.map { replaceByProbabilities(values, tokens.count, scale: $0, shifts) }
                ?? sumByBlocks(values, tokens.count) { sumOfExponentials(values, $0, $1) }
            logSumExp[row] = sum.loss(target: 0)
        }
    }
}

/// The gradient of some rows in a part of the vocabulary, in the place of what `crossEntropyPart` left.
///
///     logits[r, v] = factors[r] * logits[r, v] - (v == targets[r] ? scale : 0)
///
/// - Parameters:
///   - logits: Read, then written, `[n, tokens]`.
///   - factors: Read, `[n]`: e to the power of the part's logSumExp less the whole's.
///   - targets: Read, `[n]`.
///   - tokens: The part of the vocabulary.
///   - scale: That of `crossEntropyPart`.
///   - rows: The rows to work on.
public func crossEntropyPartBackward(
    logits: UnsafeMutablePointer<Float>, factors: UnsafePointer<Float>, targets: UnsafePointer<Int32>, tokens: Range<Int>, scale: Float,
    rows: Range<Int>
) {
    for row in rows {
        let values = logits + row * tokens.count
        scaleInPlace(target: values, factor: factors[row], range: 0..<tokens.count)
        let target = Int(targets[row])
        if tokens.contains(target) { values[target - tokens.lowerBound] -= scale }
    }
}

/// Replaces a row of logits by `scale` times their softmax.
///
/// - Parameter shifts: Overwritten, a number for each block.
private func replaceByProbabilities(
    _ values: UnsafeMutablePointer<Float>, _ count: Int, scale: Float, _ shifts: UnsafeMutableBufferPointer<Float>
) -> ExponentialSum {
    let sum = sumByBlocks(values, count) { block, shift in
        shifts[block.lowerBound / blockCount] = shift
        return replaceByExponentials(values, block, shift)
    }
    for (index, shift) in shifts.enumerated() {
        let factor = Double(scale) / sum.total * exp(Double(shift) - Double(sum.greatest))
        scaleInPlace(target: values, factor: Float(factor), range: index * blockCount..<min((index + 1) * blockCount, count))
    }
    return sum
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
    visitExponentials(values, range, shift) { _, _, _ in }
}

/// Replaces the values of a range by e^(value - shift) and returns their sum.
private func replaceByExponentials(_ values: UnsafeMutablePointer<Float>, _ range: Range<Int>, _ shift: Float) -> Float {
    visitExponentials(values, range, shift) { values.store($1, $0, $2) }
}

/// Passes on e^(value - shift) of 16 values at a time, or of those that are left over, and returns the sum of all.
@inline(__always) private func visitExponentials(
    _ values: UnsafePointer<Float>, _ range: Range<Int>, _ shift: Float, _ visit: (_ index: Int, _ powers: Vector, _ lanes: Int) -> Void
) -> Float {
    let whole = range.lowerBound + range.count / vectorLanes * vectorLanes
    var sum = Vector(repeating: 0)
    for index in stride(from: range.lowerBound, to: whole, by: vectorLanes) {
        let powers = exponential2((values.vector(index) - shift) * log2OfE)
        visit(index, powers, vectorLanes)
        sum += powers
    }
    guard whole < range.upperBound else { return sum.laneSum() }
    let lanes = range.upperBound - whole
    let powers = lastExponentials(values + whole, lanes, shift)
    visit(whole, powers, lanes)
    return (sum + powers).laneSum()
}

/// e^(value - shift) of fewer than 16 values, 0 in the other lanes. Apart, since single lanes would split the vectors of the loop before it.
@inline(never) private func lastExponentials(_ values: UnsafePointer<Float>, _ lanes: Int, _ shift: Float) -> Vector {
    var powers = exponential2((values.vector(0, lanes) - shift) * log2OfE)
    for lane in lanes..<vectorLanes { powers[lane] = 0 }
    return powers
}
