import Foundation
import Support

/// How far a page has read `metrics.jsonl`: the offset past the last line, and the checksum of what lies before it.
///
/// A run that resumes cuts the file, so the offset alone may lie in the middle of other lines.
public struct MetricsPlace: Codable, Equatable, Sendable {
    public var end: Int
    public var tag: UInt32

    public init(end: Int = 0, tag: UInt32 = 0) {
        self.end = end
        self.tag = tag
    }
}

/// The lines of `metrics.jsonl` after a place.
struct MetricsPiece: Codable, Equatable, Sendable {
    /// Whole lines, as they stand in the file.
    var text: String
    /// Where the page stands now.
    var end: Int
    var tag: UInt32
    /// Whether the text begins with the file's first line, because the page had nothing or something else.
    var isRestart: Bool
    /// Of how many steps the text holds one; 1 unless there are very many.
    var every: Int

    /// More steps than a page needs: of a longer piece every second, third and so on is left out.
    static let mostSteps = 20_000
    /// The bytes before a place that its checksum covers.
    private static let tagBytes = 4096

    /// - Throws: `file` if there is a file that can't be read; a missing one is an empty one.
    static func read(_ path: String, after known: MetricsPlace, mostSteps: Int = mostSteps) throws(TrainerError) -> MetricsPiece {
        guard try FileSystem().kind(of: path) != .nothing else { return MetricsPiece(text: "", end: 0, tag: 0, isRestart: known.end != 0, every: 1) }
        let file = try MappedFile(path: path)
        return withExtendedLifetime(file) {
            let end = file.bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            let isRestart = known.end <= 0 || known.end > end || tag(file.bytes, known.end) != known.tag
            let lines = file.bytes[(isRestart ? 0 : known.end)..<end].split(separator: UInt8(ascii: "\n"))
            let steps = lines.count { !isEvaluation($0) }
            let every = max(1, (steps + mostSteps - 1) / mostSteps)
            var text: [UInt8] = []
            var index = 0
            for line in lines {
                let isStep = !isEvaluation(line)
                if isStep { index += 1 }
                guard !isStep || index % every == 0 || index == steps else { continue }
                text += line
                text.append(UInt8(ascii: "\n"))
            }
            return MetricsPiece(
                text: String(decoding: text, as: UTF8.self), end: end, tag: tag(file.bytes, end), isRestart: isRestart, every: every)
        }
    }

    private static func tag(_ bytes: UnsafeRawBufferPointer, _ end: Int) -> UInt32 { CRC32C.checksum(bytes[max(0, end - tagBytes)..<end]) }

    /// An evaluation names itself right after its step.
    private static func isEvaluation(_ line: Slice<UnsafeRawBufferPointer>) -> Bool {
        let head = line.prefix(64)
        return head.indices.contains { head[$0...].starts(with: "\"evaluation\"".utf8) }
    }
}
