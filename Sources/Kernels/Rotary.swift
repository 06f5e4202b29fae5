/// Turns each head's pairs of values by angles that grow with the token's position, in place.
///
///     values[t, h, i]       = a * cosine[p, i] - b * sine[p, i]      where a, b = values[t, h, i], values[t, h, i + D/2]
///     values[t, h, i + D/2] = b * cosine[p, i] + a * sine[p, i]      and p = positions[t], i < D/2
///
/// Su et al. 2021, arXiv:2104.09864, equation 34, with the pairs of Hugging Face's Llama: i and i + D/2, not neighbours. The map is a
/// rotation, so its backward is the inverse rotation of the gradient.
///
/// - Parameters:
///   - values: Read and written, rows of `headCount * headSize` values, `rowStride` apart; point it at the first head to turn.
///   - rowStride: Values from one row to the next.
///   - headCount: Heads to turn in each row.
///   - headSize: D, even.
///   - cosine: Read, `[positions, D/2]`.
///   - sine: Read, `[positions, D/2]`.
///   - positions: Read, `[T]`; rows of the tables.
///   - rows: The tokens to work on.
///   - inverse: Turns back, as backward does.
public func rotaryRotate(
    values: UnsafeMutablePointer<Float>, rowStride: Int, headCount: Int, headSize: Int, cosine: UnsafePointer<Float>,
    sine: UnsafePointer<Float>, positions: UnsafePointer<Int32>, rows: Range<Int>, inverse: Bool
) {
    let half = headSize / 2
    let direction: Float = inverse ? -1 : 1
    for row in rows {
        let cosines = cosine + Int(positions[row]) * half
        let sines = sine + Int(positions[row]) * half
        for head in 0..<headCount {
            let first = values + row * rowStride + head * headSize
            let second = first + half
            forEachVector(0..<half) { i, lanes in
                let a = first.vector(i, lanes)
                let b = second.vector(i, lanes)
                let cosine = cosines.vector(i, lanes)
                let sine = sines.vector(i, lanes) * direction
                first.store(a * cosine - b * sine, i, lanes)
                second.store(b * cosine + a * sine, i, lanes)
            }
        }
    }
}
