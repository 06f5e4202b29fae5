import Models
import Support
import Testing
import Tokenizers

@testable import Evaluation

@Suite struct GeneratorTests {
    static let cases = ["tied", "untied", "llama3"]
    static let prompts = [1, 23, 4, 9, 9].enumerated().map { index, count in
        Generator.Prompt(row: index, tokens: SmallModel.tokens(count, stream: UInt64(index)))
    }

    @Test("greedy: the cache gives the tokens of running the whole prefix each time, for sequences of different lengths", arguments: cases)
    func greedy(name: String) throws {
        let small = try SmallModel(name)
        var options = GenerationOptions()
        options.maxNewTokens = 20
        for (prompt, found) in zip(Self.prompts, try small.generator.generate(Self.prompts, options)) {
            var tokens: [Int32] = []
            var isEnded = false
            while tokens.count < 20, !isEnded {
                let last = try #require(try small.logits(prompt.tokens + tokens).last)
                let token = try #require(last.indices.max { (last[$0], $1) < (last[$1], $0) })
                isEnded = token == 2
                if !isEnded { tokens.append(Int32(token)) }
            }
            #expect(found.tokens == tokens)
            #expect(found.stop == (isEnded ? .endToken : .length))
            #expect(found.text == small.generator.tokenizer.decode(tokens, skippingSpecialTokens: true))
        }
    }

    @Test("sampling: a row's text does not depend on which rows are generated with it, or in what order")
    func independence() throws {
        let small = try SmallModel()
        var options = GenerationOptions()
        options.maxNewTokens = 12
        options.temperature = 1.2
        options.topP = 0.95
        options.seed = 5
        let together = try small.generator.generate(Self.prompts, options)
        #expect(Set(together.map(\.tokens)).count == 5)
        options.batchTokens = 1
        #expect(try small.generator.generate(Self.prompts, options) == together)
        options.batchTokens = 60
        #expect(try small.generator.generate(Self.prompts.reversed(), options) == together.reversed())
        options.seed = 6
        #expect(try small.generator.generate(Self.prompts, options) != together)
    }

    @Test("streaming: the pieces of a row are its text")
    func streaming() throws {
        let small = try SmallModel()
        var options = GenerationOptions()
        options.temperature = 2
        options.maxNewTokens = 40
        var pieces: [Int: String] = [:]
        let found = try small.generator.generate(Self.prompts, options) { row, piece in pieces[row, default: ""] += piece }
        for (prompt, generation) in zip(Self.prompts, found) { #expect(pieces[prompt.row, default: ""].utf8.elementsEqual(generation.text.utf8)) }
    }

    @Test("generate: when it is no longer wanted, every prompt still has an answer, cut off where it was")
    func cutOff() throws {
        let small = try SmallModel()
        var options = GenerationOptions()
        options.maxNewTokens = 40
        options.batchTokens = 1
        let whole = try small.generator.generate(Self.prompts, options)
        var asked = 0
        let cut = try small.generator.generate(
            Self.prompts, options,
            while: {
                asked += 1
                return asked <= 5
            })
        #expect(cut.count == whole.count && cut.reduce(0) { $0 + $1.tokens.count } == 5)
        for (cut, whole) in zip(cut, whole) { #expect(whole.tokens.starts(with: cut.tokens)) }
    }

    @Test("stop: a stop string, a stop token and the model's last position end a text, and each is told")
    func stops() throws {
        let small = try SmallModel("untied")
        var options = GenerationOptions()
        options.maxNewTokens = 30
        let prompt = Self.prompts[1]
        let plain = try small.generator.generate([prompt], options)[0]
        #expect(plain.stop == .length)
        let bytes = plain.tokens.map { UInt8($0) }
        let stop = try #require((1..<28).lazy.map { Array(bytes[$0..<$0 + 2]) }.first { $0.allSatisfy { $0 > 32 && $0 < 127 } })
        options.stopStrings = ["never written", String(decoding: stop, as: UTF8.self)]
        let stopped = try small.generator.generate([prompt], options)[0]
        #expect(stopped.stop == .stopString)
        #expect(plain.text.hasPrefix(stopped.text) && !stopped.text.contains(options.stopStrings[1]))
        #expect(plain.tokens.starts(with: stopped.tokens) && stopped.tokens.count < 30)

        options.stopStrings = []
        options.stopTokens = [plain.tokens[4]]
        let ended = try small.generator.generate([prompt], options)[0]
        #expect(ended.stop == .endToken)
        #expect(ended.tokens == Array(plain.tokens.prefix { $0 != plain.tokens[4] }))

        options.stopTokens = []
        let long = Generator.Prompt(tokens: SmallModel.tokens(small.model.options.maximumPositions - 3, stream: 9))
        let last = try small.generator.generate([long], options)[0]
        #expect(last.stop == .length && last.tokens.count == 3)
    }

    @Test("prompts that are empty, too long or of another tokenizer, and options out of range, are refused in one line")
    func refused() throws {
        let generator = try SmallModel("untied").generator
        func problem(_ tokens: [Int32], _ change: (inout GenerationOptions) -> Void = { _ in }) -> TrainerError? {
            var options = GenerationOptions()
            change(&options)
            return #expect(throws: TrainerError.self) { try generator.generate([Generator.Prompt(row: 4, tokens: tokens)], options) }
        }
        #expect(problem([])?.problem == "is empty")
        #expect(problem([Int32](repeating: 5, count: 128))?.problem == "has 128 tokens, and the model takes 128 with what it adds")
        #expect(problem([5, 200])?.description.hasPrefix("configuration: prompt 4: has the token id 200, and the model knows 128 tokens") == true)
        #expect(problem([5]) { $0.topP = 0 }?.subject == "top-p")
        #expect(problem([5]) { $0.topK = 0 }?.subject == "top-k")
        #expect(problem([5]) { $0.temperature = .nan }?.subject == "temperature")
        #expect(problem([5]) { $0.maxNewTokens = 0 }?.subject == "max-new-tokens")
        #expect(problem([5]) { $0.stopStrings = [""] }?.subject == "stop")
        #expect(throws: TrainerError.self) { try generator.prompt("") }
    }

    @Test("a model whose logits are not finite is an error of numerics, not a text")
    func notFinite() throws {
        let small = try SmallModel()
        let gain = small.model.finalNorm.gain
        gain.write([Float](repeating: .nan, count: gain.count))
        var options = GenerationOptions()
        for temperature in [0, 1] {
            options.temperature = Double(temperature)
            let error = #expect(throws: TrainerError.self) { try small.generator.generate(Self.prompts, options) }
            #expect(error?.code == .numerics)
        }
    }
}
