import Adapters
import ArgumentParser
import Data
import Evaluation
import Formats
import Foundation
import Glibc
import Models
import Support
import Tensors
import Tokenizers
import Training

/// `trainer generate`: a text continued by a model, shown as it is written.
struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Continues a text, and shows it as it is written.",
        discussion: """
            The prompt goes to the model as it is; with --chat it becomes a user's message in the model's own chat template. Standard output gets the continuation alone; what \
            was loaded and how it ended go to standard error.
            """)

    @Argument(help: "The model: a Hugging Face folder, a GGUF file, or a hub's owner/name.") var model: String
    @Option(help: "A PEFT adapter folder to use with it.") var adapter: String?
    @Option(help: "The text to continue; without it standard input is read, but for one line break at its end.") var prompt: String?
    @Flag(help: "Answer the prompt as a message of a chat, in the model's template.") var chat = false
    @Option(help: "With --chat: the system message.") var system: String?
    @Option(help: "With --chat: a file with a template, instead of the model's own.") var chatTemplate: String?
    @Option(help: "The most tokens to generate.") var maxNewTokens = 128
    @Option(help: "What logits are divided by before sampling; 0 takes the most likely token each time.") var temperature = 0.0
    @Option(help: "Draw only from this many of the most likely tokens.") var topK: Int?
    @Option(help: "Draw only from the most likely tokens that together have this probability.") var topP = 1.0
    @Option(help: "Decides every draw.") var seed: UInt64 = 0
    @Option(help: "A text that ends the generation and is left out; may be given several times.") var stop: [String] = []
    @Option(help: "Threads; by default the cores.") var threads: Int?
    @Flag(help: "Store the linear layers in NF4, as QLoRA trains adapters on them.") var nf4 = false
    @OptionGroup var downloading: DownloadOption
    @Flag(help: "Use the adapter on another base model than it was trained on.") var anyBase = false
    @Flag(help: "Show how much each module of the adapter changes, as the norm of scale · B·A.") var norms = false

    func run() throws {
        guard chat || system == nil && chatTemplate == nil else {
            throw TrainerError(.configuration, "command line", "--system and --chat-template mean nothing without --chat", remedy: "Add --chat")
        }
        let options = try options()
        let text = try promptText()
        try downloading.fetch(model)
        let device = try RankContext.make(world: nil, threads: threads).device
        var loading = LoadedModel.Options()
        loading.adapter = adapter
        loading.quantisesLinears = nf4
        loading.allowsAnyBase = anyBase
        let loaded = try LoadedModel.load(model, loading, on: device)
        for line in loaded.adapterLines(withNorms: norms) { note(line) }
        let tokenizer = try Tokenizer.load(loaded.files)
        let generator = Generator(loaded.model, tokenizer, endTokens: loaded.files.generation.endTokenIDs, on: device)
        let template = try chat ? chatSource(loaded.files, tokenizer) : nil
        if let different = loaded.provenance?.templateNote(template: template?.template, for: .prompt) { note("note: \(different)") }
        let rendered = try template.map { try ChatRendering($0).prompt(text, system: system) }
        let tokens = try generator.prompt(rendered ?? text, isRendered: chat)
        let start = ContinuousClock.now
        let generations = try generator.generate([tokens], options) { _, piece in show(piece) }
        show("\n")
        for generation in generations { note(summary(generation, after: tokens, .now - start)) }
    }

    private func options() throws -> GenerationOptions {
        var options = GenerationOptions()
        options.maxNewTokens = maxNewTokens
        options.temperature = temperature
        options.topK = topK
        options.topP = topP
        options.seed = seed
        options.stopStrings = stop
        try options.check()
        return options
    }

    private func chatSource(_ files: ModelFiles, _ tokenizer: Tokenizer) throws -> ChatSource {
        if let source = try ChatSource.load(files, tokenizer, path: chatTemplate ?? adapterTemplate(tokenizer)) { return source }
        throw TrainerError(.configuration, "--chat", "needs a chat template, and \(files.path) brings none", remedy: "Name one with --chat-template")
    }

    /// The template that the adapter brings: the one its rows were made by.
    private func adapterTemplate(_ tokenizer: Tokenizer) -> String? {
        guard let path = adapter.map({ "\($0)/chat_template.jinja" }), let own = FileManager.default.contents(atPath: path) else { return nil }
        if tokenizer.chatTemplate.map({ Data($0.utf8) }) != own { note("note: the chat template is the adapter's, which differs from the model's") }
        return path
    }

    private func promptText() throws -> String {
        var text = prompt ?? ""
        if prompt == nil {
            if isatty(STDIN_FILENO) != 0 { note("Type the prompt, then Ctrl-D.") }
            text = try StandardInput.text()
        }
        guard !text.isEmpty else {
            throw TrainerError(.configuration, "prompt", "is empty", remedy: "Give a text to continue, by --prompt or on standard input")
        }
        return text
    }

    private func summary(_ generation: Generation, after prompt: Generator.Prompt, _ duration: Duration) -> String {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
        let rate = fixed(Double(generation.tokens.count) / seconds, 1)
        let count = "\(generation.tokens.count) tokens after a prompt of \(prompt.tokens.count)"
        return "\(count), ended by \(generation.stop.rawValue), in \(fixed(seconds, 2)) s (\(rate) tokens/s)"
    }

    private func show(_ text: String) { try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) }
    private func note(_ line: String) { try? FileHandle.standardError.write(contentsOf: Data("\(line)\n".utf8)) }
}

extension LoadedModel {
    /// What is worth telling of the adapter that was read: its tensors, a warning if modules change nothing, and the norms if asked.
    func adapterLines(withNorms: Bool) -> [String] {
        guard let lora else { return [] }
        let count = lora.fileParameters.count
        var lines = ["adapter: \(count) of \(count) tensors, \(lora.modules.count) modules of rank \(lora.options.r)"]
        let idle = lora.idleModules
        lines += notes.map { "note: \($0)" }
        if let first = idle.first { lines.append("warning: \(idle.count) modules of the adapter change nothing, such as \(first)") }
        if withNorms { lines += lora.changeNorms.map { "  \($0.path)  \(fixed($0.norm, 4))" } }
        return lines
    }
}
