public import Support
import Synchronization

extension Tokenizer {
    /// What one call of `encode` works with; calls pass it on, so that its cache stays warm.
    struct Scratch: Sendable {
        var matcher: Matcher
        var cache = WordCache()
        var word = WordEncoder()
        var pieces: [Piece] = []
        var cutPieces: [Piece] = []
        var spelling: [UInt8] = []
        var paths = UnigramPieces.Paths()
        /// The white space of added tokens, by their place in the encoding; filled only where offsets are trimmed.
        var addedSpace: [Int: OuterSpace] = [:]
    }

    /// Encodes a text. Special tokens written in the text become those tokens.
    ///
    /// - Parameter addingSpecialTokens: Whether the post-processor adds its own around the text. Rendered conversations hold them already.
    /// - Throws: `memory` if a pattern needs more than its 8 MB to backtrack, which the known patterns do not.
    public func encode(_ text: String, addingSpecialTokens: Bool) throws(TrainerError) -> Encoding {
        var scratch = try takeScratch()
        defer { scratches.withLock { $0.append(scratch) } }
        let bytes = text.utf8.span
        var encoding = Encoding()
        for stretch in earlyFinder.cut(bytes, 0..<bytes.count) {
            if let token = stretch.token {
                append(token, bytes, stretch.range, nil, &encoding, &scratch)
            } else if let changed = try definition.normalizers.normalized(bytes, stretch.range, scratch.matcher) {
                try encodeNormalized(changed.bytes.span, 0..<changed.bytes.count, changed.origins, &encoding, &scratch)
            } else {
                try encodeNormalized(bytes, stretch.range, nil, &encoding, &scratch)
            }
        }
        let processing = definition.postProcessing
        if processing.trimsOffsets {
            let ids = encoding.ids
            encoding.trimOffsets(bytes, keepsFirstSpace: processing.keepsFirstSpace) { index in
                scratch.addedSpace[index] ?? OuterSpace(token(of: ids[index]) ?? "")
            }
            scratch.addedSpace.removeAll(keepingCapacity: true)
        }
        if addingSpecialTokens { encoding.surround(before: processing.before, after: processing.after) }
        return encoding
    }

    private func takeScratch() throws(TrainerError) -> Scratch {
        if let scratch = scratches.withLock({ $0.popLast() }) { return scratch }
        return try Scratch(matcher: Matcher())
    }

    /// Encodes `text[range]`, which is normalised and holds no added token that is looked for before. `origins` is nil if the text is the given one.
    private func encodeNormalized(
        _ text: Span<UInt8>, _ range: Range<Int>, _ origins: [Range<Int>]?, _ encoding: inout Encoding, _ scratch: inout Scratch
    ) throws(TrainerError) {
        guard !lateFinder.isEmpty else { return try encodePlain(text, range, origins, &encoding, &scratch) }
        for stretch in lateFinder.cut(text, range) {
            if let token = stretch.token {
                append(token, text, stretch.range, origins, &encoding, &scratch)
            } else {
                try encodePlain(text, stretch.range, origins, &encoding, &scratch)
            }
        }
    }

    /// Encodes text without added tokens: cuts it into pieces and encodes each.
    private func encodePlain(
        _ text: Span<UInt8>, _ range: Range<Int>, _ origins: [Range<Int>]?, _ encoding: inout Encoding, _ scratch: inout Scratch
    ) throws(TrainerError) {
        guard !range.isEmpty else { return }
        scratch.pieces.removeAll(keepingCapacity: true)
        scratch.pieces.append(Piece(range))
        try encodePieces(text, origins, from: 0, &encoding, &scratch)
    }

    /// Takes the pieces through the pre-tokenizers from index `first` on and encodes what comes out.
    ///
    /// - Parameter isChanged: Whether the first of them has changed the text already.
    private func encodePieces(
        _ text: Span<UInt8>, _ origins: [Range<Int>]?, from first: Int, isChanged: Bool = false, _ encoding: inout Encoding, _ scratch: inout Scratch
    ) throws(TrainerError) {
        for index in first..<definition.preTokenizers.count {
            let step = definition.preTokenizers[index]
            if !(isChanged && index == first), let changed = step.changed(text, origins, &scratch.pieces) {
                return try encodePieces(changed.bytes.span, changed.origins, from: index, isChanged: true, &encoding, &scratch)
            }
            scratch.cutPieces.removeAll(keepingCapacity: true)
            for piece in scratch.pieces { try step.cut(text, piece.range, scratch.matcher, into: &scratch.cutPieces) }
            swap(&scratch.pieces, &scratch.cutPieces)
        }
        for index in scratch.pieces.indices { try encoder.encode(text, scratch.pieces[index].range, origins, &scratch, into: &encoding) }
    }

    private func append(
        _ token: AddedToken, _ text: Span<UInt8>, _ range: Range<Int>, _ origins: [Range<Int>]?, _ encoding: inout Encoding, _ scratch: inout Scratch
    ) {
        if definition.postProcessing.trimsOffsets {
            scratch.addedSpace[encoding.ids.count] = OuterSpace(text.string(range))
        }
        encoding.append(token.id, text.origin(range, origins))
    }
}
