import Foundation
import Support
import TestSupport
import Testing

@testable import Tokenizers

/// The texts, and what the `tokenizers` library makes of them; see `Fixtures/make_tokenizers.py`.
enum References {
    static let byteLevel = ["gpt2", "smollm", "llama3", "qwen2", "trimmed", "splits"]
    static let others = ["llama2", "mistral", "gemma", "t5", "xlmr", "albert", "words"]
    static let tokenizers = byteLevel + others + ["smollm2"]

    static func lines() throws -> [String] { try readLines.get() }

    /// Read once: parsing takes longer than most tests.
    private static let readLines = Result {
        try JSONDecoder().decode([String].self, from: Data(contentsOf: URL(fileURLWithPath: fixture("lines.json"))))
    }

    static func load(_ name: String) throws -> Tokenizer {
        name == "smollm2" ? try readSmolLM2.get() : try Tokenizer.load(folder: fixture(name))
    }

    private static let readSmolLM2 = Result { try Tokenizer.load(gguf: smolLM2()) }

    /// Per line the hash of ids, offsets and decoded text.
    static func expected(_ name: String) throws -> [UInt32] {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: fixture("\(name).expected")))
        return stride(from: 0, to: bytes.count, by: 4).map { start in
            (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) }
        }
    }

    static func hash(_ text: String) -> UInt32 {
        var hash = Fingerprint()
        for byte in text.utf8 { hash.add(byte) }
        return UInt32(truncatingIfNeeded: hash.value)
    }

    /// SmolLM2's vocabulary (HuggingFaceTB/SmolLM2-135M-Instruct, Apache 2.0), unpacked from its merges.
    static func smolLM2() throws -> GGUFVocabulary {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: fixture("smollm2.merges"))))
        var position = 0
        func number() -> Int {
            defer { position += 2 }
            return Int(bytes[position]) | Int(bytes[position + 1]) << 8
        }
        let (special, single) = (number(), number())
        var tokens: [String] = []
        for _ in 0..<special + single {
            let end = position + 1 + Int(bytes[position])
            tokens.append(String(decoding: bytes[position + 1..<end], as: UTF8.self))
            position = end
        }
        var merges: [String] = []
        while position < bytes.count {
            let (left, right) = (tokens[number()], tokens[number()])
            merges.append("\(left) \(right)")
            tokens.append(left + right)
        }
        let types = tokens.indices.map { $0 < special ? Int32(3) : 1 }
        return GGUFVocabulary(
            model: "gpt2", pre: "smollm", tokens: tokens, tokenTypes: types, merges: merges, beginToken: 1, endToken: 2,
            chatTemplate: "{{ messages }}")
    }
}
