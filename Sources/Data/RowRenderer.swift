import Support

/// Turns one row into token ids with a mark on each token that is trained.
///
/// Prompt and completion are tokenised once, as one text, and a token is trained if its bytes overlap the completion: the prompt alone may
/// tokenise otherwise, so a number of prompt tokens means nothing. Marks come from positions, never from what a token is.
struct RowRenderer {
    let encoding: any TextEncoding
    let trainOn: RowOptions.TrainOn

    /// As many marks as ids.
    struct Rendered: Equatable {
        var ids: [Int32] = []
        var trained: [Bool] = []
        /// Whether the last token is a trained end token.
        var endsTrained = false
    }

    /// - Parameter place: How an error names the row.
    /// - Throws: `format` if the row begins with two begin tokens, and what the tokenizer throws.
    func render(_ row: SourceRow, place: String) throws(TrainerError) -> Rendered {
        let text: String
        let boundary: Int
        switch row {
        case .text(let whole): (text, boundary) = (whole, 0)
        case .pair(let prompt, let completion): (text, boundary) = (prompt + completion, trainOn == .all ? 0 : prompt.utf8.count)
        }
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

    private func refuseTwoBegins(_ ids: [Int32], _ place: String) throws(TrainerError) {
        guard let begin = encoding.beginToken, ids.count >= 2, ids[0] == begin, ids[1] == begin else { return }
        throw TrainerError(
            .format, place, "begins with two begin tokens (id \(begin))", remedy: "Remove the begin token from the row's text; the tokenizer adds it")
    }
}
