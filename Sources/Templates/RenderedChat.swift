/// The text that a template made of a conversation, and where each stretch of it came from. Ranges count UTF-8 bytes.
public struct RenderedChat: Sendable {
    /// A stretch of text with one origin, in one turn.
    public struct Run: Equatable, Sendable {
        public var range: Range<Int>
        public var origin: TemplateOrigin
        /// The message whose `for` iteration printed the stretch; nil for what no loop over messages printed.
        public var turn: Int?
        /// Whether the stretch was printed inside a `generation` block.
        public var isGenerated: Bool
        /// Whether the stretch was printed because a generation prompt was asked for.
        public var isPrompt: Bool
    }

    public let text: String
    /// Covers the text in order, without gaps; neighbours differ in some way.
    public let runs: [Run]
    /// What each `generation` block that ran printed, in order; blocks that printed nothing are left out.
    public let generated: [Range<Int>]

    init(_ traced: TracedString) {
        var (runs, generated): ([Run], [Range<Int>]) = ([], [])
        var (start, previous): (Int, Int?) = (0, nil)
        traced.forEachRun(in: 0..<traced.bytes.count) { bytes, mark in
            let range = start..<start + bytes.count
            start = range.upperBound
            runs.append(Run(range: range, origin: mark.origin, turn: mark.turn, isGenerated: mark.generation != nil, isPrompt: mark.isPrompt))
            if let number = mark.generation {
                if number == previous, let last = generated.last, last.upperBound == range.lowerBound {
                    generated[generated.count - 1] = last.lowerBound..<range.upperBound
                } else {
                    generated.append(range)
                }
            }
            previous = mark.generation
        }
        text = traced.text
        self.runs = runs
        self.generated = generated
    }
}
