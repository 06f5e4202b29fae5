import Foundation
import TestSupport
import Testing

@Suite struct ConvertTests {
    @Test("a model goes to GGUF and back by the command line, and generates the same text from each")
    func thereAndBack() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let (file, back) = ("\(folder)/model.gguf", "\(folder)/back")
            for (source, target) in [(run.model, file), (file, back)] {
                let result = try runTrainer(["convert", source, target])
                #expect(result.status == 0 && result.stdout.contains("compared with \(source)"), "\(result)")
                let again = try runTrainer(["convert", source, target])
                #expect(again.status == 66 && again.stderr.contains("--force"), "\(again)")
            }
            let texts = try [run.model, file, back].map { model in
                let result = try runTrainer(["generate", model, "--prompt", "red green", "--max-new-tokens", "24"])
                #expect(result.status == 0, "\(result)")
                return result.stdout
            }
            #expect(texts[0] == texts[1] && texts[0] == texts[2] && texts[0].count > 10)
            let bad = try runTrainer(["convert", run.model, "\(folder)/other.gguf", "--dtype", "q4_0"])
            #expect(bad.status == 64 && bad.stderr.contains("--dtype"))
        }
    }
}
