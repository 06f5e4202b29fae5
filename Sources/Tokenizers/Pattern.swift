import CPCRE2
import Support

/// A compiled regular expression over UTF-8, with the meaning that Oniguruma gives it (see `oniguruma` in Pattern+Translation).
final class Pattern: Sendable {
    /// What `tokenizer.json` spells, kept for errors and for the fingerprint.
    let source: String
    /// PCRE2 promises that compiled code may be shared between threads (pcre2api, "Multithreading").
    private nonisolated(unsafe) let code: OpaquePointer

    /// - Parameter subject: Where the pattern stands, for errors.
    /// - Throws: `format` if the expression is malformed or uses what has no equal in PCRE2.
    init(_ source: String, subject: String) throws(TrainerError) {
        let translated = try Self.oniguruma(source, subject: subject)
        let options = UInt32(PCRE2_UTF) | UInt32(PCRE2_UCP) | UInt32(PCRE2_MULTILINE) | UInt32(PCRE2_NEVER_BACKSLASH_C)
        var status: Int32 = 0
        var offset = 0
        let context = pcre2_compile_context_create_8(nil)
        defer { pcre2_compile_context_free_8(context) }
        if let context { pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_LF)) }
        var bytes = translated
        let compiled = bytes.withUTF8 { pcre2_compile_8($0.baseAddress, $0.count, options, &status, &offset, context) }
        guard let compiled else {
            throw TrainerError(
                .format, subject, "the pattern \(source) can't be compiled: \(Self.message(status)), at byte \(offset) of \(translated)")
        }
        self.source = source
        code = compiled
        // Without JIT (a processor that PCRE2 does not know) matching is slower and otherwise the same.
        let jit = pcre2_jit_compile_8(compiled, UInt32(PCRE2_JIT_COMPLETE))
        guard jit == 0 || jit == PCRE2_ERROR_JIT_BADOPTION else {
            throw TrainerError(.memory, subject, "the pattern \(source) can't be compiled to machine code: \(Self.message(jit))")
        }
    }

    deinit { pcre2_code_free_8(code) }

    /// Cuts `text[range]` into the matches and what lies between them, in order and without gaps.
    ///
    /// The range is matched as if it were the whole text: nothing outside is looked at. An empty match right after another match is passed
    /// over with the character that follows, as the `tokenizers` library's iterator does.
    func cut(_ text: Span<UInt8>, _ range: Range<Int>, _ matcher: Matcher, into pieces: inout [Piece]) throws(TrainerError) {
        let status = text.extracting(range).withUnsafeBufferPointer { matches($0, from: range.lowerBound, matcher, into: &pieces) }
        guard status == PCRE2_ERROR_NOMATCH else {
            let code: TrainerError.Code = status == PCRE2_ERROR_NOMEMORY || status == PCRE2_ERROR_JIT_STACKLIMIT ? .memory : .format
            throw TrainerError(code, "pattern \(source)", "matching \(range.count) bytes of text fails: \(Self.message(status))")
        }
    }

    /// Returns the status of the last search: no match when all went well.
    private func matches(_ text: UnsafeBufferPointer<UInt8>, from base: Int, _ matcher: Matcher, into pieces: inout [Piece]) -> Int32 {
        var searchStart = 0
        var end = 0
        var lastMatchEnd: Int?
        while searchStart <= text.count {
            let status = matcher.search(code, text, from: searchStart)
            guard status >= 0 else {
                if status == PCRE2_ERROR_NOMATCH, end < text.count { pieces.append(Piece(base + end..<base + text.count)) }
                return status
            }
            let match = matcher.match
            if match.isEmpty, match.lowerBound == lastMatchEnd {
                searchStart += 1
                while searchStart < text.count, text[searchStart] & 0xC0 == 0x80 { searchStart += 1 }
                continue
            }
            if end < match.lowerBound { pieces.append(Piece(base + end..<base + match.lowerBound)) }
            pieces.append(Piece(base + match.lowerBound..<base + match.upperBound, isMatch: true))
            end = match.upperBound
            lastMatchEnd = end
            searchStart = end
        }
        if end < text.count { pieces.append(Piece(base + end..<base + text.count)) }
        return PCRE2_ERROR_NOMATCH
    }

    private static func message(_ status: Int32) -> String {
        var text = [UInt8](repeating: 0, count: 256)
        let length = pcre2_get_error_message_8(status, &text, text.count)
        return length > 0 ? "\(String(decoding: text.prefix(Int(length)), as: UTF8.self)) (PCRE2 error \(status))" : "PCRE2 error \(status)"
    }
}

/// A stretch of text on its way to the words that are encoded.
struct Piece: Equatable, Sendable {
    var range: Range<Int>
    /// Whether the pattern matched it; false for what lies between matches.
    var isMatch: Bool

    init(_ range: Range<Int>, isMatch: Bool = false) {
        self.range = range
        self.isMatch = isMatch
    }
}

/// What one thread needs to search: PCRE2's match data and the stack of its machine code.
///
/// Not shared between threads at one time; `Tokenizer` hands it from one to the next.
final class Matcher: @unchecked Sendable {
    private let data: OpaquePointer
    private let context: OpaquePointer
    private let stack: OpaquePointer
    private let bounds: UnsafeMutablePointer<Int>

    /// Room for backtracking: far more than these patterns use, since their repeats of single characters take none.
    private static let stackLimit = 8 << 20

    init() throws(TrainerError) {
        guard let data = pcre2_match_data_create_8(64, nil), let context = pcre2_match_context_create_8(nil),
            let stack = pcre2_jit_stack_create_8(32 << 10, Self.stackLimit, nil), let bounds = pcre2_get_ovector_pointer_8(data)
        else { throw TrainerError(.memory, "pattern matching", "PCRE2 can't allocate its match data") }
        pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack))
        self.data = data
        self.context = context
        self.stack = stack
        self.bounds = bounds
    }

    deinit {
        pcre2_match_data_free_8(data)
        pcre2_match_context_free_8(context)
        pcre2_jit_stack_free_8(stack)
    }

    /// Returns PCRE2's status; from 0 on, `match` holds the bounds found. The text is valid UTF-8, as Swift's strings are.
    func search(_ code: OpaquePointer, _ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int32 {
        pcre2_match_8(code, text.baseAddress, text.count, start, UInt32(PCRE2_NO_UTF_CHECK), data, context)
    }

    /// The bounds of the last match. A lookahead's `\K` could reverse them; the translation refuses `\K`.
    var match: Range<Int> { bounds[0]..<max(bounds[0], bounds[1]) }
}
