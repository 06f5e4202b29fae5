import Data
import Formats
import Models
import Support
import Tokenizers

/// Containers of tensors.
extension FuzzReader {
    static func safetensors() throws -> FuzzReader {
        let names = ["reference.safetensors", "mixed.safetensors", "sharded/model-00001-of-00003.safetensors"]
        let seeds = try names.map { renamed(try load("FormatsTests/Fixtures/\($0)"), "model.safetensors") }
        return FuzzReader("safetensors", seeds: seeds, words: tensorWords, repair: headerLength) { (folder) throws(TrainerError) in
            try touch(SafeTensorsFile(path: "\(folder)/model.safetensors"))
        }
    }

    static func safetensorsFolder() throws -> FuzzReader {
        let seeds = [try load("FormatsTests/Fixtures/sharded")]
        return FuzzReader("safetensors-folder", seeds: seeds, words: tensorWords, repair: headerLength) { (folder) throws(TrainerError) in
            try touch(SafeTensorsFolder(path: folder))
        }
    }

    static func gguf() throws -> FuzzReader {
        let seeds = [renamed(try load("FormatsTests/Fixtures/reference.gguf"), "model.gguf")] + (try corpus("gguf").map { renamed($0, "model.gguf") })
        return FuzzReader("gguf", seeds: seeds, words: ggufWords) { (folder) throws(TrainerError) in
            let file = try GGUFFile(path: "\(folder)/model.gguf")
            try touch(file)
            guard file.keys.contains("llama.block_count") else { return }
            let configuration = try HuggingFaceConfiguration(file)
            _ = try GenerationConfiguration(configuration, file)
            _ = try Architectures.named(configuration.modelType, subject: file.path).options(from: configuration)
            try use(Tokenizer.load(gguf: GGUFVocabulary(file)))
        }
    }

    static func splitGGUF() throws -> FuzzReader {
        let seeds = [try load("FormatsTests/Fixtures/split")]
        return FuzzReader("gguf-split", seeds: seeds, words: ggufWords) { (folder) throws(TrainerError) in
            guard let first = try ModelFiles.ggufPath(folder) else { throw TrainerError(.file, folder, "holds no GGUF file") }
            try touch(GGUFFile(path: first))
        }
    }

    private static let tensorWords = [
        "\"dtype\"", "\"shape\"", "\"data_offsets\"", "\"__metadata__\"", "\"F32\"", "\"BF16\"", "\"F4\"", "\"weight_map\"",
    ]
    private static let ggufWords = [
        "general.architecture", "general.alignment", "llama.block_count", "split.count", "split.no", "tokenizer.ggml.tokens",
    ]

    /// Reads every byte of every tensor that can be read.
    static func touch(_ tensors: some TensorSource) throws(TrainerError) {
        var sum: UInt8 = 0
        for listing in tensors.listings where listing.elementType != nil {
            let entry = try tensors.entry(listing.name)
            for byte in entry.bytes { sum ^= byte }
            tensors.forget(entry)
        }
        sink = sum
    }

    /// Keeps what was computed from being left out.
    nonisolated(unsafe) static var sink: UInt8 = 0

    /// Encodes a text and decodes the tokens.
    static func use(_ tokenizer: Tokenizer) throws(TrainerError) {
        let encoded = try tokenizer.encode("Hello, World! 123 naïve <|endoftext|> x\n\t 👩‍👩‍👧 e\u{301}", addingSpecialTokens: true)
        sink = UInt8(truncatingIfNeeded: tokenizer.decode(encoded.ids, skippingSpecialTokens: false).utf8.count)
    }

    /// Gives each safetensors file the header length that fits its new size: what was added or lost is taken to be in the header.
    static func headerLength(_ damaged: FuzzCase, _ seed: FuzzCase) -> FuzzCase {
        var input = damaged
        for (index, file) in damaged.files.enumerated() where file.name.hasSuffix(".safetensors") && file.bytes.count >= 8 {
            guard let old = seed.bytes(file.name), old.count >= 8 else { continue }
            let length = (0..<8).reduce(0) { $0 | Int(old[$1]) << (8 * $1) } + file.bytes.count - old.count
            for place in 0..<8 { input.files[index].bytes[place] = UInt8(truncatingIfNeeded: length >> (8 * place)) }
        }
        return input
    }
}
