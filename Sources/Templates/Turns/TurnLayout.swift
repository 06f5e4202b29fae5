import Support

/// The part of a text that the iteration of one message printed.
struct TurnStretch {
    let message: Int
    let range: Range<Int>
    /// Of the chat's runs.
    let runs: ArraySlice<RenderedChat.Run>
    /// From the first byte of the message's own texts to the last, its role apart. If none was printed, it is empty and stands at the first stop token
    /// or the end.
    let own: Range<Int>
}

/// Finds the stretches of messages in a rendered chat, and their ends.
struct TurnLayout {
    let bytes: [UInt8]
    private let runs: [RenderedChat.Run]
    /// The longest first.
    private let stopTokens: [[UInt8]]

    init(_ rendered: RenderedChat, stopTokens: [String]) {
        bytes = Array(rendered.text.utf8)
        runs = rendered.runs
        self.stopTokens = stopTokens.map { Array($0.utf8) }.filter { !$0.isEmpty }.sorted { $0.count > $1.count }
    }

    /// The message's stretch; nil if the template prints nothing for it.
    func stretch(of message: Int) throws(TrainerError) -> TurnStretch? {
        // What another message's iteration repeats of a call (its name above the result, as a rule) is no part of this turn.
        let own = runs.filter { Self.isOwn($0, message) && !($0.turn != message && $0.turn != nil && $0.isCall) }
        guard let first = runs.firstIndex(where: { $0.turn == message }), let last = runs.lastIndex(where: { $0.turn == message }) else {
            guard own.isEmpty else { throw problem(message, "is printed outside of a loop over messages") }
            return nil
        }
        let part = runs[first...last]
        guard part.allSatisfy({ $0.turn == message }), own.allSatisfy({ $0.turn == message }) else {
            throw problem(message, "is printed in more than one place")
        }
        let range = part[first].range.lowerBound..<part[last].range.upperBound
        let stop = range.first { stopToken(at: $0, before: range.upperBound) != nil } ?? range.upperBound
        let ownRange = (own.first?.range.lowerBound ?? stop)..<(own.last?.range.upperBound ?? stop)
        return TurnStretch(message: message, range: range, runs: part, own: ownRange)
    }

    /// Whether a run is text of the message, its role apart.
    private static func isOwn(_ run: RenderedChat.Run, _ message: Int) -> Bool {
        if case .message(message, let field) = run.origin { field != "role" } else { false }
    }

    private func problem(_ message: Int, _ what: String) -> TrainerError {
        TrainerError(.format, "", "which text is the assistant's turn of message \(message) is not known: it \(what)")
    }

    // MARK: - Ends

    /// The turn that begins at `start` in a stretch.
    func turn(_ stretch: TurnStretch, from start: Int) throws(TrainerError) -> AssistantTurn {
        let stop =
            firstStop(in: stretch, from: start) ?? stopToken(at: stretch.range.upperBound, before: bytes.count).map { (stretch.range.upperBound, $0) }
        let end = stop.map { $0.place + $0.token.count } ?? stretch.range.upperBound
        var holdsOthers = false
        for run in stretch.runs where run.range.upperBound > start {
            guard case .message(let message, let field) = run.origin, field != "role" else { continue }
            let isInside = run.range.lowerBound < end
            if message != stretch.message {
                guard !isInside else { throw problem(stretch.message, "holds text of message \(message)") }
                holdsOthers = true
            } else if !isInside, !run.isCall {
                throw problem(stretch.message, "goes on after a stop token")
            }
        }
        // Calls may be named again with the results that follow them.
        guard stretch.own.upperBound <= end || holdsOthers else { throw problem(stretch.message, "goes on after a stop token") }
        return AssistantTurn(message: stretch.message, bytes: start..<end, endToken: stop.map { String(decoding: $0.token, as: UTF8.self) })
    }

    /// The first stop token that the template itself prints: texts of messages may spell one, too.
    private func firstStop(in stretch: TurnStretch, from start: Int) -> (place: Int, token: [UInt8])? {
        var place = start
        var limits = stretch.runs.filter(\.isFromMessage).map(\.range) + [stretch.range.upperBound..<stretch.range.upperBound]
        limits.removeAll { $0.upperBound < start }
        for limit in limits {
            for position in place..<max(place, limit.lowerBound) {
                if let token = stopToken(at: position, before: limit.lowerBound) { return (position, token) }
            }
            place = max(place, limit.upperBound)
        }
        return nil
    }

    /// What a `generation` block printed, as a turn.
    func generatedTurn(_ range: Range<Int>) -> AssistantTurn {
        let inside = runs.filter { $0.range.overlaps(range) }
        var (message, tail): (Int?, Int) = (inside.compactMap(\.turn).first, range.lowerBound)
        for run in inside {
            guard case .message(let index, let field) = run.origin, field != "role" else { continue }
            message = message ?? index
            tail = min(run.range.upperBound, range.upperBound)
        }
        let token = (tail..<range.upperBound).lazy.compactMap { stopToken(at: $0, before: range.upperBound) }.first
        return AssistantTurn(message: message, bytes: range, endToken: token.map { String(decoding: $0, as: UTF8.self) })
    }

    /// The longest stop token that stands at a place.
    private func stopToken(at place: Int, before end: Int) -> [UInt8]? {
        guard place < end else { return nil }
        let first = bytes[place]
        return stopTokens.first { $0[0] == first && place + $0.count <= end && bytes[place..<place + $0.count].elementsEqual($0) }
    }
}

extension RenderedChat.Run {
    var isFromMessage: Bool { if case .message = origin { true } else { false } }

    /// Whether the run is text of a message's calls of tools.
    var isCall: Bool { if case .message(_, "tool_calls") = origin { true } else { false } }

    var isRole: Bool { if case .message(_, "role") = origin { true } else { false } }
}
