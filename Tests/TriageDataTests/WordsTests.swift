import Testing

@testable import TriageData

@Suite struct WordsTests {
    static let aboutProduct = [
        ParcelWords.delivery, ParcelWords.damaged, ParcelWords.wrongItem, ParcelWords.faultyGeneral, DeskWords.billing, DeskWords.question,
    ]
    static let withoutProduct = [
        ParcelWords.wrongItemGeneral, DeskWords.billingGeneral, DeskWords.account, DeskWords.questionGeneral, CueWords.highForGoods,
        CueWords.highForDesk, CueWords.low, CueWords.angry, CueWords.happy, CueWords.calm, CueWords.refund, CueWords.noRefund,
        CueWords.refundForBilling, CueWords.noRefundForBilling, FrameWords.leadIns, FrameWords.fillers, FrameWords.fillersForGoods,
        FrameWords.otherOrders, FrameWords.otherProducts,
    ]
    static let numbers = [FrameWords.orders, FrameWords.corrections]

    func phrases(_ banks: [Bank]) -> [String] { banks.flatMap { $0.common + $0.reserved } }

    @Test("a phrase about a product names it; the phrases of other banks leave it out")
    func product() {
        for phrase in phrases(Self.aboutProduct) { #expect(phrase.contains("{p}"), "\(phrase)") }
        for kind in ProductWords.kinds {
            for phrase in kind.faults + kind.hazards + kind.questions { #expect(phrase.contains("{p}"), "\(phrase)") }
        }
        for phrase in phrases([FrameWords.introductions]) { #expect(phrase.contains("{p}") || phrase.contains("{bare}"), "\(phrase)") }
        for phrase in phrases(Self.withoutProduct + Self.numbers) { #expect(!phrase.contains("{p}") && !phrase.contains("{bare}"), "\(phrase)") }
    }

    @Test("a phrase about an order gives its number, and no other phrase does")
    func number() {
        for phrase in phrases(Self.numbers) { #expect(phrase.contains("{num}"), "\(phrase)") }
        for phrase in phrases([FrameWords.corrections, FrameWords.otherOrders]) { #expect(phrase.contains("{old}"), "\(phrase)") }
        for phrase in phrases(Self.aboutProduct + Self.withoutProduct) { #expect(!phrase.contains("{num}"), "\(phrase)") }
    }

    @Test("brackets and braces are paired and choices do not nest")
    func syntax() {
        for phrase in phrases(Self.aboutProduct + Self.withoutProduct + Self.numbers) {
            #expect(phrase.count { $0 == "{" } == phrase.count { $0 == "}" }, "\(phrase)")
            var depth = 0
            for character in phrase {
                if character == "[" { depth += 1 }
                if character == "]" { depth -= 1 }
                #expect((0...1).contains(depth), "\(phrase)")
            }
            #expect(depth == 0, "\(phrase)")
        }
    }

    @Test("no phrase stands twice in a bank, so none is common and reserved")
    func distinct() {
        for bank in Self.aboutProduct + Self.withoutProduct + Self.numbers {
            let phrases = bank.common + bank.reserved
            #expect(Set(phrases).count == phrases.count)
            #expect(bank.reserved.count == phrases.count / 5)
        }
    }

    @Test("every kind can be mistaken for another colour or size of itself")
    func variants() {
        for kind in ProductWords.kinds { #expect(Set(kind.variants).count == kind.variants.count && kind.variants.count >= 2, "\(kind.noun)") }
    }
}
