public import Adapters
import Data
public import Evaluation
import Formats
import Models
public import Support
public import Tensors
import Tokenizers

/// An adapter into its base model's weights: written, read again, compared with base and adapter, and only then given its name.
public struct MergeRun {
    public struct Options: Sendable {
        /// A PEFT folder.
        public var adapter: String
        /// The folder to be made.
        public var output: String
        /// The base model; nil for the one that the adapter names.
        public var base: String?
        /// The type of the written weights; nil for the base's own.
        public var type: ElementType?
        public var onto = MergeBase.original
        /// A file of prompts to compare on, one on each line.
        public var prompts: String?
        public var allowsAnyBase = false

        public init(adapter: String, output: String) {
            self.adapter = adapter
            self.output = output.count > 1 && output.hasSuffix("/") ? String(output.dropLast()) : output
        }
    }

    /// What was written, and how it compares.
    public struct Report: Sendable {
        public var base: String
        public var type: ElementType
        /// Tensors of the adapter, and the norm of what each module adds to its weight.
        public var adapterTensorCount: Int
        public var norms: [(path: String, norm: Double)]
        public var fileBytes: ByteCount
        public var tensorCount: Int
        public var isUntied: Bool
        public var promptSource: String
        /// With the same base and the adapter beside it.
        public var comparison: LogitComparison
        public var tolerance: MergeTolerance
        /// The mean difference that the adapter makes to the base's logits.
        public var change: Double
        /// With what the adapter was trained on, NF4, where it was merged onto something else.
        public var asTrained: LogitComparison?
        public var notes: [String]
    }

    private let options: Options
    private let device: CPUDevice
    private let files = FileSystem()
    /// For tests: called with the folder that was written, before it is compared.
    package var afterWriting: (String) throws(TrainerError) -> Void = { _ throws(TrainerError) in }

    public init(_ options: Options, on device: CPUDevice) {
        self.options = options
        self.device = device
    }

    /// - Throws: `file` if the output exists or can't be written; `configuration` for another base than the adapter's; `numerics` if the written model
    ///   does not do what base and adapter do, and then nothing is left; what opening models and adapters throws.
    public func run() throws(TrainerError) -> Report {
        guard try files.kind(of: options.output) == .nothing else {
            throw TrainerError(.file, options.output, "exists already", remedy: "Choose another folder, or remove it")
        }
        let adapter = try AdapterFiles.open(options.adapter)
        let path = try basePath(adapter)
        let base = try AdaptedModel.build(path, adapter: options.adapter)
        var notes = try base.checkBase(allowsAnyBase: options.allowsAnyBase, on: device)
        try checkTarget(adapter, &notes)
        let tokenizer = try Tokenizer.load(base.files)
        try RunSetup.check(tokenizer, fits: base.files)
        let prompts = try MergePrompts.make(path: options.prompts, adapter, base.files, tokenizer, on: device.pool)
        if let note = prompts.note { notes.append(note) }

        let isNF4 = options.onto == .nf4
        let wanted = try logits(path, adapter: options.adapter, isNF4: isNF4, prompts)
        let change = compare(wanted, try logits(path, adapter: nil, isNF4: isNF4, prompts), base.model).meanDifference
        let wasNF4 = adapter.provenance?.base.quantization == ElementType.nf4.rawValue
        let trained = wasNF4 && !isNF4 ? try logits(path, adapter: options.adapter, isNF4: true, prompts) : nil

        let type = options.type ?? Self.type(of: base.files)
        var report = Report(
            base: path, type: type, adapterTensorCount: 0, norms: [], fileBytes: .zero, tensorCount: 0,
            isUntied: base.files.configuration.isHeadTied && !base.model.options.isTied,
            promptSource: prompts.source, comparison: LogitComparison(), tolerance: MergeTolerance(type), change: change, asTrained: nil, notes: notes
        )
        let partial = "\(options.output).partial"
        do throws(TrainerError) {
            try write(base, adapter, tokenizer, to: partial, &report)
            try afterWriting(partial)
            let found = try logits(partial, adapter: nil, isNF4: false, prompts)
            report.comparison = compare(wanted, found, base.model)
            report.asTrained = trained.map { compare($0, found, base.model) }
            try refuseIfWrong(report)
            try describe(base, adapter, report, in: partial)
            try files.synchronizeFolder(partial)
            try files.rename(partial, to: options.output)
            try files.synchronizeFolder(files.parent(of: options.output))
        } catch {
            try? files.remove(partial)
            throw error
        }
        return report
    }

    // MARK: - What is merged

    /// The base that was named, or that the adapter names: from where the program was started, or from where the adapter lies.
    private func basePath(_ adapter: AdapterFiles) throws(TrainerError) -> String {
        if let base = options.base { return base }
        guard let named = adapter.provenance?.base.path ?? adapter.baseModel else {
            throw TrainerError(.configuration, adapter.path, "does not say which model it was trained on", remedy: "Name it with --base")
        }
        let candidates = [named, "\(adapter.path)/\(named)"]
        for candidate in candidates where try files.kind(of: candidate) != .nothing { return candidate }
        // A name on the hub, which its cache may have.
        if (try? ModelFiles.open(named)) != nil { return named }
        throw TrainerError(.file, named, "is the base model of \(adapter.path), but is not there", remedy: "Name it with --base")
    }

    /// Refuses NF4 for an adapter that was not trained on it, and says where original weights are not what it was trained on.
    private func checkTarget(_ adapter: AdapterFiles, _ notes: inout [String]) throws(TrainerError) {
        guard let record = adapter.provenance else { return }
        let wasNF4 = record.base.quantization == ElementType.nf4.rawValue
        if options.onto == .nf4, !wasNF4, !options.allowsAnyBase {
            throw TrainerError(
                .configuration, "--onto", "is nf4, but the adapter was not trained on weights in NF4",
                remedy: "Leave it out, or force it with --any-base")
        }
        if options.onto == .original, wasNF4 {
            notes.append(
                "the adapter was trained on weights in NF4 and is merged onto the original ones; --onto nf4 merges onto what it was trained on")
        }
    }

    /// The type of most weights if it is one of full precision, else bfloat16.
    private static func type(of files: ModelFiles) -> ElementType {
        var counts: [ElementType: Int] = [:]
        for listing in files.tensors.listings {
            if let type = listing.elementType { counts[type, default: 0] += listing.elementCount }
        }
        let most = counts.max { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }?.key
        return most.flatMap { [.float32, .float16, .bfloat16].contains($0) ? $0 : nil } ?? .bfloat16
    }

    // MARK: - Writing

    private func write(
        _ base: AdaptedModel, _ adapter: AdapterFiles, _ tokenizer: Tokenizer, to folder: String, _ report: inout Report
    ) throws(TrainerError) {
        let tensors = try MergedParameters(base, onto: options.onto, on: device).tensors(as: report.type)
        let writer = try SafeTensorsFolderWriter(tensors)
        let parent = files.parent(of: options.output)
        try files.createFolders(parent)
        let free = try files.freeSpace(at: parent)
        guard free.bytes > writer.byteCount else {
            throw TrainerError(
                .file, parent, "has \(free) free, and the merged model takes \(ByteCount(writer.byteCount))", remedy: "Free some space there")
        }
        try files.remove(folder)
        try files.createFolders(folder)
        try writer.write(to: folder)
        try ModelFolder.writeCompanions(base.files, tokenizer, to: folder, storedAs: report.type, isUntied: report.isUntied)
        let template = "\(adapter.path)/\(ModelFolder.templateName)"
        if files.size(of: template) != nil {
            try ModelFolder.writeTemplate(String(decoding: try files.contents(of: template), as: UTF8.self), to: folder)
        }
        report.fileBytes = ByteCount(writer.byteCount)
        report.tensorCount = tensors.count
        report.adapterTensorCount = base.lora?.fileParameters.count ?? 0
        report.norms = base.lora?.changeNorms ?? []
    }

    private func describe(_ base: AdaptedModel, _ adapter: AdapterFiles, _ report: Report, in folder: String) throws(TrainerError) {
        let identity = BaseRecord(files: base.files, model: base.model, path: report.base, stamps: FileStamps.model(base.files))
        let merge = Provenance.Merge(
            onto: options.onto.rawValue, dtype: report.type.rawValue, positions: report.comparison.positions,
            largestDifference: report.comparison.largestDifference, meanDivergence: report.comparison.meanDivergence,
            greedyAgreement: report.comparison.greedyAgreement)
        var record = Provenance(
            madeBy: ProgramVersion.text, kind: .merged, base: try identity.make(isLoaded: false, on: device, group: SoloGroup()),
            training: adapter.provenance?.training, merge: merge)
        record.base.quantization = adapter.provenance?.base.quantization
        try record.write(folder: folder)
        let isChat = adapter.provenance?.training?.templateHash != nil
        try files.replace("\(folder)/README.md", with: Array(ModelCard(record: record, isChat: isChat).text.utf8))
    }

    // MARK: - Comparing

    /// The logits of a model, which is let go of again.
    private func logits(_ path: String, adapter: String?, isNF4: Bool, _ prompts: MergePrompts) throws(TrainerError) -> [[Float]] {
        var loading = LoadedModel.Options()
        loading.quantisesLinears = isNF4
        defer { device.trim() }
        return try LoadedModel.load(try AdaptedModel.build(path, adapter: adapter), loading, on: device).model
            .logits(of: prompts.sequences, on: device)
    }

    private func compare(_ wanted: [[Float]], _ found: [[Float]], _ model: LanguageModel) -> LogitComparison {
        zip(wanted, found).reduce(into: LogitComparison()) { comparison, pair in
            comparison.add(wanted: pair.0, found: pair.1, vocabulary: model.options.vocabulary)
        }
    }

    private func refuseIfWrong(_ report: Report) throws(TrainerError) {
        guard let problem = report.tolerance.problem(report.comparison, change: report.change) else { return }
        let remedy =
            report.type == .float32
            ? "Nothing was left there; check the disk, and report this if it happens again" : "Nothing was left there; try --dtype float32"
        throw TrainerError(.numerics, options.output, "the merged model is not base and adapter: \(problem)", remedy: remedy)
    }
}
