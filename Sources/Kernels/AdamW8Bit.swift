/// One step of AdamW whose moments are stored in blocks of 8 bits.
///
///     g  = gradientScale * gradient
///     m  = signed[firstCodes] * firstMaxima[b] * beta1 + g * (1 - beta1)
///     v  = unsigned[secondCodes] * secondMaxima[b] * beta2 + g² * (1 - beta2)
///     p  = p * (1 - learningRate * weightDecay)
///     p -= learningRate / (1 - beta1^step) * m / (sqrt(v) / sqrt(1 - beta2^step) + epsilon)
///     maxima[b] = max over block b of |m| or v;  codes = nearest of `DynamicType`
///
/// Dettmers et al. 2022, arXiv:2110.02861, section 2. Codes and maxima are bit for bit those of bitsandbytes 0.50.2 on a CPU
/// (block 256), given the same gradients; `AdamW8BitTests` holds them. Every block is on its own, so any cut on block edges gives
/// the same bits.
///
/// - Parameters:
///   - parameter: Read and written, `[count]`.
///   - gradient: Read, `[count]`.
///   - firstCodes: Read and written, `[count]`; zero before the first step, like all that follow.
///   - firstMaxima: Read and written, `[count / 256]` rounded up.
///   - secondCodes: Read and written, `[count]`.
///   - secondMaxima: Read and written, `[count / 256]` rounded up.
///   - count: Elements of the whole buffer; the last block may be short.
///   - blocks: The blocks of 256 elements to work on.
public func adamW8BitUpdate(
    parameter: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, firstCodes: UnsafeMutablePointer<UInt8>,
    firstMaxima: UnsafeMutablePointer<Float>, secondCodes: UnsafeMutablePointer<UInt8>, secondMaxima: UnsafeMutablePointer<Float>, count: Int,
    blocks: Range<Int>, coefficients: AdamWCoefficients
) {
    let size = DynamicType.blockSize
    let (first, second) = (DynamicType.signed, DynamicType.unsigned)
    withUnsafeTemporaryAllocation(byteCount: 8 * size, alignment: 64) { buffer in
        guard let base = buffer.baseAddress else { return }
        let m = base.bindMemory(to: Float.self, capacity: 2 * size)
        let v = m + size
        for block in blocks {
            let start = block * size
            let length = min(size, count - start)
            let (firstMaximum, secondMaximum) = (firstMaxima[block], secondMaxima[block])
            for index in 0..<length {
                m[index] = first.mapPointer[Int(firstCodes[start + index])] * firstMaximum
                v[index] = second.mapPointer[Int(secondCodes[start + index])] * secondMaximum
            }
            updateBlock(parameter + start, gradient + start, m, v, length, coefficients)
            firstMaxima[block] = dynamicQuantise(firstCodes + start, m, count: length, first)
            secondMaxima[block] = dynamicQuantise(secondCodes + start, v, count: length, second)
        }
    }
}

/// The step on decoded moments, rounded where torch's kernels round.
@inline(__always)
private func updateBlock(
    _ parameter: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>, _ first: UnsafeMutablePointer<Float>,
    _ second: UnsafeMutablePointer<Float>, _ count: Int, _ c: AdamWCoefficients
) {
    @inline(__always) func update(_ index: Int, _ lanes: Int) {
        let g = gradient.vector(index, lanes) * c.gradientScale
        let m = (first.vector(index, lanes) * c.beta1).addingProduct(g, Vector(repeating: c.towards1))
        let v = (second.vector(index, lanes) * c.beta2).addingProduct(g * c.towards2, g)
        first.store(m, index, lanes)
        second.store(v, index, lanes)
        let denominator = squareRoot(v) * c.rootScale + c.epsilon
        parameter.store(parameter.vector(index, lanes) * c.kept - c.stepSize * m / denominator, index, lanes)
    }
    forEachVector(0..<count, update)
}
