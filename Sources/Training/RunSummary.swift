import Data
import Formats
import Kernels
import Models
import Optimizers
import Parallelism
import Planning
import Reporting
import Support
import Tensors

/// What a run will do, printed before its first step.
struct RunSummary {
    private let setup: RunSetup
    private let trained: TrainedModel
    private let forecast: MemoryForecast
    private let context: RankContext

    init(_ setup: RunSetup, _ trained: TrainedModel, _ forecast: MemoryForecast, _ context: RankContext) {
        self.setup = setup
        self.trained = trained
        self.forecast = forecast
        self.context = context
    }

    /// The same for other programs: `run.json`.
    var description: RunDescription {
        let read = setup.data.read
        let lengths = read.data.report.lengthCounts.enumerated().filter { $0.element > 0 }
        return RunDescription(
            facts: facts.map { RunDescription.Fact($0.0, $0.1) }, audit: read.table.map { RunDescription.Fact($0.name, $0.value) },
            lengths: lengths.map { RunDescription.Length(atMost: 1 << $0.offset, rows: $0.element) }, predictedPeak: forecast.ledger.peakByKind,
            process: .own)
    }

    var text: String {
        var table = TextTable([.init(""), .init("", widest: 100)])
        for (name, value) in facts {
            table.add([name, value])
            guard name == "data" else { continue }
            for row in setup.data.read.table { table.add(["  \(row.name)", row.value]) }
        }
        table.add(["to watch it", "trainer watch \(setup.configuration.output)"])
        return table.text
    }

    /// All but what became of the rows of the data.
    private var facts: [(String, String)] {
        let (configuration, data) = (setup.configuration, setup.data)
        let options = trained.model.options
        var rows = [
            ("model", "\(setup.files.path): \(setup.files.configuration.modelType), \(options.layerCount) blocks of \(options.channels) channels"),
            ("method", setup.methodName),
            ("parameters", parameters),
            ("ranks", "\(context.group.size), \(context.ranksOnNode) on this node, \(context.threadCount) threads each\(cores)"),
            ("layout", layout),
            ("ZeRO", "stage \(forecast.stage.rawValue): \(shared)"),
            ("rounding", rounding),
            ("OpenBLAS", "\(blasCoreName()) kernels"),
            ("data", configuration.data.train.patterns.joined(separator: ", ")),
        ]
        if let validation = data.validation {
            rows.append(("held out", "\(grouped(validation.count)) rows, \(grouped(validation.trainedTokenCount)) trained tokens"))
        }
        rows += [("steps", steps), ("memory", memory), ("checkpoints", checkpoints), ("output", configuration.output)]
        return rows
    }

    /// As PEFT's print_trainable_parameters has it.
    private var parameters: String {
        let (trainable, all) = (trained.model.trainableCount, trained.model.parameterCount)
        return
            "trainable params: \(grouped(trainable)) || all params: \(grouped(all)) || trainable%: \(fixed(100 * Double(trainable) / Double(all), 4))"
    }

    /// What is kept or sent in fewer bytes than float32.
    private var rounding: String {
        let (configuration, memory, parallel) = (setup.configuration, setup.configuration.memory, setup.configuration.parallel)
        let types = [
            ("activations wait", memory.activationDtype), ("gradients wait", memory.gradientDtype), ("activations travel", parallel.activationDtype),
            ("gradients travel", parallel.gradientDtype),
        ]
        var parts = types.filter { $0.1 != .float32 }.map { "\($0.0) in \($0.1.rawValue)" }
        if configuration.method.kind == .full, let type = configuration.model.dtype.given, type != .float32 {
            parts.insert("weights in \(type.rawValue)", at: 0)
        }
        let scale = LossScale.Options(configuration)
        if scale.isUsed { parts.append("the loss is scaled by \(Int(scale.start))\(scale.isDynamic ? " at first" : "")") }
        return parts.isEmpty ? "none: activations and gradients are float32" : parts.joined(separator: ", ")
    }

    private var shared: String {
        let names = ["optimizer states", "gradients", "parameters"].prefix(forecast.stage.rawValue)
        return names.isEmpty ? "every rank keeps all it needs" : "the ranks share out \(names.joined(separator: ", "))"
    }

    private var layout: String {
        let shape = context.grid.shape
        let sums = context.grid.nodes.isEmpty ? "" : ", sums within nodes, then between them"
        guard shape.pipeline > 1 else { return "\(shape)\(sums)" }
        let parts = trained.model.allParts.map { "\($0.blocks.count)" }.joined(separator: " + ")
        return "\(shape), schedule \(setup.configuration.parallel.pipelineSchedule.schedule.name), \(parts) blocks\(sums)"
    }

    private var cores: String {
        guard let cores = context.cores?.cores, let first = cores.first, let last = cores.last else { return ", sharing cores" }
        return ", rank \(context.group.index) on core\(cores.count == 1 ? " \(first)" : "s \(first) to \(last)")"
    }

    private var steps: String {
        let training = setup.configuration.training
        let batch = training.globalBatchRows.map { "\(grouped($0)) rows" } ?? "up to \(grouped(training.globalBatchTokens)) tokens"
        let rate = training.optimizer.learningRate
        return "\(grouped(setup.schedule.stepCount)) of \(batch), learning rate \(rate), \(training.schedule.kind.rawValue)"
    }

    private var checkpoints: String {
        forecast.savesInBackground ? "written while training goes on, from a copy" : "written while training waits"
    }

    private var memory: String {
        let kinds = MemoryKind.allCases.map { "\($0.name) \(forecast.ledger.atPeak($0))" }.joined(separator: ", ")
        return "predicted peak of a rank \(forecast.ledger.peak): \(kinds)"
    }
}
