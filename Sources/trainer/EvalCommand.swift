import Adapters
public import ArgumentParser
public import Data
import Evaluation
import Formats
import MessagePassing
import Models
public import Planning
import Reporting
import Support
import Tensors
import Tokenizers
import Training

/// `trainer eval`: the loss of a model on held-out rows, and the score of what it writes for them.
struct EvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Measures loss, perplexity and task score on held-out rows.",
        discussion: """
            Either a configuration says which rows are held out and how they are scored, or --model and --data name model and rows. The base model \
            is measured unless --adapter names an adapter; a configuration whose method is qlora has its linear layers measured in NF4. Under \
            mpirun the ranks share the rows.
            """)

    @Argument(help: "A run's configuration, and key=value words that override it.") var words: [String] = []
    @Option(help: "The model, without a configuration: a Hugging Face folder, a GGUF file, or a hub's owner/name.") var model: String?
    @OptionGroup var downloading: DownloadOption
    @Option(help: "The rows, without a configuration: a file of JSON lines.") var data: String?
    @Option(help: "A PEFT adapter folder to use with the model.") var adapter: String?
    @Flag(help: "Use the adapter on another base model than it was trained on.") var anyBase = false
    @Option(help: "The score of generated text.") var task: EvaluationOptions.Task?
    @Option(help: "Generate and score only this many rows.") var rows: Int?
    @Option(help: "Outputs to show.") var samples: Int?
    @Option(help: "The most tokens generated per row.") var maxNewTokens: Int?
    @Option(help: "The most tokens a row may have.") var sequenceLength: Int?
    @Option(help: "Tokens that the loss counts.") var trainOn: DataOptions.TrainOn?
    @Option(help: "Threads of each rank; by default the node's cores divided by its ranks.") var threads: Int?

    func run() throws {
        let configuration = try configuration()
        let world = try MPIJob.start()
        try RankComparison.check(configuration, world)
        if configuration.model.download { try ModelDownload.run(configuration.model.path, world: world) }
        let context = try RankContext.make(world: world, threads: threads ?? configuration.parallel.threads.given)
        var options = LoadedModel.Options()
        options.adapter = adapter
        options.storage = .init(configuration.model.dtype)
        options.quantisesLinears = configuration.method.kind == .qlora
        options.allowsAnyBase = anyBase
        let loaded = try LoadedModel.load(configuration.model.path, options, on: context.device, group: context.group)
        let tokenizer = try Tokenizer.load(loaded.files)
        let reading = RowReading(configuration.data, loaded.files, tokenizer, group: context.group, pool: context.processor.pool)
        let (rows, chat) = try heldOutRows(reading, seed: UInt64(configuration.training.seed))
        if context.group.index == 0 {
            for line in loaded.adapterLines(withNorms: false) { print(line) }
            if let note = loaded.provenance?.templateNote(template: chat?.template) { print("note: \(note)") }
        }

        let loss = try HeldOutLoss.measure(
            loaded.model, on: rows, microbatchTokens: configuration.training.microbatchTokens, group: context.group, device: context.device)
        if context.group.index == 0 { print(table(rows, loss), terminator: "") }
        let generator = Generator(loaded.model, tokenizer, endTokens: loaded.files.generation.endTokenIDs, on: context.device)
        let score = try TaskScore.measure(generator, on: rows, configuration.evaluation.scoring, group: context.group)
        if context.group.index == 0 { show(score) }
        MPIJob.end()
    }

    // MARK: - What is asked

    /// The configuration file with its overrides, or one made of --model and --data; the other options go over either.
    private func configuration() throws -> RunConfiguration {
        let words = RunWords(words)
        var configuration = RunConfiguration()
        if let path = words.file {
            guard model == nil, data == nil else { throw refused("--model and --data stand in place of a configuration") }
            configuration = try RunConfiguration.load(path: path, overrides: words.overrides).configuration
        } else {
            guard let model, let data, words.overrides.isEmpty else { throw refused("Give a configuration, or --model and --data") }
            configuration.model.path = model
            configuration.data.validation = .files(DataPaths([data]))
            configuration.evaluation.samples = 0
        }
        if downloading.download { configuration.model.download = true }
        if let task { configuration.evaluation.task = task }
        if let rows { configuration.evaluation.rows = rows }
        if let samples { configuration.evaluation.samples = samples }
        if let maxNewTokens { configuration.evaluation.maxNewTokens = maxNewTokens }
        if let sequenceLength { configuration.data.sequenceLength = sequenceLength }
        if let trainOn { configuration.data.trainOn = trainOn }
        let counts = [(rows, 1), (maxNewTokens, 1), (samples, 0), (sequenceLength, 2)]
        guard counts.allSatisfy({ count, least in count.map { (least...1_000_000_000).contains($0) } ?? true }) else {
            throw refused("--rows and --max-new-tokens are from 1, --samples from 0 and --sequence-length from 2, up to a thousand million")
        }
        return configuration
    }

    private func refused(_ remedy: String) -> TrainerError {
        TrainerError(.configuration, "command line", "does not say what to measure", remedy: remedy)
    }

    private func heldOutRows(_ reading: RowReading, seed: UInt64) throws -> (rows: TokenizedRows, chat: ChatSource?) {
        switch reading.options.validation {
        case .files(let paths):
            let read = try reading.rows(paths, limit: nil)
            try read.data.check()
            return (read.rows, read.chat)
        case .fraction:
            let data = try PreparedData.load(reading, seed: seed) { if reading.group.index == 0 { print($0) } }
            return (data.validation ?? TokenizedRows(), data.read.chat)
        case nil:
            throw TrainerError(
                .configuration, "data.validation", "names no held-out rows", remedy: "Set it to a file of rows, or to a share such as 0.05")
        }
    }

    // MARK: - What is shown

    private func table(_ rows: TokenizedRows, _ loss: HeldOutLoss) -> String {
        var table = TextTable([.init(""), .init("", .right)])
        table.add(["held-out rows", grouped(rows.count)])
        table.add(["tokens that count", "\(grouped(loss.tokenCount)) of \(grouped(rows.tokenCount))"])
        table.add(["loss", fixed(loss.loss, 4)])
        table.add(["perplexity", fixed(loss.perplexity, 3)])
        return table.text
    }

    private func show(_ score: TaskScore) {
        if let fields = score.fields { print("\n\(fields.table)") }
        for sample in score.samples {
            print("\nline \(sample.line)\n  prompt: \(indented(sample.prompt))")
            print("  wanted: \(indented(sample.wanted))\n  written: \(indented(sample.generated))")
        }
    }

    private func indented(_ text: String) -> String { text.replacing("\n", with: "\n    ") }
}

extension EvaluationOptions.Task: ExpressibleByArgument {}
extension DataOptions.TrainOn: ExpressibleByArgument {}
