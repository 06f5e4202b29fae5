import Support
import Testing

@testable import Training

@Suite struct LayoutCheckTests {
    private func report(_ steps: [(Double, Double)], _ alone: [(Double, Double)]) -> LayoutCheck.Report {
        func all(_ pairs: [(Double, Double)]) -> [LayoutCheck.Step] { pairs.map { .init(loss: $0.0, gradientNorm: $0.1) } }
        return LayoutCheck.Report(layout: "data 2 × pipeline 1 × context 1 × tensor 1, ZeRO 1", steps: all(steps), alone: all(alone), tolerance: 1e-5)
    }

    @Test("losses and norms within the tolerance agree, the norm within ten times as much; the first that is not is named with both values")
    func verdict() throws {
        try report([(2, 1), (1, 1.00009)], [(2.00001, 1), (1, 1)]).check()
        let loss = #expect(throws: TrainerError.self) { try report([(2, 1), (1.5, 1)], [(2, 1), (1.50003, 1)]).check() }
        #expect(
            loss?.description
                == "numerics: step 2: the loss is 1.5 on data 2 × pipeline 1 × context 1 × tensor 1, ZeRO 1, but 1.50003 on one rank: 2.0e-05 apart, allowed is 1.0e-05. Rounding does not explain it; do not train on this layout, and please report it with the configuration."
        )
        let norm = #expect(throws: TrainerError.self) { try report([(2, 1.002)], [(2, 1)]).check() }
        #expect(norm?.problem.hasPrefix("the gradient norm is 1.002 on data 2") == true)
        #expect(throws: TrainerError.self) { try report([(.nan, 1)], [(2, 1)]).check() }
        #expect(throws: TrainerError.self) { try report([(2, 1)], [(0, 1)]).check() }
    }

    @Test("the numbers stand side by side, with how far they are apart and what is allowed")
    func table() {
        let text = report([(2.5, 1)], [(2.5, 1.00001)]).text
        #expect(
            text == """
                data 2 × pipeline 1 × context 1 × tensor 1, ZeRO 1, and the same steps on one rank; allowed: 1.0e-05 for a loss, 1.0e-04 for a gradient norm

                step       loss  on one rank  apart  gradient norm  on one rank    apart
                ----  ---------  -----------  -----  -------------  -----------  -------
                   1  2.5000000    2.5000000      0       1.000000     1.000010  1.0e-05

                """, "\(text)")
    }
}
