import Foundation
public import Support

/// What is known of a run before its first step: `run.json` in its folder, written anew at each start.
public struct RunDescription: Codable, Equatable, Sendable {
    static let fileName = "run.json"

    /// A row of a table for people.
    public struct Fact: Codable, Equatable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Rows of the data by their tokens.
    public struct Length: Codable, Equatable, Sendable {
        public var atMost: Int
        public var rows: Int

        public init(atMost: Int, rows: Int) {
            self.atMost = atMost
            self.rows = rows
        }

        enum CodingKeys: String, CodingKey {
            case atMost = "at_most"
            case rows
        }
    }

    /// Model, method, ranks and so on.
    public var facts: [Fact]
    /// What became of the rows of the data.
    public var audit: [Fact]
    public var lengths: [Length]
    /// Bytes of a rank at the peak, by kind.
    public var predictedPeak: [String: Int]
    /// The process of the first rank.
    public var process: ProcessMark

    enum CodingKeys: String, CodingKey {
        case facts, audit, lengths
        case predictedPeak = "predicted_peak"
        case process
    }

    public init(facts: [Fact], audit: [Fact], lengths: [Length], predictedPeak: [String: Int], process: ProcessMark) {
        self.facts = facts
        self.audit = audit
        self.lengths = lengths
        self.predictedPeak = predictedPeak
        self.process = process
    }
}

/// How a run ended: `ended.json` in its folder, which a run that begins or goes on takes away.
public struct RunEnding: Codable, Equatable, Sendable {
    static let fileName = "ended.json"

    public enum Kind: String, Codable, Sendable {
        case finished, interrupted, failed
    }

    public var kind: Kind
    /// The error's line, or what is to be said of an interruption.
    public var message: String?
    /// In Unix seconds.
    public var time: Double

    public init(_ kind: Kind, message: String? = nil, time: Double) {
        self.kind = kind
        self.message = message
        self.time = time
    }
}

extension RunFolder {
    /// Writes `run.json`, and takes `ended.json` away.
    public func write(_ description: RunDescription) throws(TrainerError) {
        try FileSystem().remove("\(path)/\(RunEnding.fileName)")
        try write(description, to: RunDescription.fileName)
    }

    public func write(_ ending: RunEnding) throws(TrainerError) { try write(ending, to: RunEnding.fileName) }

    /// Whether a run has ended here and none has begun since.
    public var hasEnding: Bool { FileSystem().size(of: "\(path)/\(RunEnding.fileName)") != nil }

    private func write(_ value: some Encodable, to name: String) throws(TrainerError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { throw TrainerError(.file, "\(path)/\(name)", "can't be encoded") }
        try FileSystem().replace("\(path)/\(name)", with: [UInt8](data))
    }
}
