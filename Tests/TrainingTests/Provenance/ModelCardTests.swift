import Formats
import Foundation
import Testing
import Yams

@testable import Training

@Suite struct ModelCardTests {
    static func record(_ kind: Provenance.Kind, base: String = "models/small", quantization: String? = nil) -> Provenance {
        let training = Provenance.Training(
            configuration: "output: x\n", configurationHash: "00", method: "lora r=4", seed: 42, ranks: 2, steps: 20, epochs: 1.5, rowsSeen: 160,
            tokensSeen: 4000, trainedTokensSeen: 1200, trainingFiles: [.init(path: "rows.jsonl", bytes: 10, sha256: "11")], validationFiles: [],
            rowsRead: 40, rowsKept: 39, rowsHeldOut: 8, templateHash: "22", tokenizer: "33", lossBefore: 3.25, lossAfter: 1.5)
        let tensor = Provenance.Tensor(
            name: "model.norm.weight", shape: [4], fileType: "float32", trainedAs: "float32", fingerprint: "0123456789abcdef")
        let base = Provenance.Base(path: base, modelType: "llama", quantization: quantization, files: [], tensors: [tensor])
        return Provenance(madeBy: "trainer 0", kind: kind, base: base, training: training)
    }

    private func front(_ text: String) throws -> [String: Any] {
        let parts = text.components(separatedBy: "---\n")
        try #require(parts.count >= 3 && parts[0].isEmpty)
        return try #require(try Yams.load(yaml: parts[1]) as? [String: Any])
    }

    @Test("an adapter's card has the front matter that PEFT writes, and a table of how it was trained with losses before and after")
    func adapter() throws {
        let text = ModelCard(record: Self.record(.adapter, quantization: "nf4"), isChat: true).text
        let keys = try front(text)
        #expect(keys["base_model"] as? String == "models/small" && keys["library_name"] as? String == "peft")
        #expect(keys["pipeline_tag"] as? String == "text-generation")
        #expect(keys["tags"] as? [String] == ["base_model:adapter:models/small", "lora", "qlora", "trainer"])
        #expect(text.contains("| held-out loss before | 3.2500 |") && text.contains("| held-out loss after | 1.5000 |"))
        #expect(text.contains("| data | rows.jsonl: 39 of 40 rows |") && text.contains("--chat --nf4 --adapter"))
    }

    @Test("a model's card is transformers', and names that YAML would read as something else are in quotes")
    func model() throws {
        for base in ["models/small", "../a b: c", "yes", "1e3", "#x", "owner/name"] {
            let keys = try front(ModelCard(record: Self.record(.model, base: base), isChat: false).text)
            #expect(keys["base_model"] as? String == base && keys["library_name"] as? String == "transformers")
            #expect(keys["tags"] as? [String] == ["trainer"])
        }
    }
}
