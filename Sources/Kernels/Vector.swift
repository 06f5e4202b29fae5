/// Sixteen lanes: one AVX-512 register, two AVX2 ones or four of NEON; the compiler splits it.
///
/// Only operations that the compiler turns into instructions are used on it: `+ - * /`, `addingProduct`, `replacing(with:where:)`,
/// comparisons of floats, bit casts, integer shifts and constant shuffles. Conversions, comparisons of integers, `squareRoot`, `sum`, `max`
/// and `pointwiseMax` are calls or lane-by-lane code, so this file has its own.
typealias Vector = SIMD16<Float>

let vectorLanes = 16

// MARK: Memory

extension UnsafePointer<Float> {
    /// The 16 values from `index` on.
    @inline(__always) func vector(_ index: Int) -> Vector { UnsafeRawPointer(self + index).loadUnaligned(as: Vector.self) }

    /// The first `lanes` of 16 values from `index` on; nothing beyond them is read, and the other lanes are 0.
    @inline(__always) func vector(_ index: Int, _ lanes: Int) -> Vector {
        if lanes == vectorLanes { return vector(index) }
        var values = Vector(repeating: 0)
        for lane in 0..<lanes { values[lane] = self[index + lane] }
        return values
    }
}

extension UnsafeMutablePointer<Float> {
    @inline(__always) func vector(_ index: Int) -> Vector { UnsafePointer(self).vector(index) }
    @inline(__always) func vector(_ index: Int, _ lanes: Int) -> Vector { UnsafePointer(self).vector(index, lanes) }

    /// Stores 16 values from `index` on.
    @inline(__always) func store(_ values: Vector, _ index: Int) {
        UnsafeMutableRawPointer(self + index).storeBytes(of: values, as: Vector.self)
    }

    /// Stores the first `lanes` values from `index` on and touches nothing beyond them.
    @inline(__always) func store(_ values: Vector, _ index: Int, _ lanes: Int) {
        if lanes == vectorLanes { return store(values, index) }
        for lane in 0..<lanes { self[index + lane] = values[lane] }
    }
}

/// Calls `body(index, lanes)` for whole vectors and then for what is left over: `lanes` is a constant 16 in the loop, less in the last call.
///
/// Give long bodies as a local function marked `@inline(__always)`: the compiler leaves a long closure with two calls out of line.
@inline(__always) func forEachVector(_ range: Range<Int>, _ body: (_ index: Int, _ lanes: Int) -> Void) {
    var index = range.lowerBound
    while index + vectorLanes <= range.upperBound {
        body(index, vectorLanes)
        index += vectorLanes
    }
    if index < range.upperBound { body(index, range.upperBound - index) }
}

// MARK: Across lanes

/// The number of each lane.
@_transparent var laneNumbers: Vector { Vector(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) }

extension Vector {
    /// The sum of the lanes, in a fixed order.
    @inline(__always) func laneSum() -> Float {
        let eight = lowHalf + highHalf
        let four = eight.lowHalf + eight.highHalf
        let two = four.lowHalf + four.highHalf
        return two.x + two.y
    }

    /// The greatest lane; a lane that is no number is passed over.
    @inline(__always) func laneMaximum() -> Float {
        var greatest = self[0]
        for lane in 1..<vectorLanes where self[lane] > greatest { greatest = self[lane] }
        return greatest
    }

    /// Lane by lane the greater value; where `other` is no number, the lane of `self`.
    @inline(__always) func greater(_ other: Vector) -> Vector { replacing(with: other, where: self .< other) }
}

/// Lanes of both in turn: `(a0, b0, ... a7, b7)` and `(a8, b8, ... a15, b15)`.
@_transparent func zipped(_ a: Vector, _ b: Vector) -> (low: Vector, high: Vector) {
    var both = SIMD32<Float>()
    both.evenHalf = a
    both.oddHalf = b
    return (both.lowHalf, both.highHalf)
}

// MARK: Functions

/// 2 to the power of each lane, relative error under 2e-7; 0 below -126.5, at most 2^127.5, NaN stays NaN.
///
/// Adding 1.5 * 2^23 + 127 rounds to the nearest integer n and leaves n + 127 in the low bits, which shifted to the exponent's place are
/// 2^n. The rest, in [-0.5, 0.5], goes through the minimax polynomial of degree 6 (relative error 2e-9 before rounding).
@_transparent func exponential2(_ x: Vector) -> Vector {
    let magic = Vector(repeating: 12_583_039)
    let low = Vector(repeating: -127)
    let high = Vector(repeating: 127.49)
    let raised = x.replacing(with: low, where: x .< low)
    let clamped = raised.replacing(with: high, where: raised .> high)
    let shifted = clamped + magic
    let rest = clamped - (shifted - magic)
    var power = Vector(repeating: 0.000_153_458_12)
    power = Vector(repeating: 0.001_339_993).addingProduct(power, rest)
    power = Vector(repeating: 0.009_618_489).addingProduct(power, rest)
    power = Vector(repeating: 0.055_503_286).addingProduct(power, rest)
    power = Vector(repeating: 0.240_226_46).addingProduct(power, rest)
    power = Vector(repeating: 0.693_147_2).addingProduct(power, rest)
    power = Vector(repeating: 1).addingProduct(power, rest)
    let scale = unsafeBitCast(unsafeBitCast(shifted, to: SIMD16<UInt32>.self) &<< 23, to: Vector.self)
    return power * scale
}

/// e to the power of each lane, relative error under 3e-7 for arguments in [-87, 88]; 0 below -88, at most 2.4e38, NaN stays NaN.
///
/// As `exponential2`, with ln 2 taken off in two parts (Cody and Waite 1980), so that large arguments lose nothing.
@_transparent func exponential(_ x: Vector) -> Vector {
    let magic = Vector(repeating: 12_583_039)
    let low = Vector(repeating: -88.02)
    let high = Vector(repeating: 88.37)
    let raised = x.replacing(with: low, where: x .< low)
    let clamped = raised.replacing(with: high, where: raised .> high)
    let shifted = magic.addingProduct(clamped, Vector(repeating: 1.442_695))
    let whole = shifted - magic
    let near = clamped.addingProduct(whole, Vector(repeating: -0.693_145_75))
    let rest = near.addingProduct(whole, Vector(repeating: -1.428_606_8e-6))
    var power = Vector(repeating: 1.0 / 720)
    power = Vector(repeating: 1.0 / 120).addingProduct(power, rest)
    power = Vector(repeating: 1.0 / 24).addingProduct(power, rest)
    power = Vector(repeating: 1.0 / 6).addingProduct(power, rest)
    power = Vector(repeating: 0.5).addingProduct(power, rest)
    power = Vector(repeating: 1).addingProduct(power, rest)
    power = Vector(repeating: 1).addingProduct(power, rest)
    let scale = unsafeBitCast(unsafeBitCast(shifted, to: SIMD16<UInt32>.self) &<< 23, to: Vector.self)
    return power * scale
}

/// The logistic function of each lane: 1 / (1 + e^-x).
@_transparent func logistic(_ x: Vector) -> Vector { 1 / (1 + exponential(-x)) }

/// The square root of each lane that is a positive number or 0, to an ulp; denormal numbers lose precision.
///
/// An estimate of 1 / sqrt(x) from the halved exponent, three steps of Newton's, and a correction of x / sqrt(x) by its own remainder.
@_transparent func squareRoot(_ x: Vector) -> Vector {
    let half = x * 0.5
    let bits = SIMD16<UInt32>(repeating: 0x5F37_59DF) &- (unsafeBitCast(x, to: SIMD16<UInt32>.self) &>> 1)
    var inverse = unsafeBitCast(bits, to: Vector.self)
    for _ in 0..<3 { inverse = inverse * (1.5 - half * inverse * inverse) }
    let root = x * inverse
    let remainder = x - root * root
    return root + 0.5 * inverse * remainder
}
