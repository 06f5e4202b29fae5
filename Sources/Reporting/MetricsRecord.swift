import Foundation
public import Support

/// A record that is one line of `metrics.jsonl`.
public protocol MetricsRecord: Sendable {
    var step: Int { get }
    /// What tells it from other records of its step: empty for the step itself.
    var label: String { get }
    /// The record as JSON on one line, without the line end; keys in a fixed order, numbers that are not finite as text.
    var line: String { get }
}

extension StepRecord: MetricsRecord {
    public var label: String { "" }

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
        out.add(CodingKeys.isSkipped.rawValue, raw: isSkipped ? "true" : "false")
        return out.text
    }
}

extension EvaluationRecord: MetricsRecord {
    public var label: String { name }

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

/// A JSON object on one line, with its keys in the order they were added.
private struct JSONLine {
    private var fields: [String] = []

    var text: String { "{" + fields.joined(separator: ",") + "}" }

    mutating func add(_ key: String, raw: String) { fields.append("\(Self.quoted(key)):\(raw)") }
    mutating func add(_ key: any CodingKey, _ value: Int) { add(key.stringValue, raw: String(value)) }
    mutating func add(_ key: any CodingKey, _ value: Double) { add(key.stringValue, value) }
    mutating func add(_ key: String, _ value: Double) {
        add(key, raw: value.isFinite ? "\(value)" : value.isNaN ? "\"nan\"" : value < 0 ? "\"-inf\"" : "\"inf\"")
    }

    static func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar -> String in
            if scalar == "\"" || scalar == "\\" { return "\\\(scalar)" }
            return scalar.value < 0x20 ? "\\u00" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16) : String(scalar)
        }
        return "\"" + escaped.joined() + "\""
    }
}
