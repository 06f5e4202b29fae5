import Glibc

/// Attention of one query over the keys that it sees, without tiles that one query would leave almost empty: the case of generation.
///
/// Computes what `attentionForward` does, a block of keys at a time; the products are sums over lanes.
///
/// - Parameters:
///   - output: Written, `[D]`; read first if `before` says so.
///   - before: The logarithm of the sum of exponentials of the keys that `output` tells of already; minus infinity if there are none.
///   - query: Read, `[D]`.
///   - key: Read, `count` rows of D values, `keyStride` apart.
///   - value: Read, `count` rows of D values, `valueStride` apart.
///   - scratch: Overwritten, `[64 + 2D]`.
/// - Returns: The logarithm of the sum of exponentials; minus infinity if there are no keys.
func attendSingle(
    output: UnsafeMutablePointer<Float>, before: Float, query: UnsafePointer<Float>, key: UnsafePointer<Float>, keyStride: Int,
    value: UnsafePointer<Float>, valueStride: Int, count: Int, size: Int, scale: Float, scratch: UnsafeMutablePointer<Float>
) -> Float {
    let isFirst = before == -.infinity
    if count == 0, !isFirst { return before }
    let (weights, scaled, sums) = (scratch, scratch + attentionBlock, scratch + attentionBlock + size)
    forEachVector(0..<size) { d, lanes in
        scaled.store(query.vector(d, lanes) * (scale * log2OfE), d, lanes)
        sums.store(isFirst ? Vector(repeating: 0) : output.vector(d, lanes), d, lanes)
    }
    var (greatest, total): (Float, Float) = isFirst ? (-0x1p100, 0) : (before * log2OfE, 1)
    for first in stride(from: 0, to: count, by: attentionBlock) {
        let keys = min(attentionBlock, count - first)
        weights.update(repeating: -0x1p100, count: attentionBlock)
        for j in 0..<keys { weights[j] = dotProduct(scaled, key + (first + j) * keyStride, size) }

        let lastGreatest = greatest
        for lane in stride(from: 0, to: attentionBlock, by: vectorLanes) { greatest = max(greatest, weights.vector(lane).laneMaximum()) }
        let shrink = exp2f(lastGreatest - greatest)
        var sum = Vector(repeating: 0)
        for lane in stride(from: 0, to: attentionBlock, by: vectorLanes) {
            let power = exponential2(weights.vector(lane) - greatest)
            weights.store(power, lane)
            sum += power
        }
        total = total * shrink + sum.laneSum()
        if shrink != 1 { scaleInPlace(target: sums, factor: shrink, range: 0..<size) }
        for j in 0..<keys { addProduct(sums, weights[j], value + (first + j) * valueStride, size) }
    }
    let factor = count > 0 ? 1 / total : 0
    forEachVector(0..<size) { d, lanes in output.store(sums.vector(d, lanes) * factor, d, lanes) }
    return count > 0 ? greatest * ln2 + log(total) : -.infinity
}

private func dotProduct(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
    var products = Vector(repeating: 0)
    forEachVector(0..<count) { d, lanes in products = products.addingProduct(a.vector(d, lanes), b.vector(d, lanes)) }
    return products.laneSum()
}

private func addProduct(_ target: UnsafeMutablePointer<Float>, _ factor: Float, _ source: UnsafePointer<Float>, _ count: Int) {
    forEachVector(0..<count) { d, lanes in
        target.store(target.vector(d, lanes).addingProduct(Vector(repeating: factor), source.vector(d, lanes)), d, lanes)
    }
}
