import Kernels
import TestSupport
import Testing

@Suite struct AdamW8BitTests {
    private static let count = 4200
    private static let blocks = (count + 255) / 256

    /// As `make_adamw8bit.py` has it.
    private static func gradient(step: Int) -> [Float] {
        (0..<count).map { index in
            if index / 256 == 3 || step >= 3 && index % 7 == 0 { return 0 }
            let exponent = mixed(2 * index + 100_000 * step + 1) % 20
            return (Float(mixed(2 * index + 100_000 * step) >> 8) * 0x1p-24 - 0.5) * Float(sign: .plus, exponent: -Int(exponent), significand: 1)
        }
    }

    /// A parameter with its moments.
    struct Run: Equatable {
        var parameter = (0..<count).map { Float(mixed($0) >> 8) * 0x1p-24 - 0.5 }
        var firstCodes = [UInt8](repeating: 0, count: count)
        var secondCodes = [UInt8](repeating: 0, count: count)
        var firstMaxima = [Float](repeating: 0, count: blocks)
        var secondMaxima = [Float](repeating: 0, count: blocks)

        mutating func update(step: Int, _ gradient: [Float], blocks: Range<Int>) {
            adamW8BitUpdate(
                parameter: &parameter, gradient: gradient, firstCodes: &firstCodes, firstMaxima: &firstMaxima, secondCodes: &secondCodes,
                secondMaxima: &secondMaxima, count: gradient.count, blocks: blocks,
                coefficients: AdamWCoefficients(
                    learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, step: step, gradientScale: 1))
        }
    }

    @Test("update: codes and maxima of five steps are bitsandbytes' bit for bit, and parameters agree to 1e-6")
    func reference() throws {
        var stored = try QuantisationFixture(path: fixture("Optimizers/adamw8bit.bin"))
        #expect(bits(DynamicType.unsigned.map) == bits(stored.floats(256)))
        var run = Run()
        for step in 1...5 {
            run.update(step: step, Self.gradient(step: step), blocks: 0..<Self.blocks)
            #expect(run.firstCodes == stored.take(Self.count), "step \(step)")
            #expect(bits(run.firstMaxima) == bits(stored.floats(Self.blocks)), "step \(step)")
            #expect(run.secondCodes == stored.take(Self.count), "step \(step)")
            #expect(bits(run.secondMaxima) == bits(stored.floats(Self.blocks)), "step \(step)")
            expectClose(run.parameter, stored.floats(Self.count), absolute: 1e-6, "parameters of step \(step)")
        }
        #expect(stored.isAtEnd)
    }

    @Test("update: a cut on block edges gives the same bits as the whole, and touches nothing outside its blocks")
    func ranges() {
        let gradient = Self.gradient(step: 1)
        var whole = Run()
        whole.update(step: 1, gradient, blocks: 0..<Self.blocks)
        var cut = Run()
        cut.update(step: 1, gradient, blocks: 9..<Self.blocks)
        #expect(cut.parameter[..<(9 * 256)] == Run().parameter[..<(9 * 256)] && cut.firstMaxima[..<9] == Run().firstMaxima[..<9])
        cut.update(step: 1, gradient, blocks: 0..<9)
        #expect(cut == whole)
    }

    @Test("update: a second moment that is lost in its block does not let the parameter run away")
    func smallSecondMoment() {
        var run = Run()
        var gradient = [Float](repeating: 1, count: 256)
        gradient[5] = 1e-4
        run.update(step: 1, gradient, blocks: 0..<1)
        // From now on without a gradient, as a row of an embedding whose token does not come: its first moment is still there.
        let before = run.parameter[5]
        gradient[5] = 0
        for step in 2...20 { run.update(step: step, gradient, blocks: 0..<1) }
        #expect(abs(run.parameter[5] - before * 0.98) < 0.02)
    }

    @Test("update: a NaN gradient shows in the parameter")
    func nonFinite() {
        var run = Run()
        run.update(step: 1, [.nan, 1], blocks: 0..<1)
        #expect(run.parameter[0].isNaN && run.parameter[1].isFinite)
    }
}
