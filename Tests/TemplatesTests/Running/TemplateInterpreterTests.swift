import Support
import TestSupport
import Testing

@testable import Templates

@Suite struct TemplateInterpreterTests {
    private func problem(_ source: String, _ context: TestChat = TestChat(messages: []), limits: TemplateLimits = TemplateLimits()) -> String {
        do {
            return "rendered: \(try rendered(source, context, limits: limits).text.prefix(40))"
        } catch {
            return error.code == .format ? error.problem : "\(error)"
        }
    }

    private func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    @Test("sources nested twenty thousand deep are refused")
    func deepSources() {
        let count = 20_000
        let sources = [
            "{{ " + repeated("(", count) + "1" + repeated(")", count) + " }}", "{{ " + repeated("[", count) + repeated("]", count) + " }}",
            "{{ " + repeated("{1:", count) + "1" + repeated("}", count) + " }}", repeated("{% if 1 %}", count) + repeated("{% endif %}", count),
            repeated("{% for x in y %}", count), "{{ " + repeated("not ", count) + "1 }}", "{{ " + repeated("-", count) + "1 }}",
            "{{ " + repeated("1 if 1 else ", count) + "1 }}", "{% set " + repeated("(", count), "{{ " + repeated("f(", count),
            "{{ " + repeated("x[", count), repeated("{% macro m() %}", count), repeated("{% filter upper %}", count),
        ]
        for source in sources { #expect(problem(source) == "more than 100 levels of nesting", "\(source.prefix(40))") }
    }

    @Test("chains twenty thousand long are refused where running them would recurse, and else run")
    func longChains() {
        let count = 20_000
        for link in [" + 1", ".a", "|string", "[0]", "()", " and 1", " or 0", " ** 1", " * 1", " if 1"] {
            #expect(problem("{{ 1" + repeated(link, count) + " }}") == "an expression is more than 250 operations deep", "\(link)")
        }
        #expect(problem("{{ 1" + repeated(" ~ 1", count) + " }}").hasPrefix("rendered: 1111"))
        #expect(problem("{% if 0 %}" + repeated("{% elif 0 %}", count) + "{% else %}x{% endif %}") == "rendered: x")
        #expect(problem(repeated("{{ 1 }}", count)).hasPrefix("rendered: 1111"))
        #expect(problem("{{ [" + repeated("1,", count) + "] | length }}") == "rendered: 20000")
        #expect(problem("{{ 1" + repeated(" < 1", count) + " }}") == "rendered: False")
    }

    @Test("recursion at run time is refused, not the end of the program")
    func recursion() {
        let deep = "the template runs more than 400 levels deep"
        #expect(problem("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}") == deep)
        #expect(problem("{% macro m(x=m()) %}{% endmacro %}{{ m() }}") == deep)
        #expect(
            problem("{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{% call a() %}{% endcall %}{% endmacro %}{{ b() }}").contains("argument"))
        #expect(problem("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}") == deep)
        #expect(problem("{% macro m() %}{% if 1 %}{% for x in [1] %}{{ [(m(),)] }}{% endfor %}{% endif %}{% endmacro %}{{ m() }}") == deep)
        #expect(
            problem(
                "{% macro m() %}{% set x %}{% filter upper %}{% with %}{% generation %}{{ m()|upper }}{% endgeneration %}{% endwith %}{% endfilter %}{% endset %}{% endmacro %}{{ m() }}"
            ) == deep)
    }

    @Test("values nested without end are refused, and freed without recursion")
    func deepValues() {
        let grow = "{% set ns = namespace(x=1) %}{% for i in range(5000) %}{% set ns.x = GROWN %}{% endfor %}{{ ns.x }}"
        let deep = "a value lies more than 200 levels deep in others"
        for grown in ["[ns.x]", "(ns.x,)", "{1: ns.x}", "dict(a=ns.x)", "[ns.x].index", "dict(a=ns.x).values()"] {
            #expect(problem(grow.replacing("GROWN", with: grown)) == deep, "\(grown)")
        }
        // Namespaces, macros and loops may refer to one another at will.
        #expect(problem(grow.replacing("GROWN", with: "namespace(y=ns.x)")) == "a Namespace can't be printed")
        #expect(problem("{% set ns = namespace(x=1) %}{% set ns.x = ns %}{{ ns.x.x.x is defined }}") == "rendered: True")
        let macros =
            "{% set ns = namespace(x=1) %}{% for i in range(5000) %}{% set old = ns.x %}{% macro m() %}{{ old }}{% endmacro %}{% set ns.x = m %}{% endfor %}ok"
        #expect(problem(macros) == "rendered: ok")
        let loops =
            "{% set ns = namespace(x=1) %}{% for i in range(5000) %}{% set old = ns.x %}{% for j in [1] %}{% set ns.x = loop %}{% endfor %}{% endfor %}ok"
        #expect(problem(loops) == "rendered: ok")
        // Shared parts: small in memory, without end when walked.
        for walk in [
            "{{ x }}", "{{ x == y }}", "{{ x | tojson }}", "{{ x < y }}", "{{ [x, y] | sort }}", "{{ x in [y] }}", "{{ {x: 1} }}",
            "{{ [x] | unique }}",
        ] {
            let source =
                "{% set ns = namespace(x=(1,), y=(1,)) %}{% for i in range(100) %}{% set ns.x = (ns.x, ns.x) %}{% set ns.y = (ns.y, ns.y) %}{% endfor %}{% set x = ns.x %}{% set y = ns.y %}"
                + walk
            #expect(problem(source) == "the template takes more than 1000000 steps", "\(walk)")
        }
    }

    @Test("steps are counted, in loops and in what one operation does")
    func steps() {
        let limits = TemplateLimits(steps: 20_000, outputBytes: 1 << 20)
        let exceeded = "the template takes more than 20000 steps"
        for source in [
            "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", "{{ [1] * 999999999 }}",
            "{{ [1, 2] * 9223372036854775807 }}",
            "{% set a = 'x' * 900000 %}{% for i in range(1000) %}{% set b = a | upper %}{% endfor %}",
            "{% set a = 'x' * 900000 %}{% for i in range(1000) %}{{ 'y' in a }}{% endfor %}", "{{ ('x' * 900000) | list }}",
            "{% for x in 'ab' * 400000 %}{% endfor %}",
            "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        ] {
            let found = problem(source, limits: limits)
            #expect(found == exceeded, "\(source): \(found)")
        }
        #expect(problem("{% for i in range(9) %}x{% endfor %}", limits: TemplateLimits(steps: 10)) == "the template takes more than 10 steps")
    }

    @Test("texts are limited, whatever makes them long")
    func textSizes() {
        let limits = TemplateLimits(outputBytes: 100_000)
        let exceeded = "a text grows beyond 100000 bytes"
        for source in [
            "{{ 'x' * 99999999 }}", "{{ 'ab' * 9223372036854775807 }}",
            "{{ '%99999999d' % 1 }}", "{{ '{:999999999}'.format(1) }}", "{{ '%.999999999f' % 1 }}", "{{ 'x' | indent(999999999) }}",
            "{{ [1] | tojson(indent=99999999999) }}", "{{ ('x' * 5000).replace('', 'y' * 5000) }}",
            "{{ ('x' * 5000).join('y' * 5000) }}", "{{ ('x' * 90000) ~ ('x' * 90000) }}", "{{ (('x' * 10 + '\n') * 500) | indent(9000) }}",
            "{% for i in range(3) %}{{ 'x' * 90000 }}{% endfor %}", "{% set x %}{% for i in range(3) %}{{ 'x' * 90000 }}{% endfor %}{% endset %}",
        ] { #expect(problem(source, limits: limits) == exceeded, "\(source)") }
        #expect(problem("{{ 'abc' }}", limits: TemplateLimits(outputBytes: 2)) == "a text grows beyond 2 bytes")
    }

    @Test("integers that leave 64 bits are errors, not traps")
    func overflow() {
        let most = "9223372036854775807"
        for source in [
            "\(most) + 1", "-\(most) - 2", "\(most) * 2", "2 ** 64", "10 ** 99999999999", "(-\(most) - 1) // -1", "-(-\(most) - 1)",
            "(-\(most) - 1) | abs",
            "99999999999999999999", "'99999999999999999999' | int", "1e300 | int", "\(most) | round(-1)", "[\(most), 1] | sum",
            "0xFFFFFFFFFFFFFFFFFF",
        ] { #expect(problem("{{ \(source) }}").contains("64 bits"), "\(source): \(problem("{{ \(source) }}"))") }
        // Odd sizes and places that are no error in Python.
        for (source, text) in [
            ("(-\(most) - 1) % -1", "0"), ("'abc'[\(most)]", ""), ("'abc'[-\(most) - 1:]", "abc"), ("'abc'[::\(most)]", "a"),
            ("'abc'[::-\(most) - 1]", "c"),
            ("[1, 2][-\(most):\(most)] | length", "2"), ("range(\(most), \(most)) | list", "[]"), ("range(5)[::\(most)] | list", "[0]"),
            ("'a,b'.split(',', \(most))", "['a', 'b']"), ("'ab'.find('b', \(most))", "-1"),
            ("1.5 | round(\(most))", "1.5"), ("1.5 | round(-\(most))", "0.0"), ("'ab'.replace('a', 'c', -\(most))", "cb"),
            ("[5].index(5, -\(most))", "0"), ("1 | round(-\(most))", "0"),
        ] { #expect(problem("{{ \(source) }}") == "rendered: \(text)", "\(source)") }
        for source in ["range(\(most))", "range(-\(most), \(most))", "range(0, 5, -\(most) - 1)"] {
            #expect(problem("{{ \(source) }}") == "a range has the step 0 or more than 100000 items")
        }
    }

    @Test("a search for one long text in another takes time in proportion to both")
    func longSearch() {
        let source = "{% set a = 'a' * 400000 %}{% set b = 'a' * 200000 + 'b' %}{{ b in a }}{{ a.count(b) }}{{ a.rfind(b) }}{{ a.split(b) | length }}"
        #expect(problem(source) == "rendered: False0-11")
    }

    @Test("bytes thrown at the parser end in text or in an error")
    func noise() {
        let pieces = [
            "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "if", "for", "in", "endif", "endfor", "set", "macro", "(", ")", "[", "]", "{", "}", "'",
            "\"", "x", "1", ".",
            "|", "is", "not", " ", "\n", ",", ":", "=", "*", "loop", "é", "\\", "raw", "endraw", "call", "%", "~", "e9", "0x",
        ]
        var state = UInt64(7)
        for _ in 0..<4000 {
            var source = "{{ "
            for _ in 0..<14 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                source += pieces[Int(state >> 33) % pieces.count] + (state >> 60 == 0 ? "" : " ")
            }
            _ = problem(source)
        }
    }
}
