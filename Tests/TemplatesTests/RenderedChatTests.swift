import TestSupport
import Testing

@testable import Templates

@Suite struct RenderedChatTests {
    private let chat = TestChat(
        messages: [
            message("system", "Be brief."), message("user", "  Grüße \n"),
            message("assistant", "Hi!", [("tags", .list([.string("a"), .string("b")]))]),
            message("user", "Bye"),
        ], addsGenerationPrompt: true)

    /// Each run as text with its origin's message and field, and its turn.
    private func runs(_ source: String, _ context: TestChat? = nil) throws -> [String] {
        let rendering = try rendered(source, context ?? chat)
        let bytes = Array(rendering.text.utf8)
        // Literals that follow one another are shown as one.
        var shown: [RenderedChat.Run] = []
        for var run in rendering.runs {
            if case .literal = run.origin { run.origin = .computed }
            if let last = shown.last, last.origin == run.origin, last.turn == run.turn, last.isGenerated == run.isGenerated {
                shown[shown.count - 1].range = last.range.lowerBound..<run.range.upperBound
            } else {
                shown.append(run)
            }
        }
        return shown.map { run in
            var text = String(decoding: bytes[run.range], as: UTF8.self)
            if case .message(let index, let field) = run.origin { text += "<\(index).\(field)>" }
            if let turn = run.turn { text += "@\(turn)" }
            return text + (run.isGenerated ? "!" : "")
        }
    }

    /// The messages whose iterations printed the text, in order.
    private func turns(_ source: String) throws -> [Int?] {
        var turns: [Int?] = []
        for run in try rendered(source, chat).runs where turns.isEmpty || turns.last != .some(run.turn) { turns.append(run.turn) }
        return turns
    }

    @Test("each stretch tells whose text it is and which message's iteration printed it")
    func origins() throws {
        let source = "A{% for m in messages[1:3] %}[{{ m.role }}] {{ m.content | trim }}\n{% endfor %}Z"
        #expect(
            try runs(source) == [
                "A", "[@1", "user<1.role>@1", "] @1", "Grüße<1.content>@1", "\n@1", "[@2", "assistant<2.role>@2", "] @2", "Hi!<2.content>@2", "\n@2",
                "Z",
            ])
        #expect(try turns(source) == [nil, 1, 2, nil])
    }

    @Test("origins survive what templates do to texts")
    func operations() throws {
        for (expression, wanted) in [
            ("'(' + m.content + ')'", ["(", "Hi!<2.content>", ")"]), ("m.content ~ m.role", ["Hi!<2.content>", "assistant<2.role>"]),
            ("m.content | upper", ["HI!<2.content>"]), ("m.content[1:]", ["i!<2.content>"]), ("m.content[::-1]", ["!iH<2.content>"]),
            ("m.content.replace('i', 'o')", ["H<2.content>", "o", "!<2.content>"]), ("'a!'.replace('!', m.content)", ["a", "Hi!<2.content>"]),
            ("m.content.split('i') | join('-')", ["H<2.content>", "-", "!<2.content>"]), ("m.content | tojson", ["\"", "Hi!<2.content>", "\""]),
            ("'%s.' % m.content", ["Hi!<2.content>", "."]), ("'<{}>'.format(m.content)", ["<", "Hi!<2.content>", ">"]),
            ("'%5s' % m.content", ["  ", "Hi!<2.content>"]), ("m.tags | tojson", ["[\"a\", \"b\"]<2.tags>"]), ("m.tags", ["['a', 'b']<2.tags>"]),
            ("m.tags | join(',')", ["a<2.tags>", ",", "b<2.tags>"]), ("m.content[0]", ["H<2.content>"]),
            ("m.get('content').strip('!')", ["Hi<2.content>"]),
            ("[m.content] | first", ["Hi!<2.content>"]), ("m.content | string | indent", ["Hi!<2.content>"]),
            ("m.content | list | last", ["!<2.content>"]), ("m.content.partition('i')[2]", ["!<2.content>"]),
            ("m.content | title", ["Hi!<2.content>"]),
            ("{'x': m.content}.x", ["Hi!<2.content>"]), ("namespace(x=m.content).x", ["Hi!<2.content>"]), ("m.content if true", ["Hi!<2.content>"]),
        ] { #expect(try runs("{% set m = messages[2] %}{{ " + expression + " }}") == wanted, "\(expression)") }
        #expect(
            try runs("{% set m = messages[2] %}{{ m | tojson }}")
                == [
                    "{\"role\": \"<2.>", "assistant<2.role>", "\", \"content\": \"<2.>", "Hi!<2.content>", "\", \"tags\": <2.>",
                    "[\"a\", \"b\"]<2.tags>", "}<2.>",
                ])
    }

    @Test("a loop over messages is known as one, however the list was made")
    func loops() throws {
        for items in [
            "messages", "messages | list", "[{'role': 'x', 'content': ''}] + messages", "messages[::-1] | reverse",
            "messages | selectattr('role') | list",
            "messages | rejectattr('content', 'none')", "messages | unique(attribute='content')",
        ] {
            let turns = try turns("{% for m in " + items + " %}{{ m.role[0] }}{% endfor %}")
            #expect(turns.compactMap(\.self) == [0, 1, 2, 3], "\(items)")
        }
        #expect(try turns("{% for m in messages | reverse %}-{% endfor %}") == [3, 2, 1, 0])
        #expect(try turns("{% for m in messages if m.role == 'user' %}-{% endfor %}") == [1, 3])
        #expect(try turns("{% set messages = messages[2:] %}{% for m in messages %}-{% endfor %}") == [2, 3])
        #expect(try turns("{% for m in messages %}{% for c in m.content[:1] %}-{% endfor %}{% endfor %}") == [0, 1, 2, 3])
        #expect(try turns("{% for m in messages %}{% set m = dict(m, x=1) %}-{% endfor %}") == [0, 1, 2, 3])
    }

    @Test("what is captured keeps the turn in which it was printed first")
    func captured() throws {
        let macro = "{% macro show(m) %}<{{ m.content }}>{% endmacro %}{% for m in messages[2:3] %}{{ show(m) }}{% endfor %}"
        #expect(try runs(macro) == ["<@2", "Hi!<2.content>@2", ">@2"])
        let late = "{% set ns = namespace(x='') %}{% for m in messages[2:3] %}{% set ns.x %}<{{ m.content }}>{% endset %}{% endfor %}{{ ns.x }}"
        #expect(try runs(late) == ["<@2", "Hi!<2.content>@2", ">@2"])
        let computed = "{% set ns = namespace(x='') %}{% for m in messages[2:3] %}{% set ns.x = ns.x + '<' + m.content %}{% endfor %}{{ ns.x }}"
        #expect(try runs(computed) == ["<", "Hi!<2.content>"])
        let loop =
            "{% for m in messages[2:3] recursive %}{{ m.content if m is mapping else m }}{% if m is mapping %}{{ loop(m.tags) }}{% endif %}{% endfor %}"
        #expect(try runs(loop) == ["Hi!<2.content>@2", "ab<2.tags>@2"])
        #expect(try runs("{% for m in messages[2:3] %}{% filter upper %}{{ m.content }}.{% endfilter %}{% endfor %}") == ["HI!<2.content>@2", ".@2"])
    }

    @Test("generation blocks are known one by one, in macros too")
    func generated() throws {
        let source =
            "{% macro g(m) %}{% generation %}{{ m.content }}#{% endgeneration %}{% endmacro %}{% for m in messages[2:] %}{{ g(m) }}{% endfor %}."
        #expect(try runs(source) == ["Hi!<2.content>@2!", "#@2!", "Bye<3.content>@3!", "#@3!", "."])
        #expect(try rendered(source, chat).generated == [0..<4, 4..<8])
        #expect(try rendered("{% generation %}{% endgeneration %}", chat).generated == [])
    }

    @Test("reasoning is found under the names that templates read, whatever the message calls it")
    func reasoning() throws {
        let context = TestChat(messages: [message("assistant", "A", [("reasoning", .string("R"))])])
        let source = "{% for m in messages %}{{ m.reasoning_content }}{{ m.thinking }}{{ m.keys() | join(',') }}{% endfor %}"
        #expect(try rendered(source, context).text == "RRthinking,role,content,reasoning,reasoning_content")
    }
}
