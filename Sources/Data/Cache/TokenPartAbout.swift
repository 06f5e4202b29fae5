import Foundation
import Support

/// What is known of a part besides its rows.
struct TokenPartAbout: Codable, Equatable, Sendable {
    var kind: RowKind
    var isChat: Bool
    var report: DataReport
    /// Tokens of the longest row kept.
    var longestRow = 0
    var hash = RowsHash()

    /// As JSON, filled up with spaces to whole words.
    func words() throws(TrainerError) -> [UInt32] {
        let encoder = JSONEncoder()
        // Whoever makes the part makes the same bytes.
        encoder.outputFormatting = .sortedKeys
        guard var bytes = try? encoder.encode(self) else { throw TrainerError(.format, "the audit", "can't be written as JSON") }
        while bytes.count % 4 != 0 { bytes.append(0x20) }
        return stride(from: 0, to: bytes.count, by: 4).map { start in
            (0..<4).reduce(0) { $0 | UInt32(bytes[bytes.startIndex + start + $1]) << (8 * $1) }
        }
    }

    /// nil if the words are no such JSON or its counts are not those of any data.
    init?(words: [UInt32]) {
        let bytes = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        guard let about = try? JSONDecoder().decode(TokenPartAbout.self, from: Foundation.Data(bytes)) else { return nil }
        guard about.report.isPlausible, about.longestRow >= 0, about.longestRow < 1 << 32 else { return nil }
        self = about
    }

    init(kind: RowKind, isChat: Bool, report: DataReport) {
        self.kind = kind
        self.isChat = isChat
        self.report = report
    }
}
