public import Data
import Foundation
public import Support
public import Tensors
import Tokenizers

/// How well a model's own completions of held-out prompts match the rows' completions.
public struct TaskScore: Equatable, Sendable {
    public struct Options: Equatable, Sendable {
        /// Whether each field of the completion, a JSON object, is compared. If not, only the samples are generated.
        public var matchesFields = true
        /// A cap on the rows that are generated and scored, the first of the file; nil for all.
        public var rowLimit: Int?
        /// How many of the first rows are kept with their texts.
        public var sampleCount = 3
        public var maxNewTokens = 128
        /// As in `GenerationOptions`.
        public var batchTokens = 8192

        public init() {}
    }

    /// A row with what the model made of it.
    public struct Sample: Codable, Equatable, Sendable {
        /// Of the data file, from 1.
        public var line: Int
        public var prompt: String
        public var wanted: String
        public var generated: String
    }

    /// nil if fields were not compared.
    public var fields: FieldMatchScore?
    /// In the order of their rows.
    public var samples: [Sample]

    /// Completes rows greedily and scores them. The rows are divided over the ranks of the group; every rank makes the same one collective call,
    /// with rows or without.
    ///
    /// A row's prompt is its tokens before the first trained one, and the text of its trained tokens is what is wanted; so rows must have been
    /// tokenised with completions trained only.
    ///
    /// - Parameters:
    ///   - rows: The same on every rank.
    ///   - isWanted: As in `Generator.generate`; what is returned then is of no use.
    /// - Returns: The same on every rank.
    /// - Throws: `format` with the line of a row whose completion is no JSON object, where fields are compared; what `Generator` throws.
    public static func measure(
        _ generator: Generator, on rows: TokenizedRows, _ options: Options = Options(), group: any ProcessGroup = SoloGroup(),
        while isWanted: () -> Bool = { true }
    ) throws(TrainerError) -> TaskScore {
        let scored = options.matchesFields ? min(rows.count, options.rowLimit ?? rows.count) : 0
        let sampled = min(rows.count, options.sampleCount)
        let own = Array(stride(from: group.index, to: max(scored, sampled), by: group.size))
        var cases: [Case] = []
        for row in own { cases.append(Case(try rows.row(row), number: row)) }
        var generation = GenerationOptions()
        generation.maxNewTokens = options.maxNewTokens
        generation.batchTokens = options.batchTokens
        let written = try generator.generate(cases.map { Generator.Prompt(row: $0.row, tokens: $0.prompt) }, generation, while: isWanted)
        try generator.finish()
        var part = Part()
        for (item, text) in zip(cases, written.map(\.text)) {
            let wanted = generator.tokenizer.decode(item.wanted, skippingSpecialTokens: true)
            if item.row < scored { part.fields += try item.score(generated: text, wanted: wanted) }
            if item.row < sampled {
                let prompt = generator.tokenizer.decode(item.prompt, skippingSpecialTokens: true)
                part.samples.append(Sample(line: item.line, prompt: prompt, wanted: wanted, generated: text))
            }
        }
        let whole = try part.merged(over: group)
        return TaskScore(fields: options.matchesFields ? whole.fields : nil, samples: whole.samples)
    }

    /// One row, cut where its first trained token is.
    private struct Case {
        let row: Int
        let line: Int
        let prompt: [Int32]
        let wanted: [Int32]

        init(_ row: TokenizedRow, number: Int) {
            let first = row.trained.firstIndex(of: true) ?? row.tokens.count
            self.row = number
            line = row.line
            prompt = Array(row.tokens[..<first])
            wanted = zip(row.tokens, row.trained).filter(\.1).map(\.0)
        }

        func score(generated: String, wanted: String) throws(TrainerError) -> FieldMatchScore {
            do {
                return try FieldMatch.score(generated: generated, reference: wanted)
            } catch {
                throw TrainerError(error.code, "held-out row of line \(line), \(error.subject)", error.problem, remedy: error.remedy)
            }
        }
    }

    /// What one rank has found.
    private struct Part: Codable {
        var fields = FieldMatchScore()
        var samples: [Sample] = []

        func merged(over group: any ProcessGroup) throws(TrainerError) -> Part {
            let name = "the task score"
            guard let own = try? JSONEncoder().encode(self) else { throw TrainerError(.communication, name, "can't be encoded") }
            var whole = Part()
            for bytes in try group.gather(Array(own), name: name) {
                guard let part = try? JSONDecoder().decode(Part.self, from: Data(bytes)) else {
                    throw TrainerError(.communication, name, "of another rank can't be read", remedy: "Run the same version of trainer on every rank")
                }
                whole.fields += part.fields
                whole.samples += part.samples
            }
            whole.samples.sort { $0.line < $1.line }
            return whole
        }
    }
}
