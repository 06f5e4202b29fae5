import Foundation
import Support

/// Writes `train.jsonl` and `heldout.jsonl` into the folder, and prints what the README states about them.
func writeFiles(into folder: String) throws(TrainerError) {
    let rows = Dataset.rows()
    do {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for split in Split.allCases {
            try Dataset.lines(rows[split, default: []]).write(toFile: "\(folder)/\(split.rawValue).jsonl", atomically: true, encoding: .utf8)
        }
    } catch {
        throw TrainerError(.file, folder, "can't be written (\(error.localizedDescription))")
    }
    for split in Split.allCases {
        let rows = rows[split, default: []]
        let words = rows.reduce(0) { $0 + $1.ticket.split { $0.isWhitespace }.count }
        let newPhrase = rows.count { $0.reservedPhraseCount > 0 }
        let newProduct = rows.count { $0.hasReservedProduct }
        print("\(split.rawValue).jsonl: \(rows.count) rows, \(fixed(Double(words) / Double(rows.count), 1)) words a ticket;", terminator: " ")
        print("\(newPhrase) with a phrase and \(newProduct) with a product that training never sees")
    }
}

guard CommandLine.arguments.count == 2 else {
    print("usage: TriageData <folder>   writes train.jsonl and heldout.jsonl there")
    exit(TrainerError.Code.configuration.exitStatus)
}
do {
    try writeFiles(into: CommandLine.arguments[1])
} catch {
    print(error)
    exit(error.code.exitStatus)
}
