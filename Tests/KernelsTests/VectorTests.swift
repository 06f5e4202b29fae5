import Glibc
import TestSupport
import Testing

@testable import Kernels

@Suite struct VectorTests {
    private func map(_ input: [Float], _ function: (Vector) -> Vector) -> [Float] {
        var output = [Float](repeating: 0, count: input.count)
        output.withUnsafeMutableBufferPointer { target in
            input.withUnsafeBufferPointer { source in
                guard let (to, from) = target.baseAddress.flatMap({ to in source.baseAddress.map { (to, $0) } }) else { return }
                forEachVector(0..<input.count) { index, lanes in to.store(function(from.vector(index, lanes)), index, lanes) }
            }
        }
        return output
    }

    @Test("exponential: within 3e-7 of the Double function over the range where the result is a normal number")
    func exponentials() {
        let input = (0..<40_001).map { Float($0 - 20_000) / 20_000 * 87 }
        for (x, y) in zip(input, map(input) { exponential($0) }) {
            let wanted = exp(Double(x))
            #expect(abs(Double(y) - wanted) <= 3e-7 * wanted, "e^\(x)")
        }
        let powers = (0..<40_001).map { Float($0 - 20_000) / 20_000 * 126 }
        for (x, y) in zip(powers, map(powers) { exponential2($0) }) {
            let wanted = exp2(Double(x))
            #expect(abs(Double(y) - wanted) <= 2e-7 * wanted, "2^\(x)")
        }
    }

    @Test("exponential: 1 at 0, 0 far below, finite far above, NaN from NaN whatever its payload")
    func ends() {
        let nan = Float(bitPattern: 0x7FC0_0155)
        let input: [Float] = [0, -0.0, -89, -1e30, -.infinity, 89, 1e30, .infinity, nan]
        for found in [map(input) { exponential($0) }, map(input) { exponential2($0 * 1.5) }] {
            #expect(found[0] == 1 && found[1] == 1)
            #expect(found[2...4].allSatisfy { $0 == 0 })
            #expect(found[5...7].allSatisfy { $0.isFinite && $0 > 1e38 })
            #expect(found[8].isNaN)
        }
    }

    @Test("squareRoot: within an ulp from 1e-37 to 1e38, and 0 at 0")
    func roots() {
        let input = [0] + (0..<7_500).map { Float(pow(10, Double($0) / 100 - 37)) }
        for (x, y) in zip(input, map(input) { squareRoot($0) }) {
            let wanted = Double(x).squareRoot()
            #expect(abs(Double(y) - wanted) <= 1.2e-7 * wanted, "sqrt(\(x))")
        }
    }

    @Test("lanes: sums, maxima, zipping and partial vectors")
    func lanes() {
        let values = (0..<19).map { Float($0) }
        values.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return }
            #expect(start.vector(3).laneSum() == 168)
            #expect(start.vector(3).laneMaximum() == 18)
            #expect(start.vector(16, 3) == Vector(16, 17, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
            let (low, high) = zipped(start.vector(0), start.vector(3))
            #expect(low == Vector(0, 3, 1, 4, 2, 5, 3, 6, 4, 7, 5, 8, 6, 9, 7, 10))
            #expect(high == Vector(8, 11, 9, 12, 10, 13, 11, 14, 12, 15, 13, 16, 14, 17, 15, 18))
        }
        var indices: [(Int, Int)] = []
        forEachVector(5..<40) { indices.append(($0, $1)) }
        #expect(indices.map(\.0) == [5, 21, 37] && indices.map(\.1) == [16, 16, 3])
    }
}
