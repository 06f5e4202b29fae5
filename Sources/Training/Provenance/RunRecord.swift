import Data
import Formats
import Models
import Planning
import Support
import Tensors
import Tokenizers

/// Makes the record of a run: what it trained on, and how.
struct RunRecord {
    private let setup: RunSetup
    private let base: FileStamps
    private let training: FileStamps
    private let validation: FileStamps

    /// Notes how all files stand, so that the record hashes none that was changed under the run.
    ///
    /// - Throws: `file` for a pattern of data files that matches none.
    init(_ setup: RunSetup) throws(TrainerError) {
        self.setup = setup
        base = FileStamps.model(setup.files)
        let data = setup.configuration.data
        training = FileStamps.data(try DataFiles.paths(data.train.patterns))
        if case .files(let paths) = data.validation {
            validation = FileStamps.data(try DataFiles.paths(paths.patterns))
        } else {
            validation = FileStamps.data([])
        }
    }

    /// The record of a run that stands at `position`; the loss after it is not in it yet. Every rank calls this.
    func make(_ trained: TrainedModel, _ position: RunPosition, on device: CPUDevice, group: any ProcessGroup) throws(TrainerError) -> Provenance {
        let path = setup.configuration.model.path
        let base = try BaseRecord(files: setup.files, model: trained.model, path: path, stamps: base)
            .make(isLoaded: true, on: device, group: group)
        let template = setup.data.read.chat?.template
        let configuration = Self.published(setup.configuration).yaml()
        var (tokens, trainedTokens) = (0, 0)
        for step in 0..<position.step {
            let plan = setup.schedule.plan(step: step, packing: setup.packing)
            tokens += plan.tokenCount
            trainedTokens += plan.trainedTokenCount
        }
        let training = Provenance.Training(
            configuration: configuration, configurationHash: digest(of: Array(configuration.utf8)), method: setup.methodName,
            seed: setup.configuration.training.seed, ranks: group.size, steps: position.step, epochs: setup.schedule.epoch(atStep: position.step),
            rowsSeen: position.cursor, tokensSeen: tokens, trainedTokensSeen: trainedTokens,
            trainingFiles: try training.hashed(on: device.pool, group: group),
            validationFiles: try validation.hashed(on: device.pool, group: group), rowsRead: setup.data.read.data.report.readCount,
            rowsKept: setup.data.read.data.report.keptCount, rowsHeldOut: setup.data.validation?.count ?? 0,
            templateHash: template.map { digest(of: Array($0.utf8)) }, tokenizer: setup.tokenizer.fingerprint,
            lossBefore: position.before.flatMap { $0.loss.isFinite ? $0.loss : nil }, lossAfter: nil)
        return Provenance(
            madeBy: ProgramVersion.text, kind: trained.lora == nil ? .model : .adapter, base: base, training: training)
    }

    /// The configuration with its paths as they may be handed on.
    private static func published(_ configuration: RunConfiguration) -> RunConfiguration {
        var configuration = configuration
        configuration.model.path = publishedPath(configuration.model.path)
        configuration.output = publishedPath(configuration.output)
        configuration.data.cache = .auto
        configuration.data.train.patterns = configuration.data.train.patterns.map { publishedPath($0) }
        configuration.data.chatTemplate = configuration.data.chatTemplate.map { publishedPath($0) }
        if case .files(let paths) = configuration.data.validation {
            configuration.data.validation = .files(DataPaths(paths.patterns.map { publishedPath($0) }))
        }
        if case .path(let path) = configuration.checkpoint.resume { configuration.checkpoint.resume = .path(publishedPath(path)) }
        return configuration
    }
}
