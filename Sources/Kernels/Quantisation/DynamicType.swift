/// The dynamic 8-bit types: 256 values between -1 or 0 and 1, the closer the smaller (Dettmers 2015, arXiv:1511.04561).
///
/// A block of numbers is stored as its greatest magnitude and a code for each number: the value nearest to the number over that magnitude.
/// Codes are found as the C library of bitsandbytes 0.50.2 finds them: the numbers from -1 to 1 are rounded to 65,536 places, and a table holds
/// the code of each. So below 1e-4 of the greatest magnitude codes are coarser than the values, and there is no zero in effect: 0 becomes the
/// value nearest to half a place, 1.5e-5, which keeps the root of a second moment from vanishing.
public struct DynamicType: Sendable {
    /// Elements that share one greatest magnitude; bitsandbytes' block.
    public static let blockSize = 256
    /// With negative values, for a first moment and for NF4's constants.
    public static let signed = DynamicType(isSigned: true)
    /// With twice as many positive values, for a second moment.
    public static let unsigned = DynamicType(isSigned: false)

    /// The value of each code, ascending.
    public let map: [Float]
    /// `map` at a fixed address; lives as long as the process.
    nonisolated(unsafe) let mapPointer: UnsafePointer<Float>
    /// The code of each of the 65,536 places: how many half-way points of the map lie below it. Lives as long as the process.
    nonisolated(unsafe) let codes: UnsafePointer<UInt8>

    private init(isSigned: Bool) {
        map = Self.values(isSigned: isSigned)
        mapPointer = Self.lasting(map)
        codes = Self.lasting(Self.codes(map))
    }

    /// bitsandbytes' `create_dynamic_map`.
    ///
    /// For each exponent e from -6 to 0: the middles of 2^(e+6) equal parts of [0.1, 1] (of twice as many without a sign), times 10^e, and
    /// their negatives; further 0 and 1.
    private static func values(isSigned: Bool) -> [Float] {
        var map: [Float] = [0, 1]
        let powers: [Float] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1]
        for (exponent, scale) in powers.enumerated() {
            let parts = (isSigned ? 1 : 2) << exponent
            let step = (1 - Float(0.1)) / Float(parts)
            // As torch.linspace: from either end, each point rounded once.
            let edges = (0...parts).map { index in
                index < (parts + 1) / 2
                    ? Float(Double(Float(0.1)) + Double(step) * Double(index)) : Float(1 - Double(step) * Double(parts - index))
            }
            for (left, right) in zip(edges, edges.dropFirst()) {
                let value = scale * ((left + right) / 2)
                map += isSigned ? [value, -value] : [value]
            }
        }
        return map.sorted()
    }

    private static func codes(_ map: [Float]) -> [UInt8] {
        let middles = zip(map, map.dropFirst()).map { ($0 + $1) * 0.5 }
        var codes: [UInt8] = []
        var code = 0
        for place in 0..<65_536 {
            let number = Float(2 * place) / 65_535 - 1
            while code < 255, number > middles[code] { code += 1 }
            codes.append(UInt8(code))
        }
        return codes
    }

    private static func lasting<Value>(_ values: [Value]) -> UnsafePointer<Value> {
        let pointer = UnsafeMutablePointer<Value>.allocate(capacity: values.count)
        pointer.initialize(from: values, count: values.count)
        return UnsafePointer(pointer)
    }
}

/// Quantises a block to a dynamic 8-bit type.
///
///     greatest = max over i of |values[i]|
///     codes[i] = code of the place nearest values[i] * (1 / greatest); 0 if greatest is 0
///
/// Bit for bit bitsandbytes' `quantize_blockwise` of version 0.50.2 on a CPU.
///
/// - Parameters:
///   - codes: Written, `[count]`.
///   - values: Read, then overwritten with what they were scaled to, `[count]`.
/// - Returns: The greatest magnitude; a NaN among the values is passed over and gets any code.
@inline(__always)
func dynamicQuantise(_ codes: UnsafeMutablePointer<UInt8>, _ values: UnsafeMutablePointer<Float>, count: Int, _ type: DynamicType) -> Float {
    var maxima = Vector(repeating: 0)
    forEachVector(0..<count) { index, lanes in
        let x = values.vector(index, lanes)
        maxima = maxima.greater(x).greater(-x)
    }
    let greatest = maxima.laneMaximum()
    guard greatest > 0 else {
        for index in 0..<count { codes[index] = 0 }
        return 0
    }
    let reciprocal = 1 / greatest
    forEachVector(0..<count) { index, lanes in values.store(places(values.vector(index, lanes) * reciprocal), index, lanes) }
    // The low bits of 2^23 + n are n; a scaled value is always under 2^16, whatever it was made from.
    for index in 0..<count { codes[index] = type.codes[Int(values[index].bitPattern & 0xFFFF)] }
    return greatest
}

/// 2^23 plus the place, from 0 to 65,535, of each number between -1 and 1; numbers beyond are taken for the nearer end.
@inline(__always)
private func places(_ scaled: Vector) -> Vector {
    let above = Vector(repeating: -1).greater(scaled)
    let half = (above.replacing(with: 1, where: above .> 1) + 1) * 0.5
    // Fused as in the library; adding 2^23 rounds to an integer, which is one too many where it lies above.
    let exact = Vector(repeating: 0.5).addingProduct(half, Vector(repeating: 65_535))
    let raised = exact + 8_388_608
    return raised.replacing(with: raised - 1, where: (raised - 8_388_608) .> exact)
}
