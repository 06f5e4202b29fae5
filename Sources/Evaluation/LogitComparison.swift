import Glibc
public import Models
public import Support
public import Tensors

/// How far the logits of one model lie from those of another, over some positions.
public struct LogitComparison: Equatable, Sendable {
    public private(set) var positions = 0
    /// Of any logit; infinite if one is not finite.
    public private(set) var largestDifference = 0.0
    public private(set) var largestDivergence = 0.0
    private var squares = 0.0
    private var count = 0
    private var divergences = 0.0
    private var agreeing = 0

    public init() {}

    /// Of all logits, root mean square.
    public var meanDifference: Double { count == 0 ? 0 : (squares / Double(count)).squareRoot() }
    /// The mean over positions of the Kullback-Leibler divergence of the second model from the first, in nats.
    public var meanDivergence: Double { positions == 0 ? 0 : divergences / Double(positions) }
    /// The share of positions where both have the same most likely token.
    public var greedyAgreement: Double { positions == 0 ? 1 : Double(agreeing) / Double(positions) }

    /// Takes in some positions.
    ///
    ///     KL(p ‖ q) = sum over v of p[v] (log p[v] - log q[v]),  p = softmax(wanted), q = softmax(found)
    ///
    /// Sums run in Double.
    ///
    /// - Precondition: Both hold whole rows of `vocabulary` logits, as many of each.
    public mutating func add(wanted: [Float], found: [Float], vocabulary: Int) {
        precondition(wanted.count == found.count && wanted.count % vocabulary == 0, "LogitComparison.add: \(wanted.count) and \(found.count) logits")
        for start in stride(from: 0, to: wanted.count, by: vocabulary) {
            add(row: wanted[start..<start + vocabulary], found[start..<start + vocabulary])
        }
    }

    private mutating func add(row wanted: ArraySlice<Float>, _ found: ArraySlice<Float>) {
        let (p, q) = (LogitRow(wanted), LogitRow(found))
        var divergence = 0.0
        for (a, b) in zip(wanted, found) {
            let difference = Double(a) - Double(b)
            squares += difference * difference
            // Not finite counts as infinitely far.
            if !(abs(difference) <= largestDifference) { largestDifference = difference.isFinite ? abs(difference) : .infinity }
            let logarithm = Double(a) - p.logSumExp
            divergence += exp(logarithm) * (logarithm - (Double(b) - q.logSumExp))
        }
        positions += 1
        count += wanted.count
        divergences += divergence
        if !(divergence <= largestDivergence) { largestDivergence = divergence.isFinite ? divergence : .infinity }
        if p.best == q.best { agreeing += 1 }
    }
}

private struct LogitRow {
    /// The place of the largest logit.
    var best = 0
    var logSumExp: Double

    init(_ logits: ArraySlice<Float>) {
        var maximum = -Float.infinity
        for (place, logit) in logits.enumerated() where logit > maximum { (best, maximum) = (place, logit) }
        var sum = 0.0
        for logit in logits { sum += exp(Double(logit) - Double(maximum)) }
        logSumExp = Double(maximum) + log(sum)
    }
}

extension LanguageModel {
    /// The logits at every position of some sequences, each alone: `[T, V]` of each, row after row.
    public func logits(of sequences: [[Int32]], on device: any Device) throws(TrainerError) -> [[Float]] {
        var all: [[Float]] = []
        for tokens in sequences {
            let batch = PackedBatch(
                tokens: tokens, sequenceStarts: [0, tokens.count], trained: [Bool](repeating: false, count: tokens.count),
                globalPositions: tokens.indices.map(Int64.init))
            all.append(try logits(try Pass(batch, on: device, keepsActivations: false)).values())
        }
        return all
    }
}
