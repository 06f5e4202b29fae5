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
        /// Whether the last trained token is an end token.
        var endsTrained = false
    }

    /// - Parameter place: How an error names the row.
    /// - Throws: `format` if the row begins with two begin tokens, and what the template and the tokenizer throw.
    func render(_ row: SourceRow, place: String) throws(TrainerError) -> Rendered {
        switch row {
        case .text(let text): return try plain(text, trainedFrom: 0, place)
        case .pair(let prompt, let completion):
            if chat == nil { return try plain(prompt + completion, trainedFrom: trainOn == .all ? 0 : prompt.utf8.count, place) }
            return try turns([ChatRoles.message("user", prompt), ChatRoles.message("assistant", completion)], nil, place)
        case .chat(let messages, let tools): return try turns(messages, tools, place)
        }
    }

    /// A text with what the tokenizer puts around it, and an end.
    private func plain(_ text: String, trainedFrom boundary: Int, _ place: String) throws(TrainerError) -> Rendered {
        let encoded = try encoding.encode(text, addingSpecialTokens: true)
        var rendered = Rendered(ids: encoded.ids, trained: encoded.offsets.map { !$0.isEmpty && $0.upperBound > boundary })
        try refuseTwoBegins(rendered.ids, place)
        guard let end = encoding.endToken else { return rendered }
        // The tokenizer's own rules or the completion may have put the end token there already; an end that closes the prompt is another matter.
        if rendered.ids.last == end, let span = encoded.offsets.last, span.isEmpty || span.upperBound > boundary {
            rendered.trained[rendered.trained.count - 1] = true
        } else {
            rendered.ids.append(end)
            rendered.trained.append(true)
        }
        rendered.endsTrained = rendered.ids.count > 1
        return rendered
    }

    /// A conversation as the template writes it, begin and end tokens included: the tokenizer adds none.
    private func turns(_ messages: [JSONObject], _ tools: JSONValue?, _ place: String) throws(TrainerError) -> Rendered {
        guard let chat else { preconditionFailure("RowRenderer.turns: no template") }
        let text: ChatRendering.Rendered
        do {
            text = try chat.render(messages, tools: tools, trainOn: trainOn)
        } catch {
            throw TrainerError(error.code, place, "\(error.subject): \(error.problem)", remedy: error.remedy)
        }
        let encoded = try encoding.encode(text.text, addingSpecialTokens: false)
        try refuseTwoBegins(encoded.ids, place)
        // Both lists are in order, so one walk finds each token's turn.
        var turn = 0
        let trained = encoded.offsets.map { span in
            while turn < text.trained.count, text.trained[turn].upperBound <= span.lowerBound { turn += 1 }
            return turn < text.trained.count && !span.isEmpty && span.upperBound > text.trained[turn].lowerBound
        }
        return Rendered(ids: encoded.ids, trained: trained, endsTrained: text.endsTrained)
    }

    private func refuseTwoBegins(_ ids: [Int32], _ place: String) throws(TrainerError) {
        guard let begin = encoding.beginToken, ids.count >= 2, ids[0] == begin, ids[1] == begin else { return }
        throw TrainerError(
            .format, place, "begins with two begin tokens (id \(begin))",
            remedy: "Remove the begin token from the row's text; the tokenizer or the template adds it")
    }
}
