import Adapters
import ArgumentParser
import Data
import Formats
import Foundation
import Glibc
import MessagePassing
import Parallelism
import Planning
import Support
import Tensors
import Tokenizers
import Training

/// `trainer benchmark`: training steps timed, and the matrix products of such a step alone.
struct BenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark", abstract: "Times training steps and prints one line of JSON.",
        discussion: "Without --pairs every step trains all tokens of equal sequences; with it the rows of a file, completions only, in file order.")

    @Argument(help: "The model: a Hugging Face folder, a GGUF file, or a hub's owner/name.") var model: String
    @Argument(help: "full, lora or qlora.") var method: String
    @Argument(help: "Keys of a run as key=value, such as memory.offload_activations=true.") var settings: [String] = []
    @Option(help: "JSON lines with prompt and completion.") var pairs: String?
    @Option(help: "Rows in a step of pairs.") var rows = 32
    @Option(help: "Sequences in a step.") var sequences = 8
    @Option(help: "Tokens in each sequence.") var length = 256
    @Option(help: "Steps that are timed.") var steps = 5
    @Option(help: "Steps before those.") var warmup = 1
    @Option(help: "Threads of each rank; by default the node's cores divided by its ranks.") var threads: Int?
    @Option(help: "Rank of the adapters.") var rank = 16
    @Option(help: "How frozen weights are stored: auto, float32, bfloat16 or float16.") var dtype = "float32"
    @OptionGroup var downloading: DownloadOption
    @Flag(help: "Run blocks again in backward instead of keeping their activations.") var checkpointing = false
    @Flag(help: "After each step also time its matrix products alone.") var products = false
    @Flag(help: "Wait for a line of input before each step and answer it with the step's seconds, so that other programs can take turns.")
    var paced = false

    func run() throws {
        let world = try MPIJob.start()
        try checkNumbers()
        try downloading.fetch(model, world: world)
        let configuration = try runConfiguration()
        try RankComparison.check(configuration, world)
        let context = try RankContext.make(
            world: world, threads: threads, shape: try configuration.parallel.grid(rankCount: world.size),
            hierarchical: configuration.parallel.hierarchical)
        let files = try ModelFiles.open(model)
        let plans = try batches(files, context)
        guard !plans.isEmpty else {
            throw refused("--pairs", "\(pairs ?? "") has not the \(rows) rows of a step", "Give more rows, or fewer by --rows")
        }
        let longest = plans.flatMap(\.all).reduce(0) { max($0, $1.longestSequence) }
        let benchmark = try Benchmark(files, configuration, longestSequence: longest, context)
        let counted = try plans.flatMap(\.own).max { $0.tokenCount < $1.tokenCount }.map {
            try Benchmark.count(files, configuration, $0, context)
        }
        context.device.ledger.restartPeak()
        var (timings, productSeconds): ([Benchmark.Timing], [Double]) = ([], [])
        var ledger = context.device.ledger
        for index in 0..<warmup + steps {
            if paced, world.rank == 0, readLine() == nil { break }
            let plan = plans[index % plans.count]
            let timing = try benchmark.run(index, batches: plan.own, trainedTokenCount: plan.targets)
            timings.append(timing)
            ledger = context.device.ledger
            if products, index >= warmup, let counted {
                productSeconds.append(try Benchmark.productSeconds(counted.products, on: context.device))
            }
            if paced, world.rank == 0 {
                print(fixed(timing.seconds, 4))
                fflush(nil)
            }
        }
        let timed = Array(timings.dropFirst(warmup))
        let rates = timed.enumerated().map { Double(plans[($0.offset + warmup) % plans.count].tokens) / $0.element.seconds }.sorted()
        guard !rates.isEmpty else { throw refused("--steps", "no step was timed", "Time 1 or more") }
        var fields = [
            "\"tokens_per_second\": \(fixed(rates[rates.count / 2], 2))", "\"best_tokens_per_second\": \(fixed(rates[rates.count - 1], 2))",
            "\"step_seconds\": \(list(timed.map(\.seconds), 4))", "\"losses\": \(list(timings.map(\.loss), 6))",
            "\"peak_allocated_bytes\": \(ledger.peak.bytes)", "\"predicted_peak_bytes\": \(counted?.ledger.peak.bytes ?? 0)",
            "\"peak_activation_bytes\": \(ledger.highest(.activations).bytes)",
            "\"peak_optimizer_bytes\": \(ledger.highest(.optimizer).bytes)",
            "\"peak_resident_bytes\": \(ProcessMemory.peakResident.bytes)", "\"ranks\": \(world.size)", "\"threads\": \(context.threadCount)",
        ]
        if products, let counted {
            let shares = zip(productSeconds, timed).map { $0 / $1.seconds }.sorted()
            fields.append("\"products_seconds\": \(list(productSeconds, 4))")
            fields.append("\"products_share\": \(fixed(shares[shares.count / 2], 3))")
            fields.append("\"operations\": \(fixed(counted.operations, 0))")
        }
        if world.rank == 0 { print("{\(fields.joined(separator: ", "))}") }
        MPIJob.end()
    }

    /// What `RunConfiguration` would refuse if these were keys.
    private func checkNumbers() throws {
        for (name, value, least) in [
            ("--rows", rows, 1), ("--sequences", sequences, 1), ("--length", length, 2), ("--steps", steps, 1), ("--warmup", warmup, 0),
            ("--rank", rank, 1),
        ] where !(least...1_000_000).contains(value) {
            throw refused(name, "\(value) can't be timed", "Use \(least) to 1000000")
        }
    }

    private func refused(_ option: String, _ problem: String, _ remedy: String) -> TrainerError {
        TrainerError(.configuration, option, problem, remedy: remedy)
    }

    private func list(_ values: [Double], _ digits: Int) -> String { "[\(values.map { fixed($0, digits) }.joined(separator: ", "))]" }

    private func runConfiguration() throws -> RunConfiguration {
        guard let kind = MethodOptions.Kind(rawValue: method) else {
            throw TrainerError(.configuration, "method", "\(method) is no method", remedy: "Use full, lora or qlora")
        }
        guard let dtype = ModelOptions.DType(rawValue: dtype) else {
            throw TrainerError(.configuration, "--dtype", "\(dtype) is no type", remedy: "Use auto, float32, bfloat16 or float16")
        }
        // Rows come from elsewhere, and nothing is left behind but what spills meanwhile.
        let required = "model: {path: none}\ndata: {train: none}\noutput: none\n"
        var configuration = try RunConfiguration.load(
            yaml: required, file: "benchmark", overrides: ["method.kind=\(kind.rawValue)"] + settings
        ).configuration
        configuration.output = FileManager.default.temporaryDirectory.path
        configuration.method.lora.r = rank
        configuration.method.lora.loraAlpha = Double(2 * rank)
        configuration.model.dtype = dtype
        if checkpointing { configuration.memory.checkpointing = .full }
        return configuration
    }

    /// A step's batches: this rank's and every rank's.
    private struct Plan {
        var own: [PackedBatch]
        var all: [PackedBatch]
        var tokens: Int
        var targets: Int
    }

    private func batches(_ files: ModelFiles, _ context: RankContext) throws -> [Plan] {
        let data = if let pairs { try pairRows(pairs, files) } else { try syntheticRows(files.configuration.vocabularySize) }
        let perStep = pairs == nil ? sequences : rows
        let limit = max(2048, data.longestRow)
        let packing = PackingOptions(rankCount: context.grid.shape.data, microbatchTokens: (pairs == nil ? sequences * length : limit))
        try packing.check(data)
        // File order, so that another program can train on the same rows in the same steps.
        return try (0..<min(data.count / perStep, warmup + steps)).map { step in
            let picked = try TokenizedRows((step * perStep..<(step + 1) * perStep).map { try data.row($0) })
            let plan = StepPlan.evaluation(of: picked, packing: packing)
            let all = try plan.ranks.indices.map { try plan.batches(ofRank: $0, from: picked) }
            return Plan(own: all[context.grid.place.data], all: all.flatMap { $0 }, tokens: plan.tokenCount, targets: plan.trainedTokenCount)
        }
    }

    private func syntheticRows(_ vocabulary: Int) throws -> TokenizedRows {
        let random = Philox(seed: 0, purpose: .sampling)
        return try TokenizedRows(
            (0..<sequences).map { sequence in
                let tokens = (0..<length).map { Int32(random.words(UInt64($0), UInt64(sequence)).0 % UInt32(vocabulary)) }
                return TokenizedRow(tokens: tokens, trained: [Bool](repeating: true, count: length), line: sequence + 1)
            })
    }

    private func pairRows(_ path: String, _ files: ModelFiles) throws -> TokenizedRows {
        let recipe = RowRecipe(encoding: try Tokenizer.load(files), options: RowOptions(sequenceLength: 2048))
        let read = try RowTokenizer(files: DataFiles([path]), recipe: recipe).tokenize(on: ThreadPool(threadCount: 1))
        try read.check()
        return read.rows
    }
}
