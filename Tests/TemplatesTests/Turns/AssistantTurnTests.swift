import Support
import TestSupport
import Testing

@testable import Templates

@Suite struct AssistantTurnTests {
    /// Texts that look like what templates print, or like nothing.
    private static let texts = [
        "", "Hello", " ", "\n", "Hi there.\nHow are you?", "  padded \n", "Grüße 漢字 👩‍👩‍👧", "<|im_end|>", "</s>", "<|im_start|>assistant\n", "assistant",
        "[INST] x [/INST]",
        "<think>", "<think>\n\n</think>\n\n", "<tool_call>", "{\"a\": \"b\"}", "<|user|>", "<|assistant|>\n", "<|end|>", "Assistant: ", "User: ",
        "<end_of_turn>\n", "model\n",
        "<t", "<｜Assistant｜>", "<｜end｜>", "</>", "{{ messages }}", "e\u{301}\u{200D}", "<|head|>assistant<|/head|>\n\n",
    ]

    private struct Draw {
        var state: UInt64

        mutating func below(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }

        mutating func text() -> String { (0..<below(4)).map { _ in texts[below(texts.count)] }.joined() }

        mutating func conversation(_ family: ChatFamily) -> [TestMessage] {
            var messages: [TestMessage] = []
            if family.allowsSystem, below(2) == 0 { messages.append(TestMessage(role: "system", content: text())) }
            for _ in 0...below(4) {
                messages.append(TestMessage(role: "user", content: text()))
                while family.allowsTools, below(3) == 0 {
                    let calls = (0...below(2)).map { _ in (name: "tool\(below(9))", argument: text()) }
                    messages.append(TestMessage(role: "assistant", content: text(), reasoning: reasoning(family), calls: calls))
                    for _ in calls { messages.append(TestMessage(role: "tool", content: text())) }
                }
                messages.append(TestMessage(role: "assistant", content: text(), reasoning: reasoning(family)))
            }
            if below(4) == 0 { messages.append(TestMessage(role: "user", content: text())) }
            return messages
        }

        private mutating func reasoning(_ family: ChatFamily) -> String? { family.allowsReasoning && below(2) == 0 ? text() : nil }
    }

    @Test("pain 7: in 1,000 random conversations of 13 families the trained bytes are exactly the assistant's turns with their end tokens")
    func families() throws {
        var draw = Draw(state: 20)
        var trainedTurns = 0
        for number in 0..<1_000 {
            let family = ChatFamily.all[number % ChatFamily.all.count]
            let messages = draw.conversation(family)
            let template = try ChatTemplate(family.template, path: family.name, specialTokens: ["bos_token": "<s>", "eos_token": "</s>"])
            let conversation = Conversation(messages: messages.map(\.value), variables: family.variables)
            let rendered = try template.render(conversation)
            var (text, wanted): (String, [Range<Int>]) = ("", [])
            for piece in family.write(messages) {
                if piece.isTrained { wanted.append(text.utf8.count..<text.utf8.count + piece.text.utf8.count) }
                text += piece.text
            }
            #expect(Array(rendered.text.utf8) == Array(text.utf8), "\(family.name): \(messages)")
            let turns = try template.trainedTurns(.completions, of: conversation, in: rendered, stopTokens: family.stopTokens)
            #expect(turns.map(\.bytes) == wanted, "\(family.name): \(messages)")
            #expect(turns.map(\.message) == messages.indices.filter { messages[$0].role == "assistant" }.map { $0 }, "\(family.name)")
            // Only the chat's end can do without an end token, where the next header holds it.
            #expect(turns.dropLast().allSatisfy { $0.endToken != nil } && (family.name == "GLM" || turns.last?.endToken != nil), "\(family.name)")
            let last = try template.trainedTurns(.lastTurn, of: conversation, in: rendered, stopTokens: family.stopTokens)
            #expect(last.map(\.bytes) == Array(wanted.suffix(1)), "\(family.name)")
            trainedTurns += turns.count
        }
        #expect(trainedTurns > 2_500)
    }

    // MARK: - What can't be known

    private let chat = Conversation(messages: [message("user", "Q"), message("assistant", "A"), message("user", "R"), message("assistant", "B")])

    private func trained(_ source: String, _ conversation: Conversation? = nil, stopTokens: [String] = ["<|end|>"]) throws(TrainerError) -> [String] {
        let template = try ChatTemplate(source, path: "test.jinja", specialTokens: ["eos_token": "<|end|>"])
        let rendered = try template.render(conversation ?? chat)
        let bytes = Array(rendered.text.utf8)
        return try template.trainedTurns(.completions, of: conversation ?? chat, in: rendered, stopTokens: stopTokens).map {
            String(decoding: bytes[$0.bytes], as: UTF8.self)
        }
    }

    @Test("a template that does not tell where turns begin is refused with what to do")
    func unknownHeaders() throws {
        let remedy = "Put generation blocks around what the assistant writes in the template, or train on everything (train_on: all)"
        for source in [
            // Headers without a generation prompt.
            "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content + eos_token }}{% endfor %}",
            "{% for m in messages %}{{ 'Bot: ' if m.role == 'assistant' }}{{ m.content + eos_token }}{% endfor %}",
            // A prompt that is another one.
            "{% for m in messages %}{{ '[' + m.role + ']' + m.content + eos_token }}{% endfor %}{% if add_generation_prompt %}<bot>{% endif %}",
            "{% for m in messages %}{{ '[' + m.role + ']' + m.content + eos_token }}{% endfor %}{% if add_generation_prompt %}[bot]{% endif %}",
        ] {
            let error = #expect(throws: TrainerError.self) { try trained(source) }
            #expect(
                error?.problem == "where the assistant's turn of message 1 begins is not known: it opens unlike the generation prompt", "\(source)")
            #expect(error?.remedy == remedy && error?.subject == "test.jinja" && error?.code == .format)
        }
    }

    @Test("turns in more than one place, outside of loops or with text of others are refused")
    func scattered() throws {
        let prompt = "{% if add_generation_prompt %}<assistant>{% endif %}"
        let turn = "{{ '<' + m.role + '>' + m.content + eos_token }}"
        for (source, what) in [
            ("{% for m in messages %}\(turn){% endfor %}{{ messages[1].content }}", "is printed in more than one place"),
            ("{% for m in messages %}\(turn){% endfor %}{% for m in messages %}\(turn){% endfor %}", "is printed in more than one place"),
            ("{{ messages[1].content }}", "is printed outside of a loop over messages"),
            ("{% for m in messages %}{{ '<' + m.role + '>' + m.content + messages[0].content + eos_token }}{% endfor %}", "holds text of message 0"),
            ("{% for m in messages %}{{ '<' + m.role + '>' + m.content + eos_token + m.content }}{% endfor %}", "goes on after a stop token"),
        ] {
            let error = #expect(throws: TrainerError.self) { try trained(source + prompt) }
            #expect(error?.problem == "which text is the assistant's turn of message 1 is not known: it \(what)", "\(source)")
        }
    }

    @Test("a template that refuses to prompt is refused, or asked with all messages where it refuses a chat's beginning")
    func refusedPrompts() throws {
        let opening = Conversation(messages: [message("assistant", "A"), message("user", "Q")])
        let turn = "{% for m in messages %}{{ '<' + m.role + '>' + m.content + eos_token }}{% endfor %}"
        #expect(try trained(turn + "{% if add_generation_prompt %}<assistant>{% endif %}", opening) == ["A<|end|>"])
        let error = #expect(throws: TrainerError.self) { try trained(turn + "{% if add_generation_prompt %}{{ raise_exception('no') }}{% endif %}") }
        #expect(error?.problem == "the template gives no generation prompt for the assistant's turn of message 1")
    }

    @Test("pain 4: a turn whose end no stop token marks says so, and one in the text is not the end")
    func ends() throws {
        let source =
            "{% for m in messages %}{{ '<' + m.role + '>' + m.content + '</>' }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
        let spelled = Conversation(messages: [message("user", "Q"), message("assistant", "A</>B")])
        #expect(try trained(source, spelled, stopTokens: ["</>"]) == ["A</>B</>"])
        let template = try ChatTemplate(source, path: "test.jinja")
        let turns = try template.trainedTurns(.completions, of: spelled, in: try template.render(spelled), stopTokens: ["<|end|>"])
        #expect(turns == [AssistantTurn(message: 1, bytes: 21..<29, endToken: nil)])
    }

    @Test("a name that a result repeats from its call is no second place of the call")
    func repeatedNames() throws {
        let call = TemplateValue.list([.mapping([("function", .mapping([("name", .string("add"))]))])])
        let chat = Conversation(messages: [
            message("user", "Q"), message("assistant", "", [("tool_calls", call)]), message("tool", "3"), message("assistant", "A"),
        ])
        let source = """
            {% for m in messages %}{% if m.role == 'tool' %}<{{ messages[loop.index0 - 1].tool_calls[0].function.name }}>{{ m.content }}{% else %}\
            <{{ m.role }}>{{ m.content }}{% for c in m.tool_calls or [] %}call {{ c.function.name }}{% endfor %}{{ eos_token }}{% endif %}{% endfor %}\
            {% if add_generation_prompt %}<assistant>{% endif %}
            """
        #expect(try trained(source, chat) == ["call add<|end|>", "A<|end|>"])
    }

    @Test("added tokens tell where header and prompt part within a literal")
    func addedTokens() throws {
        let source =
            "{% for m in messages %}{{ '<|bot|><answer>' if m.role == 'assistant' }}{{ m.content + eos_token }}{% endfor %}{% if add_generation_prompt %}<|bot|><think>{% endif %}"
        let template = try ChatTemplate(source, path: "test.jinja", specialTokens: ["eos_token": "<|end|>"])
        let rendered = try template.render(chat)
        #expect(throws: TrainerError.self) { try template.trainedTurns(.completions, of: chat, in: rendered, stopTokens: ["<|end|>"]) }
        let turns = try template.trainedTurns(.completions, of: chat, in: rendered, stopTokens: ["<|end|>"], addedTokens: ["<|bot|>"])
        let bytes = Array(rendered.text.utf8)
        #expect(turns.map { String(decoding: bytes[$0.bytes], as: UTF8.self) } == ["<answer>A<|end|>", "<answer>B<|end|>"])
    }
}
