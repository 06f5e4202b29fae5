import Data
import Formats
import Models
import Support
import Tensors
import Tokenizers

/// Compares what was written, opened as anyone would open it, with the source: options, every weight, tokenizer, template and special tokens.
struct ConversionCheck {
    let conversion: ModelConversion
    let result: ModelFiles

    /// - Throws: `numerics` for weights that are not finite or too far from the source's; `file` for anything else that reads back differently.
    func run(_ tensors: [ConvertedTensor]) throws(TrainerError) {
        try checkOptions()
        for tensor in tensors { try check(tensor) }
        let tokenizer = try Tokenizer.load(result)
        try checkSpecialTokens(tokenizer)
        try checkTexts(tokenizer)
    }

    private func different(_ what: String, _ found: String, _ wanted: String) -> TrainerError {
        TrainerError(
            .file, "\(result.path): \(what)", "reads back as \(found), where the source has \(wanted)", remedy: "Please report this; nothing was kept"
        )
    }

    // MARK: - Options

    private func checkOptions() throws(TrainerError) {
        let architecture = try Architectures.named(result.configuration.modelType, subject: result.path)
        var (found, wanted) = (try architecture.options(from: result.configuration), conversion.model.options)
        let frequencies = [found, wanted].map { $0.rotary.frequencies(headSize: $0.heads.headSize) }
        let areClose = zip(frequencies[0], frequencies[1]).allSatisfy { abs($0 - $1) <= 1e-5 * abs($1) }
        guard areClose else { throw different("rotary options", "\(found.rotary)", "\(wanted.rotary)") }
        found.rotary = wanted.rotary
        // What ends a text is compared with what generation uses.
        (found.endTokens, wanted.endTokens) = ([], [])
        guard found == wanted else { throw different("options", "\(found)", "\(wanted)") }
        let ends = conversion.files.generation.endTokenIDs
        guard Set(result.generation.endTokenIDs).isSuperset(of: ends.prefix(3)) else {
            throw different("tokens that end a text", "\(result.generation.endTokenIDs)", "\(ends)")
        }
    }

    // MARK: - Weights

    /// The largest relative error, root mean square, that rounding to a type makes: half a unit in the last place for floats with room for
    /// float16's small numbers; for Q8_0 the worst block, one large element among 31 small ones.
    private static func tolerance(_ type: ElementType) -> Double {
        switch type {
        case .bfloat16: 0x1p-8
        case .float16: 0x1p-10
        case .q8_0: 0.02
        default: 0
        }
    }

    private func check(_ tensor: ConvertedTensor) throws(TrainerError) {
        let subject = "\(result.path): \(tensor.name)"
        let entry = try result.tensors.entry(tensor.name)
        guard entry.shape == tensor.entry.shape, entry.elementType == tensor.type else {
            throw different(tensor.name, "\(entry.elementType.rawValue) of \(entry.shape)", "\(tensor.type.rawValue) of \(tensor.entry.shape)")
        }
        let written = ConvertedTensor(
            name: tensor.name, type: .float32, entry: entry, source: result.tensors, sourceRow: nil, device: tensor.device)
        var (norm, difference) = (0.0, 0.0)
        try tensor.forEachPiece { (rows) throws(TrainerError) in
            let (found, wanted) = (try written.decodedRows(rows), try tensor.decodedRows(rows))
            norm += tensor.device.sumOfSquares(wanted)
            tensor.device.scale(found, by: -1)
            tensor.device.add(found, wanted)
            difference += tensor.device.sumOfSquares(found)
        }
        tensor.source.forget(tensor.entry)
        result.tensors.forget(entry)
        guard norm.isFinite else { throw TrainerError(.numerics, "\(tensor.source.path): \(tensor.entry.name)", "holds numbers that are not finite") }
        guard norm > 0 else { throw TrainerError(.numerics, "\(tensor.source.path): \(tensor.entry.name)", "holds nothing but zeros") }
        let relative = (difference / norm).squareRoot()
        guard relative <= Self.tolerance(tensor.type) else {
            let remedy = tensor.type == .float16 ? "Use --dtype bfloat16 or float32: float16 ends at 65504" : "Check the disk"
            throw TrainerError(.numerics, subject, "differs from the source by \(relative) of its norm", remedy: remedy)
        }
    }

    // MARK: - Tokens

    private func checkSpecialTokens(_ tokenizer: Tokenizer) throws(TrainerError) {
        let source = conversion.tokenizer
        guard tokenizer.chatTemplate == source.chatTemplate else {
            throw different("chat template", shown(tokenizer.chatTemplate), shown(source.chatTemplate))
        }
        let pairs = [
            ("begin token", tokenizer.beginToken, source.beginToken), ("end token", tokenizer.endToken, source.endToken),
            ("unknown token", tokenizer.unknownToken, source.unknownToken), ("padding token", tokenizer.paddingToken, source.paddingToken),
        ]
        for (name, found, wanted) in pairs where wanted != nil && found != wanted {
            throw different(name, found.map { "\($0)" } ?? "none", wanted.map { "\($0)" } ?? "none")
        }
        for id in 0..<Int32(source.vocabularySize) {
            if source.token(of: id) == tokenizer.token(of: id), source.isSpecial(id) == tokenizer.isSpecial(id) { continue }
            throw different("token \(id)", shown(tokenizer.token(of: id)), shown(source.token(of: id)))
        }
    }

    private func shown(_ text: String?) -> String { text.map { "\"\($0.prefix(60))\"" } ?? "none" }

    /// Texts that tokenizers are known to differ on, and a conversation in the model's own template.
    private func checkTexts(_ tokenizer: Tokenizer) throws(TrainerError) {
        var texts = [
            "Hello, world!", " leading and trailing ", "two  spaces\n\n\nthree lines\r\n\ttab", "I'll don't WE'VE it's", "1234567890 3.14 1,000",
            "naïve café Å e\u{301}", "日本語のテキスト 한국어 العربية", "👩‍👩‍👧 🇩🇪 \u{FE0F}", "def f(x):\n    return x**2  # comment", "",
        ]
        texts += conversion.tokenizer.addedTokenSpellings.prefix(64).map { "before\($0) after" }
        // A template may be beyond what is rendered here, or refuse such a chat; its bytes have been compared.
        if let chat = try ChatSource.load(conversion.files, conversion.tokenizer), let text = try? ChatRendering(chat).prompt("What is 2 + 2?") {
            texts.append(text)
        }
        for text in texts {
            for adds in [false, true] {
                let (found, wanted) = (
                    try tokenizer.encode(text, addingSpecialTokens: adds).ids, try conversion.tokenizer.encode(text, addingSpecialTokens: adds).ids
                )
                guard found == wanted else { throw different("tokens of \(shown(text))", "\(found)", "\(wanted)") }
            }
        }
    }
}
