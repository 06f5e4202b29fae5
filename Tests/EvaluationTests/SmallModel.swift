import Formats
import Models
import Support
import Tensors
import TestSupport
import Tokenizers

@testable import Evaluation

/// A random model of the fixtures with a tokenizer whose ids are bytes.
struct SmallModel {
    let device: CPUDevice
    let model: LanguageModel
    let generator: Generator

    init(_ name: String = "tied") throws {
        device = try CPUDevice(threadCount: 2)
        let files = try ModelFiles.open(fixture(name, of: "Training"))
        let architecture = try Architectures.named(files.configuration.modelType, subject: files.path)
        model = LanguageModel.build(try architecture.options(from: files.configuration), architecture)
        for parameter in model.parameters { parameter.setTrainable(false) }
        let loader = WeightLoader(files)
        try loader.prepare(model, .asInFile, quantisesLinears: false)
        try model.allocate(on: device, gradients: false, longestSequence: model.options.maximumPositions)
        try loader.load(model)
        generator = Generator(model, try Self.tokenizer(), on: device)
    }

    /// Byte b has the id b; but 2 is the end token, as in the fixtures' configurations.
    static func tokenizer() throws -> Tokenizer {
        let visible = Set(Array(33...126) + Array(161...172) + Array(174...255))
        var shifted: UInt32 = 256
        var tokens = (0..<256).map { byte -> String in
            if visible.contains(byte) { return String(UnicodeScalar(UInt8(byte))) }
            defer { shifted += 1 }
            return UnicodeScalar(shifted).map { String($0) } ?? ""
        }
        tokens[2] = "<end>"
        var types = [Int32](repeating: 1, count: 256)
        types[2] = 3
        return try Tokenizer.load(
            gguf: GGUFVocabulary(model: "gpt2", pre: "gpt-2", tokens: tokens, tokenTypes: types, merges: [], endToken: 2))
    }

    /// Tokens below 128, the vocabulary of the smallest fixtures.
    static func tokens(_ count: Int, stream: UInt64) -> [Int32] {
        let random = Philox(seed: 3, purpose: .sampling)
        return (0..<count).map { Int32(random.words(UInt64($0), stream).0 % 125) + 3 }
    }

    /// The logits of every token of a sequence, by one pass over it alone.
    func logits(_ tokens: [Int32]) throws -> [[Float]] {
        let batch = PackedBatch(
            tokens: tokens, sequenceStarts: [0, tokens.count], trained: tokens.map { _ in false }, globalPositions: tokens.indices.map(Int64.init))
        let values = try model.logits(Pass(batch, on: device, keepsActivations: false)).values()
        let width = model.options.vocabulary
        return tokens.indices.map { Array(values[$0 * width..<($0 + 1) * width]) }
    }
}

/// One rank of a job whose others are run by the test one after the other: what is summed or gathered is this rank's alone.
final class PartGroup: ProcessGroup {
    let index: Int
    let size: Int
    private(set) var calls: [String] = []

    init(_ index: Int, of size: Int) { (self.index, self.size) = (index, size) }

    func startSum(_ tensor: Tensor, as type: ElementType, name: String) -> any Transfer {
        calls.append(name)
        return NoTransfer()
    }
    func startScatteredSum(_ tensor: Tensor, as type: ElementType, grain: Int, name: String) -> any Transfer {
        startSum(tensor, as: type, name: name)
    }
    func startGather(_ tensor: Tensor, as type: ElementType, grain: Int, name: String) -> any Transfer { startSum(tensor, as: type, name: name) }
    func startSend(_ tensor: Tensor, as type: ElementType, to index: Int, channel: MessageChannel, name: String) -> any Transfer {
        startSum(tensor, as: type, name: name)
    }
    func startReceive(_ tensor: Tensor, as type: ElementType, from index: Int, channel: MessageChannel, name: String) -> any Transfer {
        startSum(tensor, as: type, name: name)
    }
    func progress() {}
    func finish() {}
    func sum(_ values: [Double], name: String) -> [Double] {
        calls.append(name)
        return values
    }
    func max(_ values: [Double], name: String) -> [Double] {
        calls.append(name)
        return values
    }
    func broadcast(_ bytes: [UInt8], name: String) -> [UInt8] {
        calls.append(name)
        return bytes
    }
    func gather(_ bytes: [UInt8], name: String) -> [[UInt8]] {
        calls.append(name)
        return [bytes]
    }
    func barrier(name: String) { calls.append(name) }
}
