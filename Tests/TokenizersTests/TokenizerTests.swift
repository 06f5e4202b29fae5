import Foundation
import Support
import TestSupport
import Testing

@testable import Tokenizers

@Suite struct TokenizerTests {
    @Test("ids, offsets and decoded text of 4,230 lines equal the tokenizers library's", arguments: References.tokenizers)
    func equalsTheLibrary(name: String) throws {
        let tokenizer = try References.load(name)
        let lines = try References.lines()
        let expected = try References.expected(name)
        #expect(lines.count >= 3000)
        try #require(lines.count == expected.count)
        var wrong: [String] = []
        for (line, hash) in zip(lines, expected) {
            let encoding = try tokenizer.encode(line, addingSpecialTokens: true)
            let ids = encoding.ids.map { String($0) }.joined(separator: ",")
            let offsets = encoding.offsets.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
            let decoded = tokenizer.decode(encoding.ids, skippingSpecialTokens: true)
            guard References.hash("\(ids);\(offsets);\(decoded)") != hash else { continue }
            wrong.append("\(line.debugDescription): ids \(ids), offsets \(offsets), decoded \(decoded.debugDescription)")
        }
        #expect(wrong.isEmpty, "\(wrong.count) lines differ, the first: \(wrong.prefix(3).joined(separator: "\n"))")
    }

    @Test("samples in full: ids and offsets are the library's", arguments: References.tokenizers)
    func samples(name: String) throws {
        struct Sample: Decodable {
            var ids: [Int32]
            var offsets: [[Int]]
        }
        let data = try Data(contentsOf: URL(fileURLWithPath: fixture("samples.json")))
        let samples = try #require(JSONDecoder().decode([String: [String: Sample]].self, from: data)[name])
        let tokenizer = try References.load(name)
        let lines = try References.lines()
        #expect(samples.count >= 10)
        for (index, sample) in samples {
            let encoding = try tokenizer.encode(lines[#require(Int(index))], addingSpecialTokens: true)
            #expect(encoding.ids == sample.ids)
            #expect(encoding.offsets.map { [$0.lowerBound, $0.upperBound] } == sample.offsets)
        }
    }

    @Test("pain 5: special tokens in rendered text are recognised, and no second begin token is added unless asked for")
    func beginToken() throws {
        let tokenizer = try References.load("llama3")
        let begin = try #require(tokenizer.id(of: "<|begin_of_text|>"))
        let text = "<|begin_of_text|><|start_header_id|>user"
        let plain = try tokenizer.encode(text, addingSpecialTokens: false)
        #expect(plain.ids.count { $0 == begin } == 1)
        #expect(plain.offsets.first == 0..<17)
        let added = try tokenizer.encode("user", addingSpecialTokens: true)
        #expect(added.ids.first == begin)
        #expect(added.offsets.first == 0..<0)
        #expect(tokenizer.decode(plain.ids, skippingSpecialTokens: true) == "user")
        #expect(tokenizer.decode(plain.ids, skippingSpecialTokens: false) == text)
    }

    @Test("bytes of single tokens join to the text even where a character spans tokens, and broken UTF-8 decodes to U+FFFD")
    func streaming() throws {
        let tokenizer = try References.load("smollm2")
        let text = "naïve 🏳️‍🌈 漢字\n"
        let encoding = try tokenizer.encode(text, addingSpecialTokens: false)
        #expect(encoding.ids.flatMap { tokenizer.tokenBytes($0) } == Array(text.utf8))
        #expect(tokenizer.decode(encoding.ids, skippingSpecialTokens: false) == text)
        let flag = try tokenizer.encode("🏳", addingSpecialTokens: false).ids
        try #require(flag.count > 1)
        #expect(tokenizer.decode(flag.dropLast(), skippingSpecialTokens: false) == "\u{FFFD}")
        #expect(tokenizer.tokenBytes(-1).isEmpty && tokenizer.tokenBytes(1 << 30).isEmpty)
        #expect(tokenizer.decode([-1, 1 << 30], skippingSpecialTokens: false).isEmpty)
    }

    @Test("tokens are found by name and by id; the vocabulary's size is the highest id and one")
    func names() throws {
        let tokenizer = try References.load("smollm2")
        #expect(tokenizer.vocabularySize == 49152)
        #expect(tokenizer.id(of: "<|im_end|>") == 2 && tokenizer.token(of: 2) == "<|im_end|>")
        #expect(tokenizer.id(of: "Ġthe").flatMap { tokenizer.token(of: $0) } == "Ġthe")
        #expect(tokenizer.id(of: "no such token") == nil && tokenizer.token(of: 49152) == nil && tokenizer.token(of: -1) == nil)
        #expect(tokenizer.beginToken == 1 && tokenizer.endToken == 2 && tokenizer.chatTemplate == "{{ messages }}")
        #expect(tokenizer.json == nil)
    }

    @Test("the fingerprint is the same on every load and differs between tokenizers")
    func fingerprints() throws {
        let names = References.byteLevel + References.others
        let first = try names.map { try References.load($0).fingerprint }
        let second = try names.map { try References.load($0).fingerprint }
        #expect(first == second)
        #expect(Set(first).count == names.count)
        #expect(first.allSatisfy { $0.count == 16 })
    }

    @Test("threads that share a tokenizer get the same ids as one alone")
    func threads() throws {
        let tokenizer = try References.load("qwen2")
        let lines = Array(try References.lines().prefix(400))
        let alone = try lines.map { try tokenizer.encode($0, addingSpecialTokens: true) }
        ThreadPool(threadCount: 4).onEachThread { _ in
            for (line, encoding) in zip(lines, alone) { #expect((try? tokenizer.encode(line, addingSpecialTokens: true)) == encoding) }
        }
    }

    @Test(
        "runs of 40,000 bytes without a place to cut are encoded, and decode to themselves", arguments: ["gpt2", "gemma"],
        ["a", " ", "-", "é", "\n"])
    func longRuns(name: String, unit: String) throws {
        let text = String(repeating: unit, count: 40_000 / unit.utf8.count)
        let tokenizer = try References.load(name)
        let encoding = try tokenizer.encode(text, addingSpecialTokens: false)
        #expect(tokenizer.decode(encoding.ids, skippingSpecialTokens: false) == text)
        #expect(encoding.offsets.last?.upperBound == text.utf8.count)
    }
}
