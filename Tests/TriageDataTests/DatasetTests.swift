import Foundation
import Support
import Testing

@testable import TriageData

@Suite struct DatasetTests {
    static let rows = Dataset.rows()
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../Configs/triage").standardized

    var train: [Row] { Self.rows[.train, default: []] }
    var heldOut: [Row] { Self.rows[.heldOut, default: []] }

    @Test("the committed files are what the generator writes, byte for byte, and each is under 1 MB", arguments: Split.allCases)
    func committed(split: Split) throws {
        let file = try String(contentsOf: Self.folder.appendingPathComponent("\(split.rawValue).jsonl"), encoding: .utf8)
        #expect(file == Dataset.lines(Self.rows[split, default: []]))
        #expect(file.utf8.count < 1_000_000)
    }

    @Test(
        "every line is a JSON object of prompt and completion, every completion one with exactly the fields and their values",
        arguments: Split.allCases)
    func completions(split: Split) throws {
        for row in Self.rows[split, default: []] {
            let line = try #require(try JSONSerialization.jsonObject(with: Data(row.json.utf8)) as? [String: String])
            #expect(line == ["prompt": row.prompt, "completion": row.completion])
            #expect(row.completion.hasPrefix("{"))
            #expect(row.prompt.hasPrefix("Triage this ticket as JSON.\n\n"))
            let record = try #require(try JSONSerialization.jsonObject(with: Data(row.completion.utf8)) as? [String: Any])
            #expect(Set(record.keys) == Set(Record.fields))
            #expect(record["product"] as? String == row.record.product)
            #expect(record["order"] as? Int == row.record.order)
            #expect(record["issue"] as? String == row.record.issue.rawValue)
            #expect(record["urgency"] as? String == row.record.urgency.rawValue)
            #expect(record["tone"] as? String == row.record.tone.rawValue)
            #expect(record["refund"] as? Bool == row.record.refund)
        }
    }

    @Test("products and order numbers of a record stand in its ticket, letter for letter", arguments: Split.allCases)
    func extracted(split: Split) {
        for row in Self.rows[split, default: []] {
            if let product = row.record.product { #expect(row.ticket.contains(product), "\(row.ticket)") }
            if let order = row.record.order { #expect(row.ticket.contains("\(order)"), "\(row.ticket)") }
        }
    }

    @Test("a ticket without a product in its record names no maker, except of a thing it says it is not about")
    func nullProduct() {
        let makers = ProductWords.makers.common + ProductWords.makers.reserved
        for row in train + heldOut where row.record.product == nil {
            #expect(!makers.contains { row.ticket.localizedCaseInsensitiveContains($0 + " ") }, "\(row.ticket)")
        }
    }

    @Test("a record without an order has a ticket with one number after the word order at most, that of another order")
    func nullOrder() {
        for row in train + heldOut where row.record.order == nil {
            #expect(row.ticket.matches(of: /[0-9]{4,6}/).count <= 1, "\(row.ticket)")
        }
    }

    @Test("no prompt occurs twice, in one split or in both")
    func distinct() {
        #expect(train.count == Dataset.trainCount)
        #expect(heldOut.count == Dataset.heldOutCount)
        #expect(Set((train + heldOut).map(\.prompt)).count == Dataset.trainCount + Dataset.heldOutCount)
    }

    @Test("training never holds a reserved phrase or product; of the held-out rows five in six do, and a third have a new product")
    func reserved() {
        #expect(train.allSatisfy { $0.reservedPhraseCount == 0 && !$0.hasReservedProduct })
        for maker in ProductWords.makers.reserved { #expect(!train.contains { $0.prompt.contains(maker) }, "\(maker)") }
        #expect(heldOut.count { $0.reservedPhraseCount > 0 } >= heldOut.count * 5 / 6)
        #expect(heldOut.count { $0.hasReservedProduct } >= heldOut.count / 3)
    }

    @Test("the README beside the files states their rows, words and what is new in the held-out ones")
    func readme() throws {
        let text = try String(contentsOf: Self.folder.appendingPathComponent("README.md"), encoding: .utf8)
        for (name, count, rows) in [("train", "2,400", train), ("heldout", "300", heldOut)] {
            let words = Double(rows.reduce(0) { $0 + $1.wordCount }) / Double(rows.count)
            #expect(text.contains("| `\(name).jsonl` | \(count) | \(fixed(words, 1)) |"))
        }
        let newPhrase = heldOut.count { $0.reservedPhraseCount > 0 }
        let newProduct = heldOut.count { $0.hasReservedProduct }
        #expect(text.contains("Of the held-out rows \(newPhrase) hold a phrase and \(newProduct) a product"))
    }

    @Test("no value of a field is rare, and none so common that naming it always would score well", arguments: Split.allCases)
    func balance(split: Split) {
        let records = Self.rows[split, default: []].map(\.record)
        func share(_ isCounted: (Record) -> Bool) -> Double { Double(records.count(where: isCounted)) / Double(records.count) }
        for issue in Issue.allCases { #expect((0.09...0.22).contains(share { $0.issue == issue }), "\(issue)") }
        for urgency in Urgency.allCases { #expect((0.17...0.46).contains(share { $0.urgency == urgency }), "\(urgency)") }
        for tone in Tone.allCases { #expect((0.22...0.46).contains(share { $0.tone == tone }), "\(tone)") }
        #expect((0.28...0.45).contains(share { $0.refund }))
        #expect((0.22...0.36).contains(share { $0.product == nil }))
        #expect((0.30...0.44).contains(share { $0.order == nil }))
    }

    @Test("tickets have 15 to 120 words, 35 to 50 in the mean", arguments: Split.allCases)
    func lengths(split: Split) {
        let counts = Self.rows[split, default: []].map { $0.wordCount }
        #expect(counts.allSatisfy { (15...120).contains($0) })
        let mean = Double(counts.reduce(0, +)) / Double(counts.count)
        #expect((35...50).contains(mean))
    }

    @Test("no slot, choice or mark of the generator is left in a ticket", arguments: Split.allCases)
    func leftovers(split: Split) {
        for row in Self.rows[split, default: []] { #expect(!row.ticket.contains { "{}[]|⟦⟧".contains($0) }, "\(row.ticket)") }
    }
}
