import ArgumentParser
import Conversion
import Foundation
import Reporting
import Support
import Tensors
import Training

/// `trainer convert`: a model from GGUF into a Hugging Face folder, or the other way.
struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Turns a GGUF file into a Hugging Face folder, or a folder into a GGUF file.",
        discussion: """
            Weights, configuration, tokenizer, chat template and special tokens go along. What was written is opened again and compared with the \
            source, and appears under its name only then.
            """)

    @Argument(help: "The model: a GGUF file, of a split one the first part, or a Hugging Face folder.") var source: String
    @Argument(help: "A folder for a GGUF file; for a folder a path that ends in .gguf.") var target: String
    @Option(
        help: """
            The type of the weights: float32, bfloat16 or float16, and q8_0 in GGUF; by default what the file has, and float32 where the target can't \
            have that. Vectors are always float32 in GGUF.
            """) var dtype: String?
    @Flag(help: "Replace a model that is there already, once the new one is whole.") var force = false
    @Option(help: "Threads; by default the cores.") var threads: Int?

    func run() throws {
        var options = ModelConversion.Options()
        options.type = try type()
        options.replaces = force
        let device = try RankContext.make(world: nil, threads: threads).device
        let start = ContinuousClock.now
        let report = try ModelConversion.run(source, to: target, options, on: device) { written, total in
            if Terminal.width() != nil { note("\r\u{1B}[K\(written) of \(total) tensors\(written == total ? ", comparing" : "")") }
        }
        if Terminal.width() != nil { note("\r\u{1B}[K") }
        for loss in report.losses { note("\(loss)\n") }
        print(
            """
            \(report.path): \(grouped(report.tensorCount)) tensors, \(grouped(report.parameterCount)) parameters, \(report.byteCount), in \
            \((ContinuousClock.now - start).words)
            compared with \(source): options, every weight, tokenizer, chat template, special tokens
            """)
    }

    private func type() throws -> ElementType? {
        guard let dtype else { return nil }
        let known: [String: ElementType] = [
            "float32": .float32, "f32": .float32, "bfloat16": .bfloat16, "bf16": .bfloat16, "float16": .float16, "f16": .float16, "q8_0": .q8_0,
        ]
        guard let type = known[dtype.lowercased()] else {
            throw TrainerError(.configuration, "--dtype", "is \(dtype)", remedy: "Use float32, bfloat16, float16 or, for GGUF, q8_0")
        }
        return type
    }

    private func note(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }
}
