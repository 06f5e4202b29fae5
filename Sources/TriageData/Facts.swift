/// A ticket before it is put into words: its record, and what the words need beside it.
struct Facts: Sendable {
    var record: Record
    /// The kind of the product; nil where the ticket names none.
    var kind: Kind?
    /// A fault that is a danger, which makes the ticket urgent without another word.
    var isHazard = false
    /// The other order, kind and maker that the ticket may mention in passing.
    var otherOrder: Int
    var otherProduct: String
    var hasReservedProduct = false

    static func draw(for split: Split, with draw: inout Draw) -> Facts {
        let issue = draw.pick(weighted: [
            (Issue.delivery, 16), (.damaged, 13), (.faulty, 17), (.wrongItem, 13), (.billing, 15), (.account, 12), (.question, 14),
        ])
        let (kind, product, isReserved) = drawProduct(for: split, with: &draw)
        let isNamed = draw.chance(productPercent(issue))
        let isHazard = issue == .faulty && isNamed && !kind.hazards.isEmpty && draw.chance(25)
        let tone = draw.pick(weighted: toneWeights(issue, isHazard: isHazard))
        let urgency = isHazard ? .high : draw.pick(weighted: [(Urgency.low, tone == .angry ? 0 : 43), (.normal, 38), (.high, 30)])
        let order = drawOrder(with: &draw)
        let hasOrder = draw.chance(issue == .account ? 20 : issue == .question ? 15 : 80)
        let canRefund = issue != .account && issue != .question
        let record = Record(
            product: isNamed ? product : nil, order: hasOrder ? order : nil, issue: issue, urgency: urgency, tone: tone,
            refund: draw.chance(50) && canRefund)
        var otherOrder = drawOrder(with: &draw)
        while otherOrder == order { otherOrder = drawOrder(with: &draw) }
        var other = drawProduct(for: split, with: &draw).product
        while other == product { other = drawProduct(for: split, with: &draw).product }
        return Facts(
            record: record, kind: isNamed ? kind : nil, isHazard: isHazard, otherOrder: otherOrder, otherProduct: other,
            hasReservedProduct: isNamed && isReserved)
    }

    /// How often a ticket of this issue names its product.
    private static func productPercent(_ issue: Issue) -> Int {
        switch issue {
        case .account: 0
        case .question, .billing: 68
        case .delivery: 80
        case .damaged, .faulty, .wrongItem: 87
        }
    }

    private static func toneWeights(_ issue: Issue, isHazard: Bool) -> [(item: Tone, weight: Int)] {
        if isHazard { return [(.angry, 40), (.calm, 60)] }
        return issue == .question ? [(.angry, 12), (.calm, 48), (.happy, 40)] : [(.angry, 34), (.calm, 39), (.happy, 27)]
    }

    private static func drawProduct(for split: Split, with draw: inout Draw) -> (kind: Kind, product: String, isReserved: Bool) {
        let (maker, isReserved) = ProductWords.makers.draw(for: split, with: &draw)
        let reservedKinds = ProductWords.kinds.enumerated().filter { $0.offset % 5 == 4 }.map(\.element)
        let commonKinds = ProductWords.kinds.enumerated().filter { $0.offset % 5 != 4 }.map(\.element)
        let isNewKind = split == .heldOut && draw.chance(25)
        let kind = draw.pick(isNewKind ? reservedKinds : commonKinds)
        let words = [maker, draw.pick(ProductWords.models), kind.noun].filter { !$0.isEmpty }
        return (kind, words.joined(separator: " "), isReserved || isNewKind)
    }

    /// Four to six digits.
    private static func drawOrder(with draw: inout Draw) -> Int {
        let low = draw.pick([1_000, 10_000, 10_000, 100_000])
        return low + draw.below(9 * low)
    }
}
