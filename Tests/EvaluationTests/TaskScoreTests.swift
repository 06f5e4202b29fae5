import Data
import Support
import Tensors
import Testing

@testable import Evaluation

@Suite struct TaskScoreTests {
    private static let completions = [#"{"a": 1}"#, #"{"a": 2, "b": "x"}"#, #"{"b": "y"}"#, #"{"a": 3}"#, #"{}"#]

    /// Rows as `RowTokenizer` makes them: the prompt, the completion, the end token.
    private static func rows(_ completions: [String] = completions) throws -> TokenizedRows {
        let rows = completions.enumerated().map { index, completion in
            let prompt = Array("Row \(index): ".utf8).map(Int32.init)
            let wanted = Array(completion.utf8).map(Int32.init) + [2]
            let trained = prompt.map { _ in false } + wanted.map { _ in true }
            return TokenizedRow(tokens: prompt + wanted, trained: trained, line: 10 * index + 1)
        }
        return try TokenizedRows(rows)
    }

    private static var options: TaskScore.Options {
        var options = TaskScore.Options()
        options.maxNewTokens = 6
        options.sampleCount = 2
        return options
    }

    @Test("rows are cut into prompt and completion at the first trained token, and each is scored by field")
    func scores() throws {
        let generator = try SmallModel().generator
        let found = try TaskScore.measure(generator, on: Self.rows(), Self.options)
        let fields = try #require(found.fields)
        #expect(fields.fields["a"] == .init(matched: 0, total: 3) && fields.fields["b"] == .init(matched: 0, total: 2))
        #expect(fields.records.total == 5 && fields.unparsableCount == 5)
        #expect(found.samples.map(\.line) == [1, 11])
        #expect(found.samples.map(\.prompt) == ["Row 0: ", "Row 1: "])
        #expect(found.samples.map(\.wanted) == Array(Self.completions[..<2]))
        let prompt = try generator.prompt("Row 1: ")
        var options = GenerationOptions()
        options.maxNewTokens = 6
        #expect(found.samples[1].generated == (try generator.generate([prompt], options)[0].text))
    }

    @Test("any number of ranks finds the same by one gather each, also ranks without a row")
    func ranks() throws {
        let generator = try SmallModel().generator
        let alone = try TaskScore.measure(generator, on: Self.rows(), Self.options)
        for size in [2, 3, 9] {
            var fields = FieldMatchScore()
            var samples: [TaskScore.Sample] = []
            for index in 0..<size {
                let group = PartGroup(index, of: size)
                let part = try TaskScore.measure(generator, on: Self.rows(), Self.options, group: group)
                #expect(group.calls == ["the task score"])
                fields += try #require(part.fields)
                samples += part.samples
            }
            #expect(fields == alone.fields)
            #expect(samples.sorted { $0.line < $1.line } == alone.samples)
        }
    }

    @Test("a cap on rows holds; without a task only the samples are generated")
    func caps() throws {
        let generator = try SmallModel().generator
        var options = Self.options
        options.rowLimit = 3
        #expect(try TaskScore.measure(generator, on: Self.rows(), options).fields?.records.total == 3)
        options.matchesFields = false
        let found = try TaskScore.measure(generator, on: Self.rows(["no JSON", "at all", "here"]), options)
        #expect(found.fields == nil && found.samples.count == 2)
    }

    @Test("a completion that is no JSON object is an error that names its line")
    func notJSON() throws {
        let generator = try SmallModel().generator
        let error = #expect(throws: TrainerError.self) {
            try TaskScore.measure(generator, on: Self.rows([#"{"a": 1}"#, "[1]"]), Self.options)
        }
        #expect(error?.code == .format)
        #expect(error?.subject == "held-out row of line 11, field match")
    }
}
