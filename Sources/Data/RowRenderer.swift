import Formats
import Support

/// Turns one row into token ids with a mark on each token that is trained.
///
/// A row is tokenised once, as one text, and a token is trained if its bytes overlap what is trained: the prompt alone may tokenise otherwise, so a
/// number of prompt tokens means nothing. Marks come from positions, never from what a token is.
struct RowRenderer: Sendable {
    let encoding: any TextEncoding
    let trainOn: RowOptions.TrainOn
    /// For chats; also for pairs, if they are to be chats.
    var chat: ChatRendering?

    /// As many marks as ids.
    struct Rendered: Equatable {
        var ids: [Int32] = []
        var trained: [Bool] = []
        /// The trained turns; none where they are not told apart.
        var turns: [Turn] = []
        var beginsTwice = false
    }

    /// Where a trained turn lies among the tokens.
    struct Turn: Equatable {
        var first: Int
        /// The stop token that ends it; nil if none does.
        var end: Int?
    }

    /// - Parameter place: How an error names the row.
    /// - Throws: What the template and the tokenizer throw.
    func render(_ row: SourceRow, place: @autoclosure () -> String) throws(TrainerError) -> Rendered {
        var rendered: Rendered
        switch row {
        case .text(let text): rendered = try plain(text, trainedFrom: 0)
        case .pair(let prompt, let completion) where chat == nil:
            rendered = try plain(prompt + completion, trainedFrom: trainOn == .all ? 0 : prompt.utf8.count)
        case .pair(let prompt, let completion):
            rendered = try turns([ChatRoles.message("user", prompt), ChatRoles.message("assistant", completion)], nil, place)
        case .chat(let messages, let tools): rendered = try turns(messages, tools, place)
        }
        let ids = rendered.ids
        rendered.beginsTwice = ids.count >= 2 && ids[0] == ids[1] && ids[0] == encoding.beginToken
        return rendered
    }

    /// A text with what the tokenizer puts around it, and an end.
    private func plain(_ text: String, trainedFrom boundary: Int) throws(TrainerError) -> Rendered {
        let encoded = try encoding.encode(text, addingSpecialTokens: true)
        var rendered = Rendered(ids: encoded.ids, trained: encoded.offsets.map { !$0.isEmpty && $0.upperBound > boundary })
        rendered.turns = rendered.trained.firstIndex(of: true).map { [Turn(first: $0)] } ?? []
        guard let end = encoding.endToken else { return rendered }
        // The tokenizer's own rules or the completion may have put the end token there already; an end that closes the prompt is another matter.
        if rendered.ids.last == end, let span = encoded.offsets.last, span.isEmpty || span.upperBound > boundary {
            rendered.trained[rendered.trained.count - 1] = true
        } else {
            rendered.ids.append(end)
            rendered.trained.append(true)
        }
        let last = rendered.ids.count - 1
        if last > 0 { rendered.turns = [Turn(first: rendered.turns.first?.first ?? last, end: last)] }
        return rendered
    }

    /// A conversation as the template writes it, begin and end tokens included: the tokenizer adds none.
    private func turns(_ messages: [JSONObject], _ tools: JSONValue?, _ place: () -> String) throws(TrainerError) -> Rendered {
        guard let chat else { preconditionFailure("RowRenderer.turns: no template") }
        let text: ChatRendering.Rendered
        do {
            text = try chat.render(messages, tools: tools, trainOn: trainOn)
        } catch {
            throw TrainerError(error.code, place(), "\(error.subject): \(error.problem)", remedy: error.remedy)
        }
        let encoded = try encoding.encode(text.text, addingSpecialTokens: false)
        var rendered = Rendered(ids: encoded.ids)
        // Both lists are in order, so one walk finds each token's turn.
        var turn = 0
        var last = -1
        for (index, span) in encoded.offsets.enumerated() {
            while turn < text.trained.count, text.trained[turn].upperBound <= span.lowerBound { turn += 1 }
            let isTrained = turn < text.trained.count && !span.isEmpty && span.upperBound > text.trained[turn].lowerBound
            rendered.trained.append(isTrained)
            guard isTrained, !text.ends.isEmpty else { continue }
            if turn > last { rendered.turns.append(Turn(first: index)) }
            last = turn
            if text.ends[turn] { rendered.turns[rendered.turns.count - 1].end = index }
        }
        return rendered
    }
}
