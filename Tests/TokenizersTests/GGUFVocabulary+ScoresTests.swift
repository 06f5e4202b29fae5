import Foundation
import Support
import TestSupport
import Testing

@testable import Tokenizers

@Suite struct GGUFVocabularyScoresTests {
    /// A tokenizer of the fixtures with another `tokenizer.json`.
    private func load(_ name: String, _ change: (inout JSONObject) throws -> Void) throws -> Tokenizer {
        try withTemporaryFolder { folder in
            var root = try #require(JSONValue.read(path: "\(fixture(name))/tokenizer.json").members)
            try change(&root)
            try JSONValue.object(root).text().write(toFile: "\(folder)/tokenizer.json", atomically: true, encoding: .utf8)
            return try Tokenizer.load(folder: folder)
        }
    }

    /// Changes one key of the model.
    private func change(_ root: inout JSONObject, _ key: String, _ body: (JSONValue?) throws -> JSONValue) throws {
        var model = try #require(root["model"]?.members)
        model[key] = try body(model[key])
        root["model"] = .object(model)
    }

    /// Without the added tokens that GGUF can't describe.
    private func plain(_ root: inout JSONObject) throws {
        let added = try #require(root["added_tokens"]?.elements)
        root["added_tokens"] = .array(
            added.filter { token in !["single_word", "lstrip", "rstrip", "normalized"].contains { token.members?[$0] == .bool(true) } })
    }

    /// The fixture gemma as Gemma itself is: with every byte, with merges for all.
    private func gemma(_ root: inout JSONObject) throws {
        try change(&root, "vocab") { old in
            var vocabulary = try #require(old?.members)
            for byte in ["<0xF0>", "<0xCC>", "<0xE4>"] { vocabulary[byte] = .integer(vocabulary.keys.count) }
            return .object(vocabulary)
        }
        try change(&root, "ignore_merges") { _ in .bool(false) }
        try change(&root, "fuse_unk") { _ in .bool(true) }
        var added: [JSONValue] = []
        for token in try #require(root["added_tokens"]?.elements) {
            var token = try #require(token.members)
            switch token["content"] {
            case .string("<mask>"): continue
            case .string("<|im_start|>"): token["id"] = .integer(1400)
            case .string("  "): token["id"] = .integer(1401)
            default: break
            }
            added.append(.object(token))
        }
        root["added_tokens"] = .array(added)
    }

    private func expectSameIDs(_ source: Tokenizer, _ vocabulary: GGUFVocabulary, skipping isSkipped: (String) -> Bool = { _ in false }) throws {
        let tokenizer = try Tokenizer.load(gguf: vocabulary)
        for (index, line) in try References.lines().enumerated() where index % 3 == 0 && !isSkipped(line) {
            let (found, wanted) = (try tokenizer.encode(line, addingSpecialTokens: true), try source.encode(line, addingSpecialTokens: true))
            #expect(found == wanted, "\(line.debugDescription)")
            guard found == wanted else { return }
            #expect(tokenizer.decode(found.ids, skippingSpecialTokens: true) == source.decode(wanted.ids, skippingSpecialTokens: true))
        }
        for id in 0..<Int32(source.vocabularySize) {
            #expect(tokenizer.token(of: id) == source.token(of: id) && tokenizer.isSpecial(id) == source.isSpecial(id))
        }
    }

    @Test("Llama 2's, Mistral's and Gemma's vocabularies as GGUF metadata give the same ids, offsets and texts")
    func pairs() throws {
        let sources = [
            ("llama2", try load("llama2", plain), true, false), ("mistral", try References.load("mistral"), true, true),
            ("gemma", try load("gemma", gemma), false, false),
        ]
        for (name, source, hasPrefix, isAlone) in sources {
            let vocabulary = try GGUFVocabulary(source, size: source.vocabularySize + 3)
            #expect(vocabulary.model == "llama" && vocabulary.addsSpacePrefix == hasPrefix && vocabulary.prefixesTextAlone == isAlone, "\(name)")
            #expect(vocabulary.addsBeginToken && vocabulary.addsEndToken == (name == "mistral") && vocabulary.unknownToken == 0)
            #expect(vocabulary.tokenTypes.prefix(4) == [2, 3, 3, 6] && vocabulary.tokenTypes.suffix(3) == [5, 5, 5])
            #expect(vocabulary.scores.count == vocabulary.tokens.count && vocabulary.scores.allSatisfy { Double(Float($0)) == $0 })
            try expectSameIDs(source, vocabulary)
            let losses = try vocabulary.losses(of: source)
            #expect(losses.count == (isAlone ? 1 : 0), "\(losses)")
        }
    }

    @Test("T5's vocabulary as GGUF metadata gives the same ids, offsets and texts, and white space that is not cut at is named")
    func unigram() throws {
        let source = try load("t5", plain)
        let vocabulary = try GGUFVocabulary(source, size: source.vocabularySize + 3)
        #expect(vocabulary.model == "t5" && vocabulary.removesExtraSpaces && vocabulary.addsSpacePrefix && !vocabulary.characterMap.isEmpty)
        #expect(vocabulary.addsEndToken && !vocabulary.addsBeginToken && vocabulary.tokenTypes.prefix(4) == [2, 3, 3, 1])
        let others = try source.definition.otherSpaces()
        try expectSameIDs(source, vocabulary) { line in line.unicodeScalars.contains { others.contains($0) } }
        let losses = try vocabulary.losses(of: source)
        let first = String(try #require(others.first).value, radix: 16, uppercase: true)
        #expect(losses.count == 1 && losses[0].contains("such as U+\(first)"))
        #expect(try Tokenizer.load(gguf: vocabulary).encode("[PAD1201]", addingSpecialTokens: false).ids.count > 3)
    }

    @Test("metadata, through a tokenizer, make the same tokenizer")
    func thereAndBack() throws {
        for name in ["llama2", "mistral", "gemma", "t5"] {
            let source = try load(name) { root in try name == "gemma" ? gemma(&root) : plain(&root) }
            let first = try Tokenizer.load(gguf: GGUFVocabulary(source, size: source.vocabularySize))
            let second = try GGUFVocabulary(first, size: first.vocabularySize)
            #expect(try Tokenizer.load(gguf: second).fingerprint == first.fingerprint)
        }
    }

    @Test("what GGUF can't say of such a tokenizer is refused in one line with the reason")
    func refusals() throws {
        func expectRefusal(_ part: String, _ name: String, _ change: (inout JSONObject) throws -> Void) throws {
            let source = try load(name, change)
            let error = #expect(throws: TrainerError.self) { try GGUFVocabulary(source, size: source.vocabularySize) }
            let line = error?.description ?? ""
            #expect(error?.code == .configuration && line.contains(part) && !line.contains("\n"), "\(line)")
        }
        try expectRefusal("\"[word]\": has single_word, which GGUF can't say", "llama2") { _ in }
        try expectRefusal("looked for as \"\u{2581}<n>\" in normalised text", "llama2") { root in
            try plain(&root)
            let flags = [("special", false), ("normalized", true), ("lstrip", false), ("rstrip", false), ("single_word", false)]
            let token = JSONObject([("id", .integer(1400)), ("content", .string("<n>"))] + flags.map { ($0, .bool($1)) })
            root["added_tokens"] = .array(try #require(root["added_tokens"]?.elements) + [.object(token)])
        }
        try expectRefusal("has lstrip", "gemma") { _ in }
        try expectRefusal("lacks the token <0xCC>", "gemma") { $0["added_tokens"] = .array([]) }
        try expectRefusal("ignore_merges: is true", "gemma") { root in
            try gemma(&root)
            try change(&root, "ignore_merges") { _ in .bool(true) }
        }
        try expectRefusal("has no byte_fallback", "mistral") { root in try change(&root, "byte_fallback") { _ in .bool(false) } }
        try expectRefusal("merges: are not all the ways", "mistral") { root in
            try change(&root, "merges") { .array(try #require($0?.elements).dropLast()) }
        }
        try expectRefusal("no keys of GGUF's llama do", "mistral") { $0["normalizer"] = .object(JSONObject([("type", .string("NFC"))])) }
        try expectRefusal("no keys of GGUF's llama do", "mistral") { $0["decoder"] = .object(JSONObject([("type", .string("Fuse"))])) }
        try expectRefusal("no keys of GGUF's t5 do", "albert") { _ in }
        try expectRefusal("GGUF's t5 has none", "xlmr") { _ in }
        try expectRefusal("is missing, and GGUF's t5 always has an unknown token", "t5") { root in
            try plain(&root)
            try change(&root, "unk_id") { _ in .null }
        }
    }

    @Test("merges in another order of the same tokens and scores beyond float32 are named as losses")
    func losses() throws {
        let swapped = try load("mistral") { root in
            try change(&root, "merges") { old in
                var merges = try #require(old?.elements)
                func made(_ index: Int) -> String? { merges[index].elements.map { $0.compactMap(\.words).joined() } }
                let index = try #require(merges.indices.dropFirst().first { made($0) == made($0 - 1) })
                merges.swapAt(index, index - 1)
                return .array(merges)
            }
        }
        let pairs = try GGUFVocabulary(swapped, size: swapped.vocabularySize).losses(of: swapped)
        #expect(pairs.first?.contains("no order of the merges that make the same token") == true)
        let precise = try load("t5") { root in
            try plain(&root)
            try change(&root, "vocab") { old in
                var vocabulary = try #require(old?.elements)
                vocabulary[9] = .array([try #require(vocabulary[9].elements)[0], .double(-5.1)])
                return .array(vocabulary)
            }
        }
        let scores = try GGUFVocabulary(precise, size: precise.vocabularySize).losses(of: precise)
        #expect(scores.first == "Scores are rounded to float32, the type that GGUF has.")
    }
}

extension JSONValue {
    fileprivate var members: JSONObject? { if case .object(let members) = self { members } else { nil } }
    fileprivate var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    fileprivate var words: String? { if case .string(let words) = self { words } else { nil } }
}
