import Evaluation
import Foundation
import Reporting
import Support
import Tensors

/// What a finished run found: `result.json` in its folder.
public struct RunResult: Codable, Equatable, Sendable {
    static let fileName = "result.json"

    public var steps: Int
    /// Where the adapter or the model lies.
    public var product: String
    public var isAdapter: Bool
    /// Whether the adapter was trained on a base in NF4, and is to be used on one.
    public var needsNF4: Bool
    /// Whether the rows were chats, so that a prompt is best put into the model's template.
    public var isChat: Bool
    /// The base model's path.
    public var model: String
    public var before: Measurement?
    public var after: Measurement?
    /// Bytes at the peak of training by kind, as the counting device predicted and as the allocator counted; the most of any rank.
    public var predictedPeak: [String: Int]
    public var measuredPeak: [String: Int]
    public var peakResidentBytes: Int
    /// Bytes of tensors that a rank sent in the last step, by what for; of each the most of any rank.
    public var sentBytes: [String: Int]?
    /// Steps whose update was left out.
    public var skippedSteps: Int?
    /// What losses were multiplied by in the end, if they were, and the steps that were left out to lower it.
    public var lossScale: Double?
    public var loweringSteps: Int?

    /// The result that a run's folder holds; nil if the run has not finished.
    static func read(folder: String) -> RunResult? {
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(fileName)") else { return nil }
        return try? JSONDecoder.anyNumber.decode(RunResult.self, from: data)
    }

    func write(folder: String) throws(TrainerError) {
        let encoder = JSONEncoder.anyNumber
        encoder.outputFormatting.insert(.prettyPrinted)
        guard let data = try? encoder.encode(self) else { throw TrainerError(.file, "\(folder)/\(Self.fileName)", "can't be encoded") }
        try FileSystem().replace("\(folder)/\(Self.fileName)", with: [UInt8](data))
    }

    // MARK: - For people

    /// Before and after, sample outputs, memory, where the product lies, and what to try next.
    public func text(configurationPath: String) -> String {
        var parts: [String] = []
        if let after { parts += [scores(after), samples(after)] }
        if let leftOut { parts.append(leftOut) }
        parts.append(memory)
        if let messages { parts.append(messages) }
        parts.append("\(isAdapter ? "The adapter lies" : "The model lies") in \(product)")
        parts.append("Next:\n" + nextCommands(configurationPath).map { "  \($0)" }.joined(separator: "\n"))
        return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private var leftOut: String? {
        guard let skippedSteps, skippedSteps > 0 else { return nil }
        let text = "\(skippedSteps) of \(steps) updates were left out; metrics.jsonl says which"
        guard let lossScale, let loweringSteps, loweringSteps > 0 else { return text }
        return text + ". \(loweringSteps) of them lowered the loss scale, which was \(Int(lossScale)) in the end"
    }

    private func scores(_ after: Measurement) -> String {
        var table = TextTable([.init("held out"), .init("before", .right), .init("after", .right)])
        func add(_ name: String, _ value: (Measurement) -> String?) {
            guard let found = value(after) else { return }
            table.add([name, before.flatMap(value) ?? "", found])
        }
        add("loss") { fixed($0.loss, 4) }
        add("perplexity") { fixed(exp($0.loss), 3) }
        add("fields right") { $0.fields.map { "\(fixed(100 * $0.overall, 1)) %" } }
        for field in after.fields?.fields.keys.sorted() ?? [] {
            add("  \(field)") { $0.fields?.fields[field].map { "\(fixed(100 * $0.share, 1)) %" } }
        }
        add("whole records right") { $0.fields.map { "\($0.records.matched) of \($0.records.total)" } }
        return table.text
    }

    private func samples(_ after: Measurement) -> String {
        after.samples.enumerated().map { index, sample in
            var table = TextTable([.init(""), .init("", widest: 100)])
            table.add(["prompt", sample.prompt])
            table.add(["wanted", sample.wanted])
            if let before, index < before.samples.count { table.add(["before", before.samples[index].generated]) }
            table.add(["after", sample.generated])
            return table.text
        }.joined(separator: "\n\n")
    }

    /// The table of predicted and measured memory.
    private var memory: String {
        var table = TextTable([.init("peak memory of a rank in training"), .init("predicted", .right), .init("measured", .right)])
        func bytes(_ table: [String: Int], _ kind: String) -> String { ByteCount(table[kind] ?? 0).description }
        for kind in MemoryKind.allCases.map(\.name) { table.add([kind, bytes(predictedPeak, kind), bytes(measuredPeak, kind)]) }
        let totals = [predictedPeak, measuredPeak].map { ByteCount($0.values.reduce(0, +)).description }
        table.add(["all tensors", totals[0], totals[1]])
        table.add(["the process, as the system counts it", "", ByteCount(peakResidentBytes).description])
        return table.text
    }

    private var messages: String? {
        guard let sentBytes, !sentBytes.isEmpty else { return nil }
        var table = TextTable([.init("sent by a rank in the last step"), .init("", .right)])
        for (purpose, bytes) in sentBytes.sorted(by: { $0.key < $1.key }) { table.add([purpose, ByteCount(bytes).description]) }
        return table.text
    }

    private func nextCommands(_ configurationPath: String) -> [String] {
        let chat = isChat ? " --chat" : ""
        return isAdapter
            ? [
                "trainer generate \(model)\(chat)\(needsNF4 ? " --nf4" : "") --adapter \(product) --prompt 'your text'",
                "trainer eval \(configurationPath) --adapter \(product)",
                "trainer merge \(product) \(product)-merged",
            ] : ["trainer generate \(product)\(chat) --prompt 'your text'", "trainer eval \(configurationPath) model.path=\(product)"]
    }
}

extension MemoryLedger {
    var peakByKind: [String: Int] { Dictionary(uniqueKeysWithValues: MemoryKind.allCases.map { ($0.name, atPeak($0).bytes) }) }
}
