import Formats
import Support
import TestSupport
import Tensors
import Testing

@testable import Models

/// Float32 noise between the two ways is 3e-6 on logits that reach 5.
@Suite struct KeyValueCacheTests {
    static let cases = ["tied", "untied", "llama3"]

    static func model(_ name: String, on device: any Device) throws -> LanguageModel {
        let files = try ModelFiles.open(fixture(name, of: "Training"))
        let architecture = try Architectures.named(files.configuration.modelType, subject: files.path)
        let model = LanguageModel.build(try architecture.options(from: files.configuration), architecture)
        let loader = WeightLoader(files)
        try loader.prepare(model, .asInFile, quantisesLinears: false)
        try model.allocate(on: device, gradients: false, longestSequence: 8)
        try loader.load(model)
        return model
    }

    /// The logits after the last of some tokens, by one pass over all of them.
    static func lastLogits(_ model: LanguageModel, _ tokens: [Int32], on device: any Device) throws -> [Float] {
        let batch = PackedBatch(
            tokens: tokens, sequenceStarts: [0, tokens.count], trained: tokens.map { _ in false }, globalPositions: tokens.indices.map(Int64.init))
        return try model.logits(Pass(batch, on: device, keepsActivations: false), tokens: [Int32(tokens.count - 1)]).values()
    }

    static func tokens(_ count: Int, stream: UInt64, below limit: UInt32) -> [Int32] {
        let random = Philox(seed: 7, purpose: .sampling)
        return (0..<count).map { Int32(random.words(UInt64($0), stream).0 % limit) }
    }

    @Test("a sequence continued token by token has the logits of one pass over it", arguments: cases)
    func continuation(name: String) throws {
        let device = try CPUDevice(threadCount: 2)
        let model = try Self.model(name, on: device)
        let tokens = Self.tokens(40, stream: 0, below: 128)
        let cache = try model.makeCache(sequenceCount: 1, capacity: 40, on: device)
        var found = try model.nextLogits([Array(tokens[..<9])], cache, on: device).values()
        for count in 9..<40 {
            expectClose(found, try Self.lastLogits(model, Array(tokens[..<count]), on: device), absolute: 1e-4, "\(name), \(count) tokens")
            found = try model.nextLogits([[tokens[count]]], cache, on: device).values()
        }
        #expect(cache.lengths == [40])
    }

    @Test("sequences of different lengths do not see each other, several tokens at a time, also after some have left", arguments: cases)
    func batch(name: String) throws {
        let device = try CPUDevice(threadCount: 2)
        let model = try Self.model(name, on: device)
        var sequences = [1, 17, 5, 30].enumerated().map { Self.tokens($0.element, stream: UInt64($0.offset), below: 128) }
        let cache = try model.makeCache(sequenceCount: 4, capacity: 48, on: device)
        var added = sequences
        for round in 0..<8 {
            let logits = try model.nextLogits(added, cache, on: device)
            for (place, sequence) in cache.active.enumerated() {
                let wanted = try Self.lastLogits(model, sequences[sequence], on: device)
                expectClose(logits.rows(place..<place + 1).values(), wanted, absolute: 1e-4, "\(name), round \(round), sequence \(sequence)")
            }
            if round == 2 { cache.active = [0, 2, 3] }
            if round == 5 { cache.active = [2] }
            added = cache.active.map { Self.tokens(1 + ($0 + round) % 2, stream: UInt64(10 + 4 * round + $0), below: 128) }
            for (place, sequence) in cache.active.enumerated() { sequences[sequence] += added[place] }
        }
    }
}
