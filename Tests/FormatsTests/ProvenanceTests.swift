import Foundation
import Support
import TestSupport
import Testing

@testable import Formats

@Suite struct ProvenanceTests {
    private var record: Provenance {
        let file = Provenance.File(path: "rows.jsonl", bytes: 10, sha256: "11")
        let training = Provenance.Training(
            configuration: "output: x\n", configurationHash: "00", method: "lora", seed: 42, ranks: 2, steps: 20, epochs: 1.5, rowsSeen: 160,
            tokensSeen: 4000, trainedTokensSeen: 1200, trainingFiles: [file], validationFiles: [], rowsRead: 40, rowsKept: 39, rowsHeldOut: 8,
            templateHash: nil, tokenizer: "33", lossBefore: 3.25, lossAfter: nil)
        let tensor = Provenance.Tensor(
            name: "model.norm.weight", shape: [4], fileType: "q4_1", trainedAs: "nf4", fingerprint: "0123456789abcdef", trainedFingerprint: "ff")
        let base = Provenance.Base(path: "models/small", modelType: "llama", quantization: "nf4", files: [file], tensors: [tensor])
        return Provenance(madeBy: "trainer 0", kind: .adapter, base: base, training: training)
    }

    @Test("a record reads back as it was written, its keys in snake case; a folder without one has none")
    func roundTrip() throws {
        try withTemporaryFolder { folder in
            #expect(try Provenance.read(folder: folder) == nil)
            try record.write(folder: folder)
            #expect(try Provenance.read(folder: folder) == record)
            let text = try String(contentsOfFile: "\(folder)/\(Provenance.fileName)", encoding: .utf8)
            for key in ["format_version", "trained_as", "rows_held_out"] { #expect(text.contains("\"\(key)\"")) }
        }
    }

    @Test("a record that is cut short, of another kind or of a later version is a format error")
    func damaged() throws {
        try withTemporaryFolder { folder in
            try record.write(folder: folder)
            let path = "\(folder)/\(Provenance.fileName)"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let deep = String(repeating: "[", count: 100_000)
            for wrong in ["", "{}", "[]", String(text.dropLast(20)), text.replacing("\"format_version\" : 1", with: "\"format_version\" : 2"), deep] {
                try wrong.write(toFile: path, atomically: true, encoding: .utf8)
                let error = #expect(throws: TrainerError.self) { try Provenance.read(folder: folder) }
                #expect(error?.code == .format && error?.subject == path)
            }
        }
    }
}
