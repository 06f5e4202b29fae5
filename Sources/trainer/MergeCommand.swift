public import Adapters
public import ArgumentParser
import Evaluation
import Reporting
import Support
import Tensors
import Training

/// `trainer merge`: an adapter into its base model's weights.
struct MergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge", abstract: "Merges an adapter into its base model and writes a Hugging Face folder.",
        discussion: """
            The written model is read again and compared with the base model and the adapter beside it, on rows that the adapter's run held out where they \
            are found. Beyond tolerance nothing is left. An adapter trained on weights in NF4 is merged onto the original weights unless --onto nf4 asks \
            for what it was trained on, decoded.
            """)

    /// The type of the written weights.
    enum DType: String, CaseIterable, ExpressibleByArgument {
        case auto, float32, float16, bfloat16
    }

    @Argument(help: "A PEFT adapter folder.") var adapter: String
    @Argument(help: "The folder to make.") var output: String
    @Option(help: "The base model: a Hugging Face folder or a GGUF file; by default the one the adapter names.") var base: String?
    @Option(help: "How weights are written; auto keeps the base's type, and takes bfloat16 for a quantised one.") var dtype = DType.auto
    @Option(help: "The base's values that the adapter is added to.") var onto = MergeBase.original
    @Option(help: "A file of prompts to compare on, one on each line.") var prompts: String?
    @Flag(help: "Merge into another base model than the adapter was trained on.") var anyBase = false
    @Option(help: "Threads; by default the cores.") var threads: Int?

    func run() throws {
        var options = MergeRun.Options(adapter: adapter, output: output)
        options.base = base
        options.type = ElementType(rawValue: dtype.rawValue)
        options.onto = onto
        options.prompts = prompts
        options.allowsAnyBase = anyBase
        let report = try MergeRun(options, on: try RankContext.make(world: nil, threads: threads).device).run()
        for note in report.notes { print("note: \(note)") }
        print(table(report), terminator: "")
        print("\nThe merged model lies in \(options.output)")
    }

    private func table(_ report: MergeRun.Report) -> String {
        let found = report.comparison
        var table = TextTable(
            [.init(""), .init("merged", .right), .init("allowed", .right)] + (report.asTrained == nil ? [] : [.init("to NF4", .right)]))
        func add(_ name: String, _ merged: String, _ allowed: String = "", _ value: (LogitValues) -> String = { _ in "" }) {
            table.add([name, merged, allowed] + (report.asTrained.map { [value(LogitValues($0))] } ?? []))
        }
        let own = LogitValues(found)
        let share = report.change > 0 ? "\(fixed(100 * found.meanDifference / report.change, 2)) %" : "it changes nothing"
        add("base model", report.base)
        add("adapter", "\(report.adapterTensorCount) of \(report.adapterTensorCount) tensors, \(report.norms.count) modules")
        add("norms of what modules add", changes(report.norms))
        add("written", "\(report.tensorCount) tensors, \(report.type.rawValue), \(report.fileBytes)")
        if report.isUntied { add("head", "no longer tied to the embedding") }
        add("compared on", "\(grouped(found.positions)) tokens of \(report.promptSource)")
        add("largest difference of a logit", own.largest, scientific(report.tolerance.largestDifference), \.largest)
        add("mean difference", own.mean, "", \.mean)
        add("  as a share of what the adapter changes", share, "\(fixed(100 * MergeTolerance.largestShare, 0)) %")
        add("mean KL divergence", own.divergence, scientific(report.tolerance.meanDivergence), \.divergence)
        add("same most likely token", own.agreement, "", \.agreement)
        return table.text
    }

    /// The range of the norms; modules that add nothing are counted.
    private func changes(_ norms: [(path: String, norm: Double)]) -> String {
        let sorted = norms.map(\.norm).sorted()
        guard let least = sorted.first, let most = sorted.last else { return "none" }
        let idle = sorted.filter { $0 == 0 }.count
        return "\(scientific(least)) to \(scientific(most))" + (idle == 0 ? "" : "; warning: \(idle) add nothing")
    }
}

/// A comparison's figures as text.
private struct LogitValues {
    let largest: String
    let mean: String
    let divergence: String
    let agreement: String

    init(_ comparison: LogitComparison) {
        largest = scientific(comparison.largestDifference)
        mean = scientific(comparison.meanDifference)
        divergence = scientific(comparison.meanDivergence)
        agreement = "\(fixed(100 * comparison.greedyAgreement, 2)) %"
    }
}

extension MergeBase: ExpressibleByArgument {}
