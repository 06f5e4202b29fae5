import Models
import Support
import Tensors
import Tokenizers

/// Sequences that are continued together.
struct GenerationBatch {
    private struct Sequence {
        let row: Int
        var tokens: [Int32] = []
        var stream: TextStream
        var stop: Generation.Stop?
        let limit: Int
    }

    private let prompts: [Generator.Prompt]
    private let generator: Generator
    private let stopTokens: Set<Int32>
    private let sampler: TokenSampler
    private let cache: KeyValueCache
    private let device: any Device
    private let options: GenerationOptions

    init(
        _ prompts: [Generator.Prompt], _ options: GenerationOptions, _ generator: Generator, capacity: Int, on device: any Device
    ) throws(TrainerError) {
        self.prompts = prompts
        self.options = options
        self.generator = generator
        self.device = device
        stopTokens = generator.endTokens.union(options.stopTokens)
        sampler = TokenSampler(options)
        cache = try generator.model.makeCache(sequenceCount: prompts.count, capacity: capacity, on: device)
    }

    func run(while isWanted: () -> Bool, _ onText: (_ row: Int, _ piece: String) -> Void) throws(TrainerError) -> [Generation] {
        let longest = generator.model.options.maximumPositions
        var sequences = prompts.map { prompt in
            Sequence(
                row: prompt.row, stream: TextStream(stopStrings: options.stopStrings),
                limit: min(options.maxNewTokens, longest - prompt.tokens.count))
        }
        var tokens = prompts.map(\.tokens)
        while !cache.active.isEmpty, isWanted() {
            let logits = try generator.model.nextLogits(tokens, cache, on: device).values()
            let width = generator.model.options.vocabulary
            for (place, index) in cache.active.enumerated() {
                try extend(&sequences[index], logits[place * width..<(place + 1) * width], onText)
            }
            cache.active = cache.active.filter { sequences[$0].stop == nil }
            tokens = cache.active.map { sequences[$0].tokens.suffix(1) }.map(Array.init)
        }
        return sequences.map { Generation(tokens: $0.tokens, text: $0.stream.text, stop: $0.stop ?? .length) }
    }

    /// Chooses a sequence's next token and decides whether it ends there.
    private func extend(
        _ sequence: inout Sequence, _ logits: ArraySlice<Float>, _ onText: (_ row: Int, _ piece: String) -> Void
    ) throws(TrainerError) {
        let position = sequence.tokens.count
        guard let token = sampler.token(logits, row: sequence.row, position: position) else {
            throw TrainerError(
                .numerics, "row \(sequence.row), generated token \(position + 1)", "the model's logits are not finite",
                remedy: "The weights or the adapter are damaged, or training has diverged")
        }
        var piece = ""
        if stopTokens.contains(token) {
            sequence.stop = .endToken
        } else {
            sequence.tokens.append(token)
            piece = sequence.stream.append(generator.tokenizer.isSpecial(token) ? [] : generator.tokenizer.tokenBytes(token))
            if sequence.stream.isStopped {
                sequence.stop = .stopString
            } else if sequence.tokens.count == sequence.limit {
                sequence.stop = .length
            }
        }
        if sequence.stop != nil { piece += sequence.stream.finish() }
        if !piece.isEmpty { onText(sequence.row, piece) }
    }
}
