import Glibc
import Support

/// Chooses the next token from logits.
///
/// Temperature first, then top-k, then top-p, each on what the one before left, as transformers' logits processors do. The draw is Philox of
/// (seed, row, position), so it depends neither on which rows are generated together nor on the rank that does it.
struct TokenSampler {
    /// A token that may be drawn.
    struct Candidate: Equatable {
        var token: Int32
        var probability: Double
    }

    private let options: GenerationOptions
    private let random: Philox

    init(_ options: GenerationOptions) {
        self.options = options
        random = Philox(seed: options.seed, purpose: .sampling)
    }

    /// The token after some context; nil if no logit is a number, or the largest is infinite.
    ///
    /// - Parameters:
    ///   - row: Of the sequence among all that are generated, on any rank.
    ///   - position: Tokens generated in this sequence before.
    func token(_ logits: ArraySlice<Float>, row: Int, position: Int) -> Int32? {
        guard options.temperature > 0 else { return mostLikely(logits) }
        guard let candidates = candidates(logits) else { return nil }
        let words = random.words(UInt64(position), UInt64(row))
        var rest = Double((UInt64(words.0) << 32 | UInt64(words.1)) >> 11) * 0x1p-53
        for candidate in candidates {
            rest -= candidate.probability
            if rest < 0 { return candidate.token }
        }
        return candidates.last?.token
    }

    /// The first token of the largest logit; nil if that is not finite.
    private func mostLikely(_ logits: ArraySlice<Float>) -> Int32? {
        var (best, token) = (-Float.infinity, Int32(-1))
        for (index, logit) in logits.enumerated() {
            if logit > best { (best, token) = (logit, Int32(index)) }
            if logit.isNaN { return nil }
        }
        return best.isFinite ? token : nil
    }

    /// What may be drawn, the most likely first where top-p asks for an order, with probabilities that sum to 1; nil if a logit is not a number.
    func candidates(_ logits: ArraySlice<Float>) -> [Candidate]? {
        guard let best = mostLikely(logits) else { return nil }
        let largest = logits[logits.startIndex + Int(best)]
        let least = options.topK.map { threshold(logits, $0) } ?? -.infinity
        var candidates: [Candidate] = []
        for (index, logit) in logits.enumerated() where logit >= least {
            let probability = exp((Double(logit) - Double(largest)) / options.temperature)
            candidates.append(Candidate(token: Int32(index), probability: probability))
        }
        normalise(&candidates)
        guard options.topP < 1 else { return candidates }
        return nucleus(candidates)
    }

    /// The k-th largest logit; tokens that equal it are all kept.
    private func threshold(_ logits: ArraySlice<Float>, _ k: Int) -> Float {
        var largest: [Float] = []
        for logit in logits {
            if largest.count == k, let last = largest.last, logit <= last { continue }
            var place = largest.count
            while place > 0, largest[place - 1] < logit { place -= 1 }
            largest.insert(logit, at: place)
            if largest.count > k { largest.removeLast() }
        }
        return largest.last ?? -.infinity
    }

    /// The shortest list of the most likely tokens whose probabilities come to at least top-p.
    private func nucleus(_ candidates: [Candidate]) -> [Candidate] {
        // Tokens this unlikely have less than 1 - top-p together, so they can't be among them, and need not be sorted.
        let negligible = (1 - options.topP) / Double(candidates.count)
        let sorted = candidates.filter { $0.probability >= negligible }.sorted { ($1.probability, $0.token) < ($0.probability, $1.token) }
        var kept: [Candidate] = []
        var sum = 0.0
        for candidate in sorted where sum < options.topP {
            kept.append(candidate)
            sum += candidate.probability
        }
        normalise(&kept)
        return kept
    }

    private func normalise(_ candidates: inout [Candidate]) {
        let sum = candidates.reduce(0) { $0 + $1.probability }
        for index in candidates.indices { candidates[index].probability /= sum }
    }
}
