import Foundation
public import Support

/// What a run's folder tells a page: its state, its small files, and the lines of `metrics.jsonl` that the page lacks.
///
/// Files go to the page as text; nothing of them is taken for anything else on the way.
public struct RunNews: Codable, Equatable, Sendable {
    /// The folder's own name, and its whole path.
    var name: String
    var folder: String
    /// Now, in Unix seconds.
    var time: Double
    var state: RunState
    /// By name; nil if the page has them as they are.
    var files: [String: String]?
    /// The checksum by which the page says which files it has.
    var filesTag: UInt32
    var metrics: MetricsPiece

    /// What a page has already.
    public struct Known: Equatable, Sendable {
        public var metrics: MetricsPlace
        public var filesTag: UInt32

        public init(metrics: MetricsPlace = MetricsPlace(), filesTag: UInt32 = 0) {
            self.metrics = metrics
            self.filesTag = filesTag
        }
    }

    /// Files larger than this are not a run's and are left out.
    private static let largestFile = 16 << 20

    /// Looks into a folder, which need not exist yet.
    ///
    /// - Throws: `file` if it holds a `metrics.jsonl` that can't be read.
    public static func read(_ folder: RunFolder, known: Known = Known()) throws(TrainerError) -> RunNews {
        var files: [String: String] = [:]
        for name in [RunDescription.fileName, "result.json", "resolved.yaml"] { files[name] = text("\(folder.path)/\(name)") }
        let tag = CRC32C.checksum(files.sorted { $0.key < $1.key }.flatMap { Array($0.key.utf8) + [0] + Array($0.value.utf8) + [0] })
        let now = Date().timeIntervalSince1970
        let path = URL(fileURLWithPath: folder.path).standardizedFileURL.path
        let state = RunState.find(
            decoded(RunDescription.self, files[RunDescription.fileName]),
            decoded(RunEnding.self, text("\(folder.path)/\(RunEnding.fileName)")), hasResult: files["result.json"] != nil,
            silence: now - lastChange(folder))
        return RunNews(
            name: URL(fileURLWithPath: path).lastPathComponent, folder: path, time: now, state: state, files: tag == known.filesTag ? nil : files,
            filesTag: tag, metrics: try MetricsPiece.read(folder.metricsPath, after: known.metrics))
    }

    /// As JSON.
    public var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return (try? encoder.encode(self)).map { [UInt8]($0) } ?? []
    }

    private static func text(_ path: String) -> String? {
        guard let size = FileSystem().size(of: path), size <= largestFile, let bytes = try? FileSystem().contents(of: path) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func decoded<Value: Decodable>(_ type: Value.Type, _ text: String?) -> Value? {
        text.flatMap { try? JSONDecoder().decode(type, from: Data($0.utf8)) }
    }

    private static func lastChange(_ folder: RunFolder) -> Double {
        let paths = [folder.metricsPath, "\(folder.path)/\(RunDescription.fileName)", folder.logPath(rank: 0)]
        return paths.compactMap { (try? FileManager.default.attributesOfItem(atPath: $0))?[.modificationDate] as? Date }
            .map(\.timeIntervalSince1970).max() ?? 0
    }
}
