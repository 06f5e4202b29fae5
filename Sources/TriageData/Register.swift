/// How the writer of a ticket writes.
enum Register: CaseIterable, Sendable {
    case formal, plain, chatty, terse, shouting, rambling

    static func draw(for tone: Tone, with draw: inout Draw) -> Register {
        switch tone {
        case .angry: draw.pick(weighted: [(.formal, 15), (.plain, 30), (.terse, 15), (.shouting, 25), (.rambling, 15)])
        case .calm: draw.pick(weighted: [(.formal, 25), (.plain, 35), (.chatty, 15), (.terse, 15), (.rambling, 10)])
        case .happy: draw.pick(weighted: [(.formal, 15), (.plain, 35), (.chatty, 30), (.terse, 5), (.rambling, 15)])
        }
    }

    var greetings: Bank? {
        switch self {
        case .formal: FrameWords.formalGreetings
        case .plain, .rambling: FrameWords.plainGreetings
        case .chatty: FrameWords.chattyGreetings
        case .terse, .shouting: nil
        }
    }

    var closings: Bank? {
        switch self {
        case .formal: FrameWords.formalClosings
        case .plain, .rambling: FrameWords.plainClosings
        case .chatty: FrameWords.chattyClosings
        case .terse, .shouting: nil
        }
    }

    /// The fewest and most sentences of small talk.
    var fillerRange: ClosedRange<Int> {
        switch self {
        case .formal, .plain, .chatty: 0...1
        case .terse, .shouting: 0...0
        case .rambling: 1...3
        }
    }

    /// What ends a sentence that has no end mark of its own; one without a full stop runs on in lower case.
    var sentenceEnds: [(item: String, weight: Int)] {
        switch self {
        case .formal: [(".", 1)]
        case .plain: [(".", 9), (";", 1)]
        case .chatty: [(".", 5), ("!", 2), (",", 2), (" -", 2), ("...", 1)]
        case .terse: [(".", 8), (",", 1)]
        case .shouting: [("!", 5), (".", 5), ("!!", 2)]
        case .rambling: [(".", 5), (", and", 3), (",", 2), (", well,", 1)]
        }
    }

    /// The chance in percent that the whole ticket is in lower case.
    var lowerCasePercent: Int {
        switch self {
        case .formal, .shouting: 0
        case .plain, .rambling: 12
        case .chatty, .terse: 45
        }
    }

    /// The chance in percent that there are slips, and the most there can be.
    var typos: (percent: Int, most: Int) {
        switch self {
        case .formal: (10, 1)
        case .plain: (35, 2)
        case .chatty, .rambling: (60, 4)
        case .terse, .shouting: (45, 3)
        }
    }
}
