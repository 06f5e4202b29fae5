/// Scales each token's channels to unit root mean square, then by a learned gain.
///
///     output[t, c] = input[t, c] * rstd[t] * gain[c]
///     rstd[t]      = 1 / sqrt(mean over c of input[t, c]² + epsilon)
///
/// Zhang and Sennrich 2019, arXiv:1910.07467, equation 4; epsilon is Llama's addition.
/// The mean is summed in Float, 16 lanes apart. Agrees with the Double loop in `RMSNormTests` to 1e-6.
///
/// - Parameters:
///   - output: Written, `[T, C]`. May be `input` itself where no backward follows.
///   - rstd: Written, `[T]`. `rmsNormBackward` needs it.
///   - input: Read, `[T, C]`.
///   - gain: Read, `[C]`.
///   - rows: The tokens to work on.
///   - channels: C, not zero.
///   - epsilon: Added under the root; 1e-5 in Llama 3.
public func rmsNormForward(
    output: UnsafeMutablePointer<Float>, rstd: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, gain: UnsafePointer<Float>,
    rows: Range<Int>, channels: Int, epsilon: Float
) {
    for row in rows {
        let x = input + row * channels
        var squares = Vector(repeating: 0)
        forEachVector(0..<channels) { c, lanes in
            let values = x.vector(c, lanes)
            squares = squares.addingProduct(values, values)
        }
        rstd[row] = 1 / (squares.laneSum() / Float(channels) + epsilon).squareRoot()
        normalise(output + row * channels, x, rstd[row], gain, channels)
    }
}

/// The output of `rmsNormForward` again, bit for bit, from the saved `rstd [T]`.
///
/// - Parameters:
///   - output: Written, `[T, C]`.
///   - input: Read, `[T, C]`.
///   - rstd: Read, `[T]`.
///   - gain: Read, `[C]`.
public func rmsNormReapply(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, rstd: UnsafePointer<Float>, gain: UnsafePointer<Float>,
    rows: Range<Int>, channels: Int
) {
    for row in rows { normalise(output + row * channels, input + row * channels, rstd[row], gain, channels) }
}

@inline(__always) private func normalise(
    _ output: UnsafeMutablePointer<Float>, _ input: UnsafePointer<Float>, _ rstd: Float, _ gain: UnsafePointer<Float>, _ channels: Int
) {
    forEachVector(0..<channels) { c, lanes in
        output.store(input.vector(c, lanes) * rstd * gain.vector(c, lanes), c, lanes)
    }
}

/// Gradients of `rmsNormForward`, which must have saved `rstd` and left `input` as it was.
///
///     n[t, c]             = input[t, c] * rstd[t]
///     inputGradient[t, c] = rstd[t] * (gain[c] * outputGradient[t, c] - n[t, c] * mean over k of gain[k] * outputGradient[t, k] * n[t, k])
///     gainGradient[c]    += sum over t of outputGradient[t, c] * n[t, c]
///
/// - Parameters:
///   - inputGradient: Written, or added to if `adds`, `[T, C]`. May be `outputGradient` itself if not `adds`.
///   - adds: Whether `inputGradient` already holds the gradient of another path.
///   - gainGradient: Added to, `[C]`; nil if the gain is frozen. Work on several row ranges at once needs one for each.
///   - outputGradient: Read, `[T, C]`.
///   - input: Read, `[T, C]`.
///   - rstd: Read, `[T]`.
///   - gain: Read, `[C]`.
public func rmsNormBackward(
    inputGradient: UnsafeMutablePointer<Float>, adds: Bool, gainGradient: UnsafeMutablePointer<Float>?, outputGradient: UnsafePointer<Float>,
    input: UnsafePointer<Float>, rstd: UnsafePointer<Float>, gain: UnsafePointer<Float>, rows: Range<Int>, channels: Int
) {
    for row in rows {
        let x = input + row * channels
        let dOutput = outputGradient + row * channels
        let dInput = inputGradient + row * channels
        let scale = rstd[row]

        var products = Vector(repeating: 0)
        forEachVector(0..<channels) { c, lanes in
            products = products.addingProduct(dOutput.vector(c, lanes) * gain.vector(c, lanes), x.vector(c, lanes))
        }
        let mean = products.laneSum() * scale / Float(channels)

        if let gainGradient {
            forEachVector(0..<channels) { c, lanes in
                let sum = gainGradient.vector(c, lanes).addingProduct(dOutput.vector(c, lanes), x.vector(c, lanes) * scale)
                gainGradient.store(sum, c, lanes)
            }
        }
        @inline(__always) func write(_ c: Int, _ lanes: Int) {
            let normalised = x.vector(c, lanes) * scale
            var gradient = scale * (dOutput.vector(c, lanes) * gain.vector(c, lanes) - normalised * mean)
            if adds { gradient += dInput.vector(c, lanes) }
            dInput.store(gradient, c, lanes)
        }
        forEachVector(0..<channels, write)
    }
}
