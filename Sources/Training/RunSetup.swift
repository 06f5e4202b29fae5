import Adapters
import Data
import Formats
import Models
import Optimizers
import Parallelism
import Planning
import Support
import Tensors
import Tokenizers

/// Everything a run knows before it loads a weight: files, tokenizer, rows and the plan of all steps.
struct RunSetup {
    let configuration: RunConfiguration
    let files: ModelFiles
    let tokenizer: Tokenizer
    let data: PreparedData
    let schedule: RunSchedule
    let packing: PackingOptions
    let learningRates: Schedule

    /// - Parameter say: Shows the audit of data that is refused.
    /// - Throws: `configuration`, `file`, `format`, `shape`: on every rank alike.
    static func make(_ configuration: RunConfiguration, _ context: RankContext, say: (String) -> Void) throws(TrainerError) -> RunSetup {
        let group = context.group
        let (files, tokenizer) = try group.agree("opening the model") { () throws(TrainerError) in
            let files = try ModelFiles.open(configuration.model.path)
            let tokenizer = try Tokenizer.load(files)
            try check(tokenizer, fits: files)
            return (files, tokenizer)
        }
        let training = configuration.training
        let reading = RowReading(configuration.data, files, tokenizer, group: group, pool: context.processor.pool)
        let data = try PreparedData.load(reading, seed: UInt64(training.seed), say: say)
        let packing = PackingOptions(rankCount: context.grid.shape.data, microbatchTokens: training.microbatchTokens)
        return try group.agree("planning the steps") { () throws(TrainerError) in
            try packing.check(data.training)
            let architecture = try Architectures.named(files.configuration.modelType, subject: files.path)
            let options = try TrainedModel.decoderOptions(files, configuration.method, architecture)
            _ = try TrainedModel.share(options, configuration.parallel, context.grid)
            let schedule = try RunSchedule(data.training, options: RunSchedule.Options(training))
            let rates = Schedule(training.schedule, peak: training.optimizer.learningRate, totalSteps: schedule.stepCount)
            return RunSetup(
                configuration: configuration, files: files, tokenizer: tokenizer, data: data, schedule: schedule, packing: packing,
                learningRates: rates)
        }
    }

    /// Refuses ranks that would compute different runs: other data, another program or another configuration on one of the nodes.
    func checkAgreement(_ group: any ProcessGroup) throws(TrainerError) {
        let own = [schedule.fingerprint(packing: packing), UInt64(data.validation?.contentHash ?? 0)]
        let all = try group.gather(own.withUnsafeBytes { Array($0) }, name: "comparing plans")
        if let odd = all.firstIndex(where: { $0 != all[0] }) {
            throw TrainerError(
                .communication, "rank \(odd)", "has planned other steps than rank 0",
                remedy: "Give every node the same program, data and configuration")
        }
    }

    /// The most tokens a sequence will have, of training rows, held-out rows, and what is generated after those.
    var longestSequence: Int {
        let heldOut = data.validation.map { $0.longestRow + configuration.evaluation.maxNewTokens } ?? 0
        return max(data.training.longestRow, heldOut)
    }

    /// What is trained and how, as a checkpoint names it.
    var methodName: String {
        let method = configuration.method
        guard method.kind != .full else { return "full" }
        let saved = method.lora.modulesToSave.joined(separator: " ")
        return
            "\(method.kind.rawValue) r=\(method.lora.r) scale=\(method.lora.scale) targets=\(method.lora.targetModules.configuration.anyText ?? "named") saved=\(saved)"
    }

    static func check(_ tokenizer: Tokenizer, fits files: ModelFiles) throws(TrainerError) {
        guard tokenizer.vocabularySize > files.configuration.vocabularySize else { return }
        throw TrainerError(
            .format, files.path,
            "the tokenizer has \(grouped(tokenizer.vocabularySize)) ids, but the model embeds \(grouped(files.configuration.vocabularySize))",
            remedy: "Use the tokenizer that belongs to the model")
    }
}

extension RunSchedule.Options {
    init(_ training: TrainingOptions) {
        self.init(
            seed: UInt64(training.seed), batch: training.globalBatchRows.map { .rows($0) } ?? .tokens(training.globalBatchTokens),
            epochs: training.maxSteps == nil ? Double(training.epochs) : nil, maxSteps: training.maxSteps)
    }
}
