import Formats
import Support

/// The `README.md` of an adapter or a model: what hubs and PEFT read in front, and for people how it came about.
struct ModelCard {
    let record: Provenance
    /// Whether rows were chats, so that a prompt is put into the chat template.
    let isChat: Bool

    private var base: String { record.base.path }
    private var baseName: String { base.split(separator: "/").last.map(String.init) ?? base }
    private var isQuantized: Bool { record.base.quantization != nil }

    var text: String {
        ([frontMatter, "# \(title)", introduction] + [table].filter { !$0.isEmpty } + ["## Use", use]).joined(separator: "\n\n") + "\n"
    }

    // MARK: - For programs

    private var frontMatter: String {
        let isAdapter = record.kind == .adapter
        var lines = ["---", "base_model: \(Self.scalar(base))"]
        if !isAdapter { lines.append("base_model_relation: finetune") }
        lines += ["library_name: \(isAdapter ? "peft" : "transformers")", "pipeline_tag: text-generation", "tags:"]
        if isAdapter { lines.append("- \(Self.scalar("base_model:adapter:\(base)"))") }
        if record.kind != .model { lines.append("- lora") }
        if isQuantized { lines.append("- qlora") }
        return (lines + ["- trainer", "---"]).joined(separator: "\n")
    }

    /// A text of YAML, in quotes where it might be read as something else.
    static func scalar(_ text: String) -> String {
        let isPlain = text.wholeMatch(of: /[A-Za-z.][A-Za-z0-9._\/-]*(?::[A-Za-z0-9._\/-]+)*/) != nil
        let words: Set<String> = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        return isPlain && !words.contains(text.lowercased()) ? text : JSONValue.string(text).text()
    }

    // MARK: - For people

    private var title: String {
        switch record.kind {
        case .adapter: "LoRA adapter for \(baseName)"
        case .model: "\(baseName), fine-tuned"
        case .merged: "\(baseName) with a LoRA adapter merged"
        }
    }

    private var introduction: String {
        "Written by \(record.madeBy). `\(Provenance.fileName)` beside this file holds the hashes of base model, data, chat template and configuration."
    }

    private var table: String {
        var rows: [(String, String)] = [("base model", base)]
        if let quantization = record.base.quantization { rows.append(("linear layers of the base in training", quantization.uppercased())) }
        if let training = record.training { rows += Self.rows(training) }
        if let merge = record.merge { rows += Self.rows(merge) }
        let lines = ["| | |", "|---|---|"] + rows.map { "| \($0.0) | \($0.1.replacing("|", with: "\\|")) |" }
        return lines.joined(separator: "\n")
    }

    private static func rows(_ training: Provenance.Training) -> [(String, String)] {
        var rows = [
            ("method", training.method),
            (
                "data",
                "\(training.trainingFiles.map(\.path).joined(separator: ", ")): \(grouped(training.rowsKept)) of \(grouped(training.rowsRead)) rows"
            ),
            ("steps", "\(grouped(training.steps)), \(fixed(training.epochs, 2)) epochs, on \(training.ranks) ranks"),
            ("tokens", "\(grouped(training.tokensSeen)), of which \(grouped(training.trainedTokensSeen)) trained"), ("seed", "\(training.seed)"),
        ]
        if training.rowsHeldOut > 0 { rows.append(("held-out rows", grouped(training.rowsHeldOut))) }
        if let loss = training.lossBefore { rows.append(("held-out loss before", fixed(loss, 4))) }
        if let loss = training.lossAfter { rows.append(("held-out loss after", fixed(loss, 4))) }
        if let hash = training.templateHash { rows.append(("SHA-256 of the chat template", "`\(hash)`")) }
        return rows
    }

    private static func rows(_ merge: Provenance.Merge) -> [(String, String)] {
        [
            ("merged onto", merge.onto == "nf4" ? "the base's values in NF4" : "the base's own values"), ("written as", merge.dtype),
            ("compared with base and adapter on", "\(grouped(merge.positions)) tokens"),
            ("largest difference of a logit", scientific(merge.largestDifference)),
            ("mean KL divergence", scientific(merge.meanDivergence)), ("same most likely token", "\(fixed(100 * merge.greedyAgreement, 2)) %"),
        ]
    }

    private var use: String {
        if record.kind == .adapter {
            let options = (isChat ? " --chat" : "") + (isQuantized ? " --nf4" : "")
            return """
                    trainer generate \(base)\(options) --adapter path/to/this/folder --prompt 'your text'

                or with PEFT:

                ```python
                from peft import AutoPeftModelForCausalLM
                model = AutoPeftModelForCausalLM.from_pretrained("path/to/this/folder")
                ```
                """
        }
        return """
                trainer generate path/to/this/folder\(isChat ? " --chat" : "") --prompt 'your text'

            or with transformers:

            ```python
            from transformers import AutoModelForCausalLM
            model = AutoModelForCausalLM.from_pretrained("path/to/this/folder")
            ```
            """
    }
}
