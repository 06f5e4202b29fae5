import Formats
import Foundation
import Models
import Support
import Tensors
import TestSupport
import Testing
import Tokenizers

@testable import Conversion

/// A random model of TrainingTests in a folder of its own, with a tokenizer of 103 tokens.
struct ModelFolder {
    let path: String

    static let chatTemplate = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"

    init(_ name: String, in folder: String, addsBeginToken: Bool = false) throws {
        path = "\(folder)/model"
        let files = FileManager.default
        try files.createDirectory(atPath: path, withIntermediateDirectories: true)
        let source = fixture(name, of: "Training")
        for name in try files.contentsOfDirectory(atPath: source) where name == "config.json" || name.hasPrefix("model") {
            try files.copyItem(atPath: "\(source)/\(name)", toPath: "\(path)/\(name)")
        }
        try Self.tokenizer(addsBeginToken: addsBeginToken).save(to: path)
        let generation = #"{"do_sample": true, "eos_token_id": [2], "temperature": 0.7, "top_k": 40}"#
        try generation.write(toFile: "\(path)/generation_config.json", atomically: true, encoding: .utf8)
    }

    /// Gives the model an embedding of more rows.
    func widen(to rows: Int) throws {
        let tensors = try SafeTensorsFolder(path: path)
        let name = "model.embed_tokens.weight"
        let width = try tensors.entry(name).shape[1]
        let values = (0..<rows * width).map { Float($0 % 251) / 251 - 0.5 }
        let kept = try tensors.names.filter { $0 != name }.map { TensorToWrite(try tensors.entry($0)) }
        try SafeTensorsFolderWriter(kept + [TensorToWrite(name, [rows, width], floats: values)]).write(to: path)
        try HuggingFaceConfiguration.read(folder: path).write(
            folder: path, storedType: "float32", changes: [("vocab_size", .integer(rows))])
    }

    /// Printable ASCII, two merges, four special tokens and one that is found in text.
    private static func tokenizer(addsBeginToken: Bool) throws -> Tokenizer {
        let special = ["<pad>", "<s>", "<|im_end|>", "<|im_start|>"]
        let tokens = special + (33...126).map { String(UnicodeScalar($0)) } + ["Ġ", "Ċ", "ll", "he", "<tool>"]
        let types = special.map { _ in Int32(3) } + Array(repeating: 1, count: tokens.count - 5) + [4]
        return try Tokenizer.load(
            gguf: GGUFVocabulary(
                model: "gpt2", pre: "smollm", tokens: tokens, tokenTypes: types, merges: ["l l", "h e"], beginToken: 1, endToken: 2, paddingToken: 0,
                addsBeginToken: addsBeginToken, chatTemplate: chatTemplate))
    }
}

/// Runs a conversion on one thread.
func convert(
    _ source: String, _ target: String, _ type: ElementType? = nil, replaces: Bool = false, shardBytes: Int = 5_000_000_000
) throws -> ModelConversion.Report {
    var options = ModelConversion.Options()
    options.type = type
    options.replaces = replaces
    options.maximumShardBytes = shardBytes
    return try ModelConversion.run(source, to: target, options, on: try CPUDevice(threadCount: 1))
}

/// Expects an error of this code whose line holds every one of `parts`, and that nothing lies in the folder but `names`.
func expectRefusal(
    _ code: TrainerError.Code, _ parts: String..., in folder: String, leaving names: [String], sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) throws {
    let error = #expect(throws: TrainerError.self, sourceLocation: sourceLocation) { try body() }
    #expect(error?.code == code, "\(error?.description ?? "")", sourceLocation: sourceLocation)
    for part in parts { #expect(error?.description.contains(part) == true, "\(error?.description ?? "")", sourceLocation: sourceLocation) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == names, sourceLocation: sourceLocation)
}
