import Foundation
import Support

extension Dataset {
    /// Writes `train.jsonl` and `heldout.jsonl` into the folder, which is made if need be.
    ///
    /// - Returns: A line on each file: its rows, its words, and what of it training never sees.
    /// - Throws: `file` if the folder or a file can't be written.
    static func write(into folder: String) throws(TrainerError) -> [String] {
        let rows = rows()
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for split in Split.allCases {
                try lines(rows[split, default: []]).write(toFile: "\(folder)/\(split.rawValue).jsonl", atomically: true, encoding: .utf8)
            }
        } catch {
            throw TrainerError(.file, folder, "can't be written (\(error.localizedDescription))", remedy: "Name a folder that can be written")
        }
        return Split.allCases.map { summary(rows[$0, default: []], of: $0) }
    }

    private static func summary(_ rows: [Row], of split: Split) -> String {
        let words = rows.reduce(0) { $0 + $1.wordCount }
        let newPhrase = rows.count { $0.reservedPhraseCount > 0 }
        let newProduct = rows.count { $0.hasReservedProduct }
        return """
            \(split.rawValue).jsonl: \(rows.count) rows, \(fixed(Double(words) / Double(rows.count), 1)) words a ticket; \
            \(newPhrase) with a phrase and \(newProduct) with a product that training never sees
            """
    }
}
