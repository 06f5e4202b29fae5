/// One line of the data: what the model reads and what it shall write.
struct Row: Equatable, Sendable {
    let ticket: String
    let record: Record
    /// How much of the row training never sees: phrases, and the product's maker or kind.
    let reservedPhraseCount: Int
    let hasReservedProduct: Bool

    var wordCount: Int { ticket.split { $0.isWhitespace }.count }
    /// The user's turn of a chat.
    var prompt: String { "Triage this ticket as JSON.\n\n\(ticket)" }
    /// The assistant's.
    var completion: String { record.json }

    var json: String { "{\"prompt\":\(Self.quoted(prompt)),\"completion\":\(Self.quoted(completion))}" }

    /// `text` as a JSON string; the generator's texts hold no control character but the line feed.
    private static func quoted(_ text: String) -> String {
        let escaped = text.map { character -> String in
            switch character {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\n": "\\n"
            default: String(character)
            }
        }
        return "\"" + escaped.joined() + "\""
    }
}

/// The two files of the quick start, from one seed.
enum Dataset {
    static let seed: UInt64 = 2024
    static let trainCount = 2_400
    static let heldOutCount = 300
    /// The fewest and most words of a ticket.
    static let wordRange = 15...120

    /// The rows of both splits; no prompt occurs twice.
    static func rows() -> [Split: [Row]] {
        var prompts: Set<String> = []
        var result: [Split: [Row]] = [:]
        for (split, count) in [(Split.train, trainCount), (.heldOut, heldOutCount)] {
            var rows: [Row] = []
            var ticket: UInt64 = split == .train ? 0 : 1 << 32
            while rows.count < count {
                let row = row(ticket, split: split)
                ticket += 1
                if wordRange.contains(row.wordCount), prompts.insert(row.prompt).inserted { rows.append(row) }
            }
            result[split] = rows
        }
        return result
    }

    static func row(_ ticket: UInt64, split: Split) -> Row {
        var draw = Draw(seed: seed, stream: ticket)
        let facts = Facts.draw(for: split, with: &draw)
        var writer = TicketWriter(facts, split: split, draw: draw)
        let text = writer.write()
        return Row(ticket: text, record: facts.record, reservedPhraseCount: writer.reservedCount, hasReservedProduct: facts.hasReservedProduct)
    }

    /// The lines of a file, each ended by a line feed.
    static func lines(_ rows: [Row]) -> String { rows.map { $0.json + "\n" }.joined() }
}
