import Glibc
import Kernels
import TestSupport
import Testing

@Suite struct CrossEntropyTests {
    private func loss(_ logits: ArraySlice<Double>, _ target: Int) -> Double {
        let greatest = logits.max() ?? 0
        return log(logits.reduce(0) { $0 + exp($1 - greatest) }) + greatest - logits[logits.startIndex + target]
    }

    private func losses(_ logits: [Double], _ targets: [Int32], _ vocabulary: Int) -> [Double] {
        targets.indices.map { loss(logits[$0 * vocabulary..<($0 + 1) * vocabulary], Int(targets[$0])) }
    }

    @Test("forward: agrees with a Double loop for any vocabulary, with logits far apart", arguments: [1, 7, 1024, 1025, 5003])
    func forward(vocabulary: Int) {
        let rows = 3
        let logits = randomFloats(rows * vocabulary, seed: 1, scale: 40)
        let targets = [0, vocabulary / 2, vocabulary - 1].map { Int32($0) }
        let wanted = losses(logits.doubles, targets, vocabulary).floats
        var found = [Float](repeating: .nan, count: rows)
        crossEntropyForward(losses: &found, logits: logits, targets: targets, rows: 0..<rows, vocabulary: vocabulary)
        expectClose(found, wanted, relative: 1e-6, "losses")

        var both = [Float](repeating: .nan, count: rows)
        var gradient = logits
        crossEntropyForwardBackward(losses: &both, logits: &gradient, targets: targets, scale: 1, rows: 0..<rows, vocabulary: vocabulary)
        expectClose(both, wanted, relative: 1e-6, "losses with gradient")
    }

    @Test("forward: a vocabulary of 49,152 nearly equal logits keeps seven digits")
    func accuracy() {
        let logits = randomFloats(49_152, seed: 2, scale: 0.01)
        var found: [Float] = [0]
        crossEntropyForward(losses: &found, logits: logits, targets: [5], rows: 0..<1, vocabulary: 49_152)
        expectClose(found, losses(logits.doubles, [5], 49_152).floats, relative: 2e-7, "loss")
    }

    @Test("backward: the logits become the gradient, by central differences of the Double loop")
    func backward() {
        let (rows, vocabulary, scale) = (2, 37, Float(0.25))
        let logits = randomFloats(rows * vocabulary, seed: 3, scale: 4)
        let targets: [Int32] = [36, 4]
        let wanted = centralDifferences(logits.doubles) { Double(scale) * losses($0, targets, vocabulary).reduce(0, +) }
        var gradient = logits
        var found = [Float](repeating: .nan, count: rows)
        crossEntropyForwardBackward(losses: &found, logits: &gradient, targets: targets, scale: scale, rows: 0..<rows, vocabulary: vocabulary)
        expectClose(gradient, wanted.floats, relative: 1e-6, "gradient")
    }

    @Test(
        "parts: what ranks find of their parts of the vocabulary gives losses and gradients of the whole", arguments: [[0, 19, 37], [0, 1, 2, 37]])
    func parts(edges: [Int]) {
        let (rows, vocabulary, scale) = (3, 37, Float(0.25))
        let logits = randomFloats(rows * vocabulary, seed: 3, scale: 9)
        let targets: [Int32] = [36, 4, 0]
        var (wanted, gradient) = ([Float](repeating: .nan, count: rows), logits)
        crossEntropyForwardBackward(losses: &wanted, logits: &gradient, targets: targets, scale: scale, rows: 0..<rows, vocabulary: vocabulary)
        let parts = zip(edges, edges.dropFirst()).map { $0..<$1 }
        func own(_ all: [Float], _ tokens: Range<Int>) -> [Float] {
            (0..<rows).flatMap { all[$0 * vocabulary + tokens.lowerBound..<$0 * vocabulary + tokens.upperBound] }
        }
        let none = [Float](repeating: .nan, count: rows)
        let found = parts.map { tokens in
            var (sums, places, values) = (none, none, own(logits, tokens))
            crossEntropyPart(
                logSumExp: &sums, targetLogits: &places, logits: &values, targets: targets, tokens: tokens, scale: nil, rows: 0..<rows)
            #expect(values == own(logits, tokens))
            let before = sums
            crossEntropyPart(
                logSumExp: &sums, targetLogits: &places, logits: &values, targets: targets, tokens: tokens, scale: scale, rows: 0..<rows)
            expectClose(sums, before, relative: 1e-6, "the same sums without a gradient")
            return (sums: sums, places: places, values: values)
        }
        let whole = (0..<rows).map { row in log(found.reduce(0.0) { $0 + exp(Double($1.sums[row])) }) }
        let losses = (0..<rows).map { row in Float(whole[row]) - found.reduce(0) { $0 + $1.places[row] } }
        expectClose(losses, wanted, relative: 1e-6, "losses")
        for (part, tokens) in zip(found, parts) {
            let factors = (0..<rows).map { Float(exp(Double(part.sums[$0]) - whole[$0])) }
            var values = part.values
            crossEntropyPartBackward(logits: &values, factors: factors, targets: targets, tokens: tokens, scale: scale, rows: 0..<rows)
            expectClose(values, own(gradient, tokens), absolute: 1e-7, "gradient")
        }
    }

    @Test("pain 33: a NaN or an infinite logit anywhere in the row makes the loss NaN, and no other row's", arguments: [Float.nan, .infinity])
    func nonFinite(bad: Float) {
        let vocabulary = 2100
        for place in [0, 17, 1500, 2099] {
            var logits = randomFloats(2 * vocabulary, seed: 4)
            logits[vocabulary + place] = bad
            var found: [Float] = [0, 0]
            crossEntropyForward(losses: &found, logits: logits, targets: [1, 1], rows: 0..<2, vocabulary: vocabulary)
            #expect(found[0].isFinite && found[1].isNaN)
            crossEntropyForwardBackward(losses: &found, logits: &logits, targets: [1, 1], scale: 1, rows: 0..<2, vocabulary: vocabulary)
            #expect(found[0].isFinite && found[1].isNaN)
        }
    }

    @Test("forward: a forbidden token, at minus infinity, has probability 0")
    func forbidden() {
        var logits: [Float] = [1, -.infinity, 2]
        var found: [Float] = [0]
        crossEntropyForward(losses: &found, logits: logits, targets: [0], rows: 0..<1, vocabulary: 3)
        expectClose(found, [log(1 + exp(1))], relative: 1e-6, "loss")
        crossEntropyForwardBackward(losses: &found, logits: &logits, targets: [0], scale: 1, rows: 0..<1, vocabulary: 3)
        #expect(logits[1] == 0)
    }
}
