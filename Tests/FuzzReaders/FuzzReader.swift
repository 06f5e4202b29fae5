import Foundation
import Support

/// A reader of files from elsewhere, with files to start from.
public struct FuzzReader: Sendable {
    public let name: String
    /// Files that the reader accepts.
    public let seeds: [FuzzCase]
    /// Words of the format, to be put where others stand.
    let words: [[UInt8]]
    /// Makes lengths and checksums right again, so that damage gets past the first check; half of the inputs go through it.
    let repair: (@Sendable (_ damaged: FuzzCase, _ seed: FuzzCase) -> FuzzCase)?
    private let body: @Sendable (_ folder: String) throws(TrainerError) -> Void

    init(
        _ name: String, seeds: [FuzzCase], words: [String] = [], repair: (@Sendable (FuzzCase, FuzzCase) -> FuzzCase)? = nil,
        _ body: @escaping @Sendable (String) throws(TrainerError) -> Void
    ) {
        self.name = name
        self.seeds = seeds
        self.words = words.map { Array($0.utf8) }
        self.repair = repair
        self.body = body
    }

    /// The input of a number: first the seeds as they are, then damaged ones. A pure function of seed and number.
    public func input(_ number: Int, seed: UInt64) -> FuzzCase {
        if number < seeds.count { return seeds[number] }
        var random = FuzzRandom(seed: seed, number: number)
        let start = random.pick(seeds)
        var input = start
        for _ in 0..<(random.isOne(in: 4) ? 2 : 1) {
            let file = random.below(input.files.count)
            let others = seeds.flatMap(\.files).filter { suffix($0.name) == suffix(input.files[file].name) }.map(\.bytes)
            input.files[file].bytes = Mutator(others: others, words: words).mutate(input.files[file].bytes, &random)
        }
        if start.files.count > 1, random.isOne(in: 64) { input.files.remove(at: random.below(input.files.count)) }
        if let repair, random.isOne(in: 2) { input = repair(input, start) }
        return input
    }

    private func suffix(_ name: String) -> Substring { name.split(separator: ".").last ?? "" }

    /// What became of an input.
    public enum Outcome: Equatable, Sendable {
        case accepted
        case refused(String)
        /// An error that is no plain line.
        case unfit(String)
    }

    /// Reads what lies in the folder.
    public func read(_ folder: String) -> Outcome {
        do throws(TrainerError) {
            try body(folder)
            return .accepted
        } catch {
            let text = error.description
            let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
            if lines.count != 1 + error.others.count { return .unfit("\(lines.count) lines for \(1 + error.others.count) problems: \(text)") }
            if let control = text.unicodeScalars.first(where: { $0.value < 0x20 && $0 != "\n" || $0.value == 0x7F }) {
                return .unfit("a control character, \(control.value): \(text)")
            }
            if let line = lines.first(where: { $0.utf8.count > Self.longestLine }) {
                return .unfit("a line of \(line.utf8.count) bytes: \(line.prefix(400))")
            }
            return .refused(text)
        }
    }

    /// No error needs more bytes than this, whatever the file holds.
    private static let longestLine = 4000
}

extension FuzzReader {
    /// Every reader, with its seeds from the fixtures of the tests and from `Tests/Fuzz/Corpus`.
    public static func all() throws -> [FuzzReader] {
        try [
            safetensors(), safetensorsFolder(), gguf(), splitGGUF(), tokenizer(), configuration(), template(), rows(), yaml(), adapter(),
            checkpoint(), checkpointState(), tokenCache(), provenance(),
        ]
    }

    static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path

    static func load(_ path: String) throws -> FuzzCase { try FuzzCase.load("\(tests)/\(path)") }

    /// What is kept for a reader.
    static func corpus(_ reader: String) throws -> [FuzzCase] {
        try FileManager.default.contentsOfDirectory(atPath: "\(tests)/Fuzz/Corpus/\(reader)").sorted().map { try load("Fuzz/Corpus/\(reader)/\($0)") }
    }

    /// The files under other names.
    static func renamed(_ input: FuzzCase, _ name: String) -> FuzzCase { FuzzCase(name, input.files[0].bytes) }

    /// Runs `body` with an empty folder and loads what it leaves there.
    static func made(_ body: (String) throws -> Void) throws -> FuzzCase {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("trainer-fuzz-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
        return try FuzzCase.load(folder)
    }
}
