/// What the ticket is about; the values are the words of the record.
enum Issue: String, CaseIterable, Sendable {
    case delivery, damaged, faulty, wrongItem = "wrong item", billing, account, question
}

enum Urgency: String, CaseIterable, Sendable {
    case low, normal, high
}

enum Tone: String, CaseIterable, Sendable {
    case angry, calm, happy
}

/// The answer to a ticket: what a reader would fill in.
struct Record: Equatable, Sendable {
    var product: String?
    var order: Int?
    var issue: Issue
    var urgency: Urgency
    var tone: Tone
    var refund: Bool

    static let fields = ["product", "order", "issue", "urgency", "tone", "refund"]

    /// One line of JSON without white space between tokens: SmolLM2 spells `","` in one token and `", "` in two.
    var json: String {
        let product = product.map { "\"\($0)\"" } ?? "null"
        let order = order.map(String.init) ?? "null"
        return """
            {"product":\(product),"order":\(order),"issue":"\(issue.rawValue)","urgency":"\(urgency.rawValue)","tone":"\(tone.rawValue)",\
            "refund":\(refund)}
            """
    }
}
