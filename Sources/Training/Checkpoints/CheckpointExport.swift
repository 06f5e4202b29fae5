import Adapters
import Data
import Formats
import Models
import Parallelism
public import Planning
public import Support
import Tensors
import Tokenizers

/// Makes a model's folder or an adapter's of a checkpoint, piece by piece: no model is ever whole in memory.
public struct CheckpointExport {
    private let checkpoint: VerifiedCheckpoint
    private let files: ModelFiles
    private let tokenizer: Tokenizer
    private let configuration: RunConfiguration
    private let trained: TrainedModel
    private let stored: StoredState

    /// What was written.
    public struct Report: Equatable, Sendable {
        public var isAdapter: Bool
        public var tensorCount: Int
        public var parameterCount: Int
        public var step: Int
    }

    /// - Parameter configuration: That of the run which made the checkpoint.
    /// - Throws: `shape` if the checkpoint holds other parameters than that run trains; `file`, `format`, `configuration`.
    public init(_ checkpoint: VerifiedCheckpoint, _ configuration: RunConfiguration) throws(TrainerError) {
        self.checkpoint = checkpoint
        self.configuration = configuration
        files = try ModelFiles.open(configuration.model.path)
        tokenizer = try Tokenizer.load(files)
        trained = try TrainedModel.make(files, configuration, on: CountingDevice(threadCount: 1), longestSequence: 1)
        stored = try StoredState(folder: checkpoint.folder, names: checkpoint.manifest.files.map(\.name))
        let trainable = trained.model.parameters.filter(\.isTrainable)
        try stored.check(holdsValuesOf: Dictionary(trainable.map { ($0.name, $0.wholeCount) }, uniquingKeysWith: { first, _ in first }))
    }

    /// Writes the folder under a temporary name; it takes its own when it is whole.
    ///
    /// - Throws: `file` if something lies there; `numerics` if an adapter holds a number that is not finite.
    public func write(to folder: String) throws(TrainerError) -> Report {
        let fileSystem = FileSystem()
        guard try fileSystem.kind(of: folder) == .nothing else {
            throw TrainerError(.file, folder, "exists already", remedy: "Name a folder that does not exist yet")
        }
        let partial = "\(folder).partial"
        try fileSystem.remove(partial)
        try fileSystem.createFolders(partial)
        do throws(TrainerError) {
            let report = try writeAll(to: partial)
            try fileSystem.rename(partial, to: folder)
            return report
        } catch {
            try? fileSystem.remove(partial)
            throw error
        }
    }

    private func writeAll(to folder: String) throws(TrainerError) -> Report {
        var written = trained.model.parameters
        if let lora = trained.lora {
            written = written.filter(\.isTrainable)
            try lora.write(to: folder, baseModel: publishedPath(configuration.model.path)) { (parameter) throws(TrainerError) in
                var all: [Float] = []
                try stored.values(of: parameter) { all += $0.bindMemory(to: Float.self) }
                return all
            }
        } else {
            try ModelFolder.write(written, stored.values, to: folder)
            try ModelFolder.writeCompanions(files, tokenizer, to: folder, storedAs: .float32)
        }
        if let chat = try ChatSource.load(files, tokenizer, path: configuration.data.chatTemplate) {
            try ModelFolder.writeTemplate(chat.template, to: folder)
        }
        return Report(
            isAdapter: trained.lora != nil, tensorCount: written.count, parameterCount: written.reduce(0) { $0 + $1.wholeCount },
            step: checkpoint.step)
    }
}
