import Support

/// Numbers in [-scale, scale), the same for the same seed.
func randomFloats(_ count: Int, seed: UInt64, scale: Float = 1) -> [Float] {
    let philox = Philox(seed: seed, purpose: .initialValues)
    return (0..<count).map { scale * (2 * Philox.unit(philox.words(UInt64($0)).0) - 1) }
}

extension [Float] {
    var doubles: [Double] { map(Double.init) }
}

extension [Double] {
    var floats: [Float] { map(Float.init) }
}

/// The weighted sum that a gradient test differentiates.
func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

/// The gradient of `function` at `point` by central differences, good to about 1e-9 of the function's size.
func centralDifferences(_ point: [Double], _ function: ([Double]) -> Double) -> [Double] {
    let step = 1e-5
    return point.indices.map { index in
        var (above, below) = (point, point)
        above[index] += step
        below[index] -= step
        return (function(above) - function(below)) / (2 * step)
    }
}
