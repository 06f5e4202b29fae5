public import Support
public import Tensors

extension LanguageModel {
    /// An empty cache for some sequences, and rotary tables that reach to its end, so that they do not grow token by token.
    ///
    /// - Parameter capacity: The most tokens a sequence may come to.
    public func makeCache(sequenceCount: Int, capacity: Int, on device: any Device) throws(TrainerError) -> KeyValueCache {
        _ = try rotary.tables(capacity, on: device)
        return try KeyValueCache(
            keyWidth: localHeads.keyHeads * localHeads.headSize, layers: parts.flatMap(\.blocks), sequenceCount: sequenceCount,
            capacity: capacity, on: device)
    }

    /// Continues the cache's active sequences by some tokens each.
    ///
    /// - Parameter tokens: The new tokens of each active sequence, at least one.
    /// - Returns: The logits that follow each sequence's last token, `[S, V]`.
    /// - Precondition: No sequence grows beyond the cache's capacity.
    public func nextLogits(_ tokens: [[Int32]], _ cache: KeyValueCache, on device: any Device) throws(TrainerError) -> Tensor {
        try residency.keepCompany(true)
        let starts = tokens.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        let count = starts[tokens.count]
        let batch = PackedBatch(
            tokens: Array(tokens.joined()), sequenceStarts: starts, trained: [Bool](repeating: false, count: count),
            globalPositions: (0..<count).map(Int64.init))
        let pass = try Pass(batch, on: device, groups: groups.withoutContext, keepsActivations: false, cache: cache)
        return try logits(pass, tokens: starts.dropFirst().map { Int32($0 - 1) })
    }

    /// Keeps those ranks company that go on generating, if their passes wait for this rank's: call it once this rank has nothing left to generate.
    public func finishGenerating(on device: any Device) throws(TrainerError) {
        while try residency.keepCompany(false) {
            let nothing = PackedBatch(tokens: [], sequenceStarts: [0], trained: [], globalPositions: [])
            let pass = try Pass(nothing, on: device, groups: groups.withoutContext, keepsActivations: false)
            _ = try logits(pass)
        }
    }
}
