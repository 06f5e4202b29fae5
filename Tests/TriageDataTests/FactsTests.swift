import Testing

@testable import TriageData

@Suite struct FactsTests {
    func facts(_ count: UInt64, split: Split = .train) -> [Facts] {
        (0..<count).map { stream in
            var draw = Draw(seed: 1, stream: stream)
            return Facts.draw(for: split, with: &draw)
        }
    }

    @Test("facts never contradict each other")
    func consistent() {
        for facts in facts(2_000) {
            let record = facts.record
            #expect((facts.kind == nil) == (record.product == nil))
            #expect(facts.otherOrder != record.order)
            #expect(facts.otherProduct != record.product)
            if record.issue == .account { #expect(record.product == nil) }
            if record.refund { #expect(record.issue != .account && record.issue != .question) }
            if record.tone == .angry { #expect(record.urgency != .low) }
            if facts.isHazard { #expect(record.issue == .faulty && record.urgency == .high) }
        }
    }

    @Test("products of training come from common makers and kinds; held-out products also from reserved ones")
    func products() {
        let reserved = ProductWords.makers.reserved + ProductWords.kinds.enumerated().filter { $0.offset % 5 == 4 }.map { " " + $0.element.noun }
        #expect(!facts(1_000).contains { facts in reserved.contains { (facts.record.product ?? "").contains($0) } })
        for part in reserved { #expect(facts(1_000, split: .heldOut).contains { ($0.record.product ?? "").contains(part) }, "\(part)") }
    }
}
