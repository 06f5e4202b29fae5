import Foundation
import Support
import TestSupport
import Testing

@testable import Templates

@Suite struct TemplateMutationTests {
    private static let pieces = [
        "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "if", "for", "in", "endif", "endfor", "else", "set", "macro", "endmacro", "(", ")", "[", "]",
        "{", "}", "'", "\"", "x", "1",
        ".", "|", "is", "not", " ", "\n", ",", ":", "=", "*", "**", "//", "loop", "loop.index", "é", "\\", "\\u12", "raw", "endraw", "call", "%", "~",
        "e9", "0x", "9999999999",
        "-9223372036854775808", "1e308", "messages", "message", "range(9)", "| upper", "| tojson", "| join(',')", "| sort", ".split('a')", "[::-1]",
        "[-1]", "% (1,)",
        ".format(1)", "namespace()", "recursive", "generation", "endgeneration", "\u{1F469}\u{200D}", "\r", "{{ loop(x) }}", "| map('upper')",
        ".items()", "* 99999",
    ]

    private static let chat = Conversation(
        messages: [message("system", "S"), message("user", "Grüße {{ x }}"), message("assistant", "A"), message("user", "B")],
        tools: .list([.mapping([("name", .string("add"))])]))

    /// A template with a few places cut out, doubled, moved or overwritten.
    private static func mutated(_ source: String, _ random: inout Randomness) -> String {
        var scalars = Array(source.unicodeScalars)
        for _ in 0...random.below(4) {
            let start = random.below(scalars.count + 1)
            let end = min(scalars.count, start + random.below(random.below(8) == 0 ? 60 : 6))
            switch random.below(5) {
            case 0: scalars.removeSubrange(start..<end)
            case 1: scalars.insert(contentsOf: scalars[start..<end], at: random.below(scalars.count + 1))
            case 2: scalars.replaceSubrange(start..<end, with: pieces[random.below(pieces.count)].unicodeScalars)
            case 3: scalars.insert(contentsOf: pieces[random.below(pieces.count)].unicodeScalars, at: start)
            default: if start < scalars.count { scalars[start] = Unicode.Scalar(UInt8(random.below(128))) }
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }

    private struct Randomness {
        var state: UInt64

        mutating func below(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % max(bound, 1)
        }
    }

    /// 20,000 unless `TEMPLATE_MUTATIONS` says otherwise.
    @Test("mutated templates end in text or in one line that names line and column, with turns or without")
    func mutations() throws {
        let references = try TemplateReferences.shared.get()
        let sources = references.templates.values.sorted() + ChatFamily.all.map(\.template) + references.expressions.map(\.source)
        let count = ProcessInfo.processInfo.environment["TEMPLATE_MUTATIONS"].flatMap { Int($0) } ?? 20_000
        var random = Randomness(state: 9)
        var rendered = 0
        for _ in 0..<count {
            let source = Self.mutated(sources[random.below(random.below(2) == 0 ? 40 : sources.count)], &random)
            do {
                var template = try ChatTemplate(source, path: "mutated.jinja", specialTokens: ["eos_token": "</s>"])
                template.limits = TemplateLimits(steps: 20_000, outputBytes: 1 << 17)
                let text = try template.render(Self.chat)
                rendered += 1
                _ = try template.trainedTurns(.completions, of: Self.chat, in: text, stopTokens: ["</s>", "<|end|>"])
            } catch {
                let hasPlace =
                    error.remedy != nil || error.subject.contains(#/^mutated.jinja: line \d+, column \d+$/#)
                    || error.problem.contains("no generation prompt")
                #expect(hasPlace && !error.description.contains("\n"), "\(source.debugDescription): \(error)")
            }
        }
        #expect(rendered > count / 10)
    }
}
