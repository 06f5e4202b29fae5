import Foundation
import Testing

@testable import Evaluation

@Suite struct LogitComparisonTests {
    @Test("difference, divergence and agreement are those of a plain loop in Double")
    func figures() {
        let (wanted, found): ([Float], [Float]) = ([1, 2, 0.5, 3, -1, 0], [1.25, 2, 0.5, -1, 3, 0])
        var comparison = LogitComparison()
        comparison.add(wanted: wanted, found: found, vocabulary: 3)
        func probabilities(_ row: ArraySlice<Float>) -> [Double] {
            let powers = row.map { exp(Double($0)) }
            return powers.map { $0 / powers.reduce(0, +) }
        }
        var divergences: [Double] = []
        for start in [0, 3] {
            let (p, q) = (probabilities(wanted[start..<start + 3]), probabilities(found[start..<start + 3]))
            divergences.append(zip(p, q).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) })
        }
        #expect(comparison.positions == 2)
        #expect(comparison.largestDifference == 4)
        #expect(abs(comparison.meanDifference - ((0.0625 + 16 + 16) / 6).squareRoot()) < 1e-12)
        #expect(abs(comparison.meanDivergence - divergences.reduce(0, +) / 2) < 1e-12)
        #expect(abs(comparison.largestDivergence - (divergences.max() ?? 0)) < 1e-12)
        #expect(comparison.greedyAgreement == 0.5)
    }

    @Test("logits that are not finite are infinitely far away")
    func notFinite() {
        for wrong in [Float.nan, .infinity] {
            var comparison = LogitComparison()
            comparison.add(wanted: [1, 2], found: [1, wrong], vocabulary: 2)
            #expect(comparison.largestDifference == .infinity)
            comparison.add(wanted: [1, 2], found: [1, 2], vocabulary: 2)
            #expect(comparison.largestDifference == .infinity)
            #expect(!(comparison.meanDivergence <= 1))
        }
    }
}
