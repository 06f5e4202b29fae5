import Foundation
import TestSupport
import Testing

@testable import Evaluation

@Suite struct TokenSamplerTests {
    private struct Case: Decodable {
        let logits: [Float]
        let temperature: Double
        let topK: Int?
        let topP: Double
        let probabilities: [Double]

        var options: GenerationOptions {
            var options = GenerationOptions()
            (options.temperature, options.topK, options.topP) = (temperature, topK, topP)
            return options
        }
    }

    private static func cases() throws -> [Case] {
        try JSONDecoder().decode([Case].self, from: Data(contentsOf: URL(fileURLWithPath: fixture("sampling.json"))))
    }

    @Test("what is drawn from, at every setting, is what transformers draws from: temperature, then top-k, then top-p")
    func references() throws {
        for item in try Self.cases() {
            let found = try #require(TokenSampler(item.options).candidates(item.logits[...]))
            // Which of equal logits top-p takes is a matter of sorting.
            let (mine, theirs) = (found.map(\.probability).sorted(), item.probabilities.filter { $0 > 0 }.sorted())
            expectClose(mine.map { Float($0) }, theirs.map { Float($0) }, absolute: 1e-6, "probabilities")
            guard Set(item.logits).count == item.logits.count else { continue }
            for candidate in found { #expect(abs(candidate.probability - item.probabilities[Int(candidate.token)]) < 1e-6) }
        }
    }

    @Test("draws follow the probabilities, and the same row and position always draw the same")
    func frequencies() throws {
        let item = try Self.cases()[4]
        let sampler = TokenSampler(item.options)
        var counts = [Double](repeating: 0, count: item.logits.count)
        for row in 0..<40 {
            for position in 0..<500 { counts[Int(try #require(sampler.token(item.logits[...], row: row, position: position)))] += 1 }
        }
        // Of 20,000 draws a share differs by under 4 standard deviations, 4 · sqrt(0.25 / 20000).
        for (count, probability) in zip(counts, item.probabilities) { #expect(abs(count / 20_000 - probability) < 0.0142) }
        #expect(sampler.token(item.logits[...], row: 3, position: 7) == sampler.token(item.logits[...], row: 3, position: 7))
    }

    @Test("temperature 0 takes the first of the largest logits")
    func greedy() {
        let logits: [Float] = [0, 1, 5, 3, 5]
        #expect(TokenSampler(GenerationOptions()).token(logits[1...], row: 0, position: 0) == 1)
        #expect(TokenSampler(GenerationOptions()).token([.nan, 1], row: 0, position: 0) == nil)
        #expect(TokenSampler(GenerationOptions()).token([-.infinity, -.infinity], row: 0, position: 0) == nil)
    }
}
