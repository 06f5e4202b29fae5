import Support
import TestSupport
import Testing

@testable import Templates

@Suite struct ChatTemplateTests {
    @Test("templates that use every construct give the text that transformers gives, or fail where it fails")
    func templates() throws {
        let references = try TemplateReferences.shared.get()
        #expect(references.cases.count > 200)
        for reference in references.cases {
            let source = try #require(references.templates[reference.template])
            let context = try #require(references.conversations[reference.conversation])
            let place = "\(reference.template) of \(reference.conversation)"
            do {
                let rendering = try rendered(source, context)
                #expect(rendering.text == reference.text ?? "(an error)", "\(place)")
                #expect(Array(rendering.text.utf8) == Array((reference.text ?? "").utf8), "\(place)")
                #expect(rendering.generated == reference.generated, "\(place)")
                expectCovered(rendering, place)
            } catch {
                #expect(reference.text == nil, "\(place): \(error)")
            }
        }
    }

    @Test("expressions and small statements give what Jinja gives, or fail where it fails")
    func expressions() throws {
        let references = try TemplateReferences.shared.get()
        #expect(references.expressions.count > 1000)
        for (source, text) in references.expressions {
            var found: String?
            var problem = ""
            do { found = try rendered(source, references.values).text } catch { problem = error.description }
            #expect(found.map { Array($0.utf8) } == text.map { Array($0.utf8) }, "\(source) gives \(found ?? problem), wanted \(text ?? "an error")")
        }
    }

    /// Runs follow one another without gaps and each text of a message is one that the message holds.
    private func expectCovered(_ rendering: RenderedChat, _ place: String) {
        var end = 0
        for run in rendering.runs {
            #expect(run.range.lowerBound == end && !run.range.isEmpty, "\(place)")
            end = run.range.upperBound
        }
        #expect(end == rendering.text.utf8.count, "\(place)")
    }

    @Test("errors name the template, the line and the column, and say what is not supported")
    func errors() throws {
        func error(_ source: String) -> TrainerError? {
            do {
                _ = try rendered(source)
                return nil
            } catch { return error }
        }
        #expect(error("a\n{{ 1 | sideways }}") == TrainerError(.format, "test.jinja: line 2, column 8", "the filter sideways is not supported"))
        #expect(error("a\n\n{% include 'x' %}") == TrainerError(.format, "test.jinja: line 3, column 4", "the tag include is not supported"))
        #expect(error("{% if true %}\n{{ 1 is sideways }}{% endif %}")?.subject == "test.jinja: line 2, column 9")
        #expect(error("\n{{ missing.name }}") == TrainerError(.format, "test.jinja: line 2, column 11", "missing is undefined"))
        #expect(error("{{ 'a'.encode() }}")?.problem == "the method encode of str is not supported")
        #expect(
            error("{% for x in [1] %}\n\n{{ 1 + 'a' }}{% endfor %}")
                == TrainerError(.format, "test.jinja: line 3, column 4", "+ does not go with int and str"))
        #expect(error("{{ [\n1,\n2 }}")?.subject == "test.jinja: line 3, column 3")
    }

    @Test("what a template raises is the whole problem")
    func raised() {
        #expect(throws: TrainerError(.format, "test.jinja: line 2, column 19", "Roles must alternate: user")) {
            try rendered(
                "{% for m in messages %}\n{{ raise_exception('Roles must alternate: ' ~ m.role) }}{% endfor %}",
                TestChat(messages: [message("user", "")]))
        }
    }
}
