/// The text with which a template asks for the assistant's next turn: what it prints after the last message, or because a generation prompt is asked
/// for.
///
/// A turn's header is what the turn has in common with the prompt from its first byte on. No text is looked for: both places are known from what
/// printed them. The header never reaches into the message's own text, and where turn and prompt part (`<think>` in one alone) it ends with a piece: a
/// literal of the template, something printed or an added token, so that letters that two pieces share by chance don't count.
struct GenerationPrompt {
    let bytes: [UInt8]
    /// Where pieces end, the whole included.
    private let edges: Set<Int>

    /// What ends a text that was rendered with a generation prompt: all after the last message's iteration, and of this the part that was asked for.
    static func candidates(_ rendered: RenderedChat, _ addedTokens: [String]) -> [GenerationPrompt] {
        let after = rendered.runs.reversed().prefix { run in
            if case .message = run.origin { return false }
            return run.turn == nil || run.isPrompt
        }
        let runs = Array(after.reversed())
        let asked = runs.drop { !$0.isPrompt }
        let text = Array(rendered.text.utf8)
        return [runs[...], asked].map { GenerationPrompt(text, $0, addedTokens.map { Array($0.utf8) }) }.filter { !$0.bytes.isEmpty }
    }

    private init(_ text: [UInt8], _ runs: ArraySlice<RenderedChat.Run>, _ addedTokens: [[UInt8]]) {
        let start = runs.first?.range.lowerBound ?? text.count
        bytes = Array(text[start...])
        var edges = Set(runs.map { $0.range.upperBound - start })
        for token in addedTokens where !token.isEmpty {
            for place in bytes.indices where bytes[place...].starts(with: token) { edges.insert(place + token.count) }
        }
        self.edges = edges
    }

    /// Where the header of a turn ends; nil if that can't be known.
    static func headerEnd(of stretch: TurnStretch, in layout: TurnLayout, _ prompts: [GenerationPrompt]) -> Int? {
        let opening = layout.bytes[stretch.range.lowerBound..<stretch.own.lowerBound]
        if let whole = prompts.first(where: { opening.starts(with: $0.bytes) }) { return opening.startIndex + whole.bytes.count }
        // The role is always part of the header.
        let roleEnd = stretch.runs.last { $0.range.upperBound <= opening.endIndex && $0.isRole }?.range.upperBound ?? opening.startIndex
        let shared = prompts.map { $0.sharedEnd(opening, stretch) }.max() ?? opening.startIndex
        if shared > opening.startIndex, shared >= roleEnd { return shared }
        // A template without a prompt: at most white space parts the user's text from the turn, whose header was printed before it, if at all.
        let hasPrompt = prompts.contains { !$0.bytes.allSatisfy(\.isSpace) }
        let opensAtOnce = roleEnd == opening.startIndex && (stretch.opensWithCalls || opening.allSatisfy(\.isSpace))
        return opensAtOnce && (!hasPrompt || opening.isEmpty) ? opening.startIndex : nil
    }

    /// The last end of a piece, of the prompt or of the turn, up to which both agree.
    private func sharedEnd(_ opening: ArraySlice<UInt8>, _ stretch: TurnStretch) -> Int {
        let start = opening.startIndex
        let agreed = start + zip(opening, bytes).prefix { $0 == $1 }.count
        let ends = stretch.runs.map(\.range.upperBound) + edges.map { start + $0 }
        return ends.filter { $0 <= agreed }.max() ?? start
    }
}

extension TurnStretch {
    /// Whether the first of the message's own text that is printed belongs to calls of tools.
    fileprivate var opensWithCalls: Bool {
        runs.first { $0.range.lowerBound == own.lowerBound }?.isCall ?? false
    }
}

extension UInt8 {
    fileprivate var isSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}
