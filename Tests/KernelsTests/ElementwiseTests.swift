import Kernels
import TestSupport
import Testing

@Suite struct ElementwiseTests {
    @Test("addInto and scaleInPlace: work on their range and touch nothing else")
    func addAndScale() {
        let (a, b) = (randomFloats(70, seed: 1), randomFloats(70, seed: 2))
        var sum = a
        addInto(target: &sum, source: b, range: 3..<60)
        #expect(sum == a.indices.map { (3..<60).contains($0) ? a[$0] + b[$0] : a[$0] })
        var scaled = a
        scaleInPlace(target: &scaled, factor: 0.3, range: 5..<66)
        #expect(scaled == a.indices.map { (5..<66).contains($0) ? a[$0] * 0.3 : a[$0] })
    }

    @Test("sumOfSquares: a million values to 1e-12 of the Double loop, small ones beside large ones included")
    func squares() {
        var values = randomFloats(1_000_003, seed: 3)
        values[500] = 1e15
        values[501] = 1e-20
        let wanted = values[1...].reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(abs(sumOfSquares(values: values, range: 1..<values.count) - wanted) <= 1e-12 * wanted)
        #expect(sumOfSquares(values: values, range: 501..<502) == Double(Float(1e-20)) * Double(Float(1e-20)))
    }

    @Test(
        "sumOfSquares and firstNonFinite: an infinite value or NaN is seen wherever it is, the first is named",
        arguments: [Float.nan, .infinity, -.infinity])
    func nonFinite(bad: Float) {
        for place in [0, 15, 16, 98] {
            var values = randomFloats(100, seed: 4)
            #expect(firstNonFinite(values: values, range: 0..<100) == nil)
            values[place] = bad
            values[99] = .nan
            #expect(!sumOfSquares(values: values, range: 0..<99).isFinite)
            #expect(firstNonFinite(values: values, range: 0..<99) == place)
            #expect(firstNonFinite(values: values, range: (place + 1)..<99) == nil)
        }
    }

    @Test("gatherRows and scatterRows: rows move whole, and scattering undoes gathering")
    func rows() {
        let channels = 5
        let input = randomFloats(7 * channels, seed: 5)
        let indices: [Int32] = [6, 0, 3]
        var gathered = [Float](repeating: 0, count: 3 * channels)
        gatherRows(output: &gathered, input: input, rowIndices: indices, rows: 0..<3, channels: channels)
        #expect(gathered == indices.flatMap { input[Int($0) * channels..<(Int($0) + 1) * channels] })
        var scattered = [Float](repeating: -1, count: 7 * channels)
        scatterRows(output: &scattered, input: gathered, rowIndices: indices, rows: 0..<2, channels: channels)
        #expect(scattered[30..<35] == input[30..<35] && scattered[0..<5] == input[0..<5] && scattered[5..<30].allSatisfy { $0 == -1 })
    }
}
