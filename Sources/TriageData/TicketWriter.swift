/// Puts the facts of one ticket into words.
///
/// Sentences are drawn and ordered first; then they become running text in the writer's register; then the text gets its slips. Products are
/// kept between marks until the end, so that nothing changes a letter of what the record must repeat.
struct TicketWriter {
    let facts: Facts
    let split: Split
    let register: Register
    var draw: Draw
    /// Phrases in the ticket that training never sees.
    private(set) var reservedCount = 0
    /// How the news names the product: with its article, or "it" once an introduction has named it.
    private var reference = ""
    private var used: Set<String> = []
    private var mentionsOtherOrder = false

    init(_ facts: Facts, split: Split, draw: Draw) {
        self.facts = facts
        self.split = split
        self.draw = draw
        register = Register.draw(for: facts.record.tone, with: &self.draw)
    }

    /// The ticket's text.
    mutating func write() -> String {
        let body = text(of: arranged())
        var slips = Slips(draw: draw)
        let greeting = frame(register.greetings)
        let closing = frame(register.closings)
        let breaks = register == .formal || draw.chance(30)
        let whole = [greeting, body, closing].compactMap { $0 }.joined(separator: breaks ? "\n" : " ")
        return slips.apply(to: whole, register: register)
    }

    // MARK: - Sentences

    /// A phrase of the bank that the ticket doesn't hold yet, in full.
    private mutating func phrase(_ bank: Bank) -> String {
        var (phrase, isReserved) = bank.draw(for: split, with: &draw)
        while !used.insert(phrase).inserted { (phrase, isReserved) = bank.draw(for: split, with: &draw) }
        if isReserved { reservedCount += 1 }
        return fill(Bank.choose(phrase, with: &draw))
    }

    private mutating func frame(_ bank: Bank?) -> String? {
        guard let bank, draw.chance(register == .formal ? 75 : 42) else { return nil }
        return phrase(bank)
    }

    /// The sentences in their order: some of what doesn't refer to the news may come before it.
    private mutating func arranged() -> [String] {
        let news = news()
        var loose = [orderSentence(), toneSentence()].compactMap { $0 }
        for _ in 0..<(register.fillerRange.lowerBound + draw.below(register.fillerRange.count)) { loose.append(filler()) }
        var tied = [urgencySentence(), refundSentence()].compactMap { $0 }
        if facts.record.product != nil, register != .terse, draw.chance(15) { tied.append(phrase(FrameWords.otherProducts)) }
        if register != .terse, !mentionsOtherOrder, draw.chance(facts.record.order == nil ? 18 : 10) { tied.append(phrase(FrameWords.otherOrders)) }
        var before: [String] = []
        var after = tied
        for sentence in loose {
            if draw.chance(30) { before.append(sentence) } else { after.append(sentence) }
        }
        return before + news + draw.shuffled(after)
    }

    /// What happened: one sentence, or two where the product is introduced first.
    private mutating func news() -> [String] {
        var sentences: [String] = []
        reference = facts.record.product == nil ? draw.pick(FrameWords.unnamed) : named()
        if let kind = facts.kind, draw.chance(22) {
            sentences.append(phrase(FrameWords.introductions))
            reference = draw.pick(["it", "the \(kind.noun)", "it"])
        }
        let statement = statement()
        let standsAlone = statement.hasSuffix("?") || statement.hasPrefix("please") || facts.record.issue == .question
        let leadsIn = !standsAlone && register != .terse && draw.chance(25)
        sentences.append(leadsIn ? "\(phrase(FrameWords.leadIns)) \(statement)" : statement)
        return sentences
    }

    private mutating func statement() -> String {
        let isNamed = facts.record.product != nil
        switch facts.record.issue {
        case .delivery: return phrase(ParcelWords.delivery)
        case .damaged: return phrase(ParcelWords.damaged)
        case .wrongItem: return phrase(isNamed ? ParcelWords.wrongItem : ParcelWords.wrongItemGeneral)
        case .billing: return phrase(isNamed ? DeskWords.billing : DeskWords.billingGeneral)
        case .account: return phrase(DeskWords.account)
        case .question:
            guard let kind = facts.kind else { return phrase(DeskWords.questionGeneral) }
            return draw.chance(50) ? own(kind.questions) : phrase(DeskWords.question)
        case .faulty:
            guard let kind = facts.kind else { return phrase(ParcelWords.faultyGeneral) }
            if facts.isHazard { return own(kind.hazards) }
            return draw.chance(70) ? own(kind.faults) : phrase(ParcelWords.faultyGeneral)
        }
    }

    /// One of the kind's own phrases.
    private mutating func own(_ phrases: [String]) -> String { fill(Bank.choose(draw.pick(phrases), with: &draw)) }

    private mutating func orderSentence() -> String? {
        guard facts.record.order != nil else { return nil }
        mentionsOtherOrder = draw.chance(12)
        return phrase(mentionsOtherOrder ? FrameWords.corrections : FrameWords.orders)
    }

    private mutating func urgencySentence() -> String? {
        let isDesk = [.billing, .account, .question].contains(facts.record.issue)
        switch facts.record.urgency {
        case .normal: return nil
        case .low: return phrase(CueWords.low)
        case .high: return facts.isHazard ? nil : phrase(isDesk ? CueWords.highForDesk : CueWords.highForGoods)
        }
    }

    private mutating func toneSentence() -> String? {
        switch facts.record.tone {
        case .angry: phrase(CueWords.angry)
        case .happy: phrase(CueWords.happy)
        case .calm: draw.chance(25) ? phrase(CueWords.calm) : nil
        }
    }

    private mutating func refundSentence() -> String? {
        let isBilling = facts.record.issue == .billing
        if facts.record.refund { return phrase(isBilling ? CueWords.refundForBilling : CueWords.refund) }
        if facts.record.issue == .account || facts.record.issue == .question { return nil }
        return draw.chance(45) ? phrase(isBilling ? CueWords.noRefundForBilling : CueWords.noRefund) : nil
    }

    private mutating func filler() -> String {
        let isAboutGoods = facts.kind != nil && facts.record.issue != .question
        return phrase(isAboutGoods && draw.chance(50) ? FrameWords.fillersForGoods : FrameWords.fillers)
    }

    // MARK: - Slots

    private var kept: String { Slips.keep(facts.record.product ?? "") }

    /// The product with an article, or bare as in a telegram.
    private mutating func named() -> String {
        if register == .terse, draw.chance(60) { return kept }
        let articles = facts.record.issue == .question ? FrameWords.articlesInQuestions : FrameWords.articles
        return "\(draw.pick(articles)) \(kept)"
    }

    /// The phrase with every slot filled.
    private mutating func fill(_ phrase: String) -> String {
        let variants = draw.shuffled(facts.kind?.variants ?? ["black", "white"])
        var result = ""
        var rest = Substring(phrase)
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            result += rest[..<open]
            result += value(of: rest[rest.index(after: open)..<close], variants: variants)
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }

    private mutating func value(of slot: Substring, variants: [String]) -> String {
        switch slot {
        case "p": return reference
        case "bare": return kept
        case "other": return Slips.keep(facts.otherProduct)
        case "num": return facts.record.order.map(String.init) ?? ""
        case "old": return String(facts.otherOrder)
        case "v": return variants[0]
        case "w": return variants[1]
        case "o": return draw.pick(FrameWords.orderWords)
        case "money", "money2": return "\(draw.pick(["£", "$", "€", ""]))\(5 + draw.below(190)).\(draw.pick(["00", "50", "90", "99"]))"
        case "date": return "\(1 + draw.below(28)) \(draw.pick(FrameWords.months))"
        case "month": return draw.pick(FrameWords.months)
        case "day": return draw.pick(FrameWords.days)
        case "ago": return draw.pick(FrameWords.ago)
        case "soon": return draw.pick(FrameWords.soon)
        case "later": return draw.pick(FrameWords.later)
        case "floor": return draw.pick(FrameWords.floors)
        case "person": return draw.pick(FrameWords.people)
        case "name": return draw.pick(FrameWords.names)
        default: preconditionFailure("TicketWriter.value: no slot is called \(slot)")
        }
    }

    // MARK: - Running text

    /// The sentences with capitals and end marks as the register has them.
    private mutating func text(of sentences: [String]) -> String {
        var text = ""
        var startsSentence = true
        for (index, sentence) in sentences.enumerated() {
            if !text.isEmpty { text += " " }
            text += startsSentence ? sentence.prefix(1).uppercased() + sentence.dropFirst() : sentence
            if let last = sentence.last, "?!.".contains(last) {
                startsSentence = true
                continue
            }
            let end = index == sentences.count - 1 ? "." : draw.pick(weighted: register.sentenceEnds)
            text += end
            startsSentence = end.hasSuffix(".") || end.hasSuffix("!")
        }
        return text
    }
}
