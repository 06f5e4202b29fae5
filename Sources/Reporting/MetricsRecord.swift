import Foundation
public import Support

/// A record that is one line of `metrics.jsonl`.
public protocol MetricsRecord: Sendable {
    var step: Int { get }
    /// What tells it from other records of its step: empty for the step itself.
    var label: String { get }
    /// When it was made, in Unix seconds.
    var time: Double { get }
    /// What TensorBoard draws of it; the part of a tag before the stroke names the group of curves.
    var scalars: [(tag: String, value: Double)] { get }
    /// What TensorBoard shows of it as text.
    var samples: [EvaluationRecord.Sample] { get }
    /// The record as JSON on one line, without the line end; keys in a fixed order, numbers that are not finite as text.
    var line: String { get }
}

extension StepRecord: MetricsRecord {
    public var label: String { "" }
    public var samples: [EvaluationRecord.Sample] { [] }

    public var scalars: [(tag: String, value: Double)] {
        [
            ("train/loss", loss), ("train/learning_rate", learningRate), ("train/gradient_norm", gradientNorm), ("train/epoch", epoch),
            ("speed/tokens_per_second", tokensPerSecond), ("speed/seconds_per_step", seconds),
            ("memory/peak_allocated_bytes", Double(peakAllocatedBytes)), ("memory/peak_resident_bytes", Double(peakResidentBytes)),
        ] + (lossScale.map { [("train/loss_scale", $0)] } ?? [])
    }

    public var line: String {
        var out = JSONLine()
        out.add(CodingKeys.step, step)
        out.add(CodingKeys.totalSteps, totalSteps)
        out.add(CodingKeys.epoch, epoch)
        out.add(CodingKeys.loss, loss)
        out.add(CodingKeys.learningRate, learningRate)
        out.add(CodingKeys.gradientNorm, gradientNorm)
        out.add(CodingKeys.tokens, tokens)
        out.add(CodingKeys.trainedTokens, trainedTokens)
        out.add(CodingKeys.seconds, seconds)
        out.add("tokens_per_second", tokensPerSecond)
        out.add(CodingKeys.peakAllocatedBytes, peakAllocatedBytes)
        out.add(CodingKeys.peakResidentBytes, peakResidentBytes)
        for (key, table) in [(CodingKeys.peakBytesByKind, peakBytesByKind), (CodingKeys.sentBytes, sentBytes)] {
            var bytes = JSONLine()
            for (name, count) in table.sorted(by: { $0.key < $1.key }) { bytes.add(name, raw: String(count)) }
            out.add(key.rawValue, raw: bytes.text)
        }
        out.add(CodingKeys.rankSeconds.rawValue, raw: "[" + rankSeconds.map(JSONLine.number).joined(separator: ",") + "]")
        out.add(CodingKeys.time, time)
        out.add(CodingKeys.isSkipped.rawValue, raw: isSkipped ? "true" : "false")
        if let lossScale { out.add(CodingKeys.lossScale, lossScale) }
        return out.text
    }
}

extension EvaluationRecord: MetricsRecord {
    public var label: String { name }

    public var scalars: [(tag: String, value: Double)] {
        [("\(name)/loss", loss), ("\(name)/perplexity", perplexity)]
            + scores.sorted { $0.key < $1.key }.map { ("\(name)/\($0.key)", $0.value) }
    }

    /// e to the loss.
    public var perplexity: Double { exp(loss) }

    public var line: String {
        var out = JSONLine()
        out.add(CodingKeys.step, step)
        out.add(CodingKeys.name.rawValue, raw: JSONLine.quoted(name))
        out.add(CodingKeys.loss, loss)
        out.add("perplexity", perplexity)
        out.add(CodingKeys.trainedTokens, trainedTokens)
        out.add(CodingKeys.seconds, seconds)
        var scoreLine = JSONLine()
        for (name, score) in scores.sorted(by: { $0.key < $1.key }) { scoreLine.add(name, score) }
        out.add(CodingKeys.scores.rawValue, raw: scoreLine.text)
        out.add(CodingKeys.samples.rawValue, raw: "[" + samples.map(\.line).joined(separator: ",") + "]")
        out.add(CodingKeys.time, time)
        return out.text
    }
}

extension EvaluationRecord.Sample {
    fileprivate var line: String {
        var out = JSONLine()
        out.add(CodingKeys.prompt.rawValue, raw: JSONLine.quoted(prompt))
        out.add(CodingKeys.wanted.rawValue, raw: JSONLine.quoted(wanted))
        out.add(CodingKeys.generated.rawValue, raw: JSONLine.quoted(generated))
        return out.text
    }
}

/// The records of a `metrics.jsonl`, in its order.
public struct Metrics: Equatable, Sendable {
    public var steps: [StepRecord] = []
    public var evaluations: [EvaluationRecord] = []

    /// - Throws: `file` if the file can't be read, `format` with its line if a line is no record. A last line without an end is left out: it
    ///   was being written when the run ended.
    public static func read(path: String) throws(TrainerError) -> Metrics {
        var metrics = Metrics()
        for line in try MetricsLine.read(path: path) {
            if line.label.isEmpty {
                metrics.steps.append(try line.decode(StepRecord.self))
            } else {
                metrics.evaluations.append(try line.decode(EvaluationRecord.self))
            }
        }
        return metrics
    }
}

/// A line of a metrics file, read as far as is needed to know what it is.
struct MetricsLine {
    let step: Int
    let label: String
    /// The offset past its end.
    let end: Int
    private let place: String
    private let json: Data

    private struct Head: Decodable {
        let step: Int
        let evaluation: String?
    }

    /// The whole lines of a file; a last one without an end is left out.
    static func read(path: String) throws(TrainerError) -> [MetricsLine] {
        let file = try MappedFile(path: path)
        var lines: [MetricsLine] = []
        var start = 0
        while let end = file.bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(try MetricsLine(Data(file.bytes[start..<end]), end: end + 1, place: "\(path):\(lines.count + 1)"))
            start = end + 1
        }
        return lines
    }

    private init(_ json: Data, end: Int, place: String) throws(TrainerError) {
        self.json = json
        self.end = end
        self.place = place
        let head = try Self.decode(Head.self, json, place)
        (step, label) = (head.step, head.evaluation ?? "")
    }

    func decode<Record: Decodable>(_ type: Record.Type) throws(TrainerError) -> Record { try Self.decode(type, json, place) }

    private static func decode<Record: Decodable>(_ type: Record.Type, _ json: Data, _ place: String) throws(TrainerError) -> Record {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            return try decoder.decode(type, from: json)
        } catch {
            throw TrainerError(.format, place, "is no record of metrics", remedy: "Move the file away to begin a new one")
        }
    }
}
