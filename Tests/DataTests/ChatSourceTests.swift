import Formats
import Foundation
import Support
import TestSupport
import Testing
import Tokenizers

@testable import Data

@Suite struct ChatSourceTests {
    /// A model's folder, with a template of its own or without one.
    func withModel(template: String?, _ body: (ModelFiles, Tokenizer, String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            for name in ["config.json", "model.safetensors"] {
                try FileManager.default.copyItem(atPath: fixture("tied/\(name)", of: "Training"), toPath: "\(folder)/\(name)")
            }
            try FileManager.default.copyItem(atPath: fixture("smollm/tokenizer.json", of: "Tokenizers"), toPath: "\(folder)/tokenizer.json")
            try Foundation.Data(#"{"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}"#.utf8)
                .write(to: URL(fileURLWithPath: "\(folder)/tokenizer_config.json"))
            try Foundation.Data(#"{"eos_token_id": [0]}"#.utf8).write(to: URL(fileURLWithPath: "\(folder)/generation_config.json"))
            if let template { try Foundation.Data(template.utf8).write(to: URL(fileURLWithPath: "\(folder)/chat_template.jinja")) }
            try body(ModelFiles.open(folder), Tokenizer.load(folder: folder), folder)
        }
    }

    @Test("pain 6: the template is the model's own or one that is named, never another; turns end in the tokens that model and tokenizer name")
    func ownTemplate() throws {
        try withModel(template: "{{ bos_token }}own") { files, tokenizer, folder in
            let own = try #require(try ChatSource.load(files, tokenizer))
            #expect(own.template == "{{ bos_token }}own" && own.path.hasPrefix(folder))
            #expect(own.stopTokens == ["<|endoftext|>", "<|im_end|>"])
            #expect(own.specialTokens == ["bos_token": "<|im_start|>", "eos_token": "<|im_end|>"])
            #expect(own.addedTokens.contains("<|im_start|>"))
            try Foundation.Data("named".utf8).write(to: URL(fileURLWithPath: "\(folder)/other.jinja"))
            let named = try #require(try ChatSource.load(files, tokenizer, path: "\(folder)/other.jinja"))
            #expect(named.template == "named" && named.fingerprint != own.fingerprint && named.stopTokens == own.stopTokens)
        }
        try withModel(template: nil) { files, tokenizer, _ in
            let none = try ChatSource.load(files, tokenizer)
            #expect(none == nil)
        }
    }
}
