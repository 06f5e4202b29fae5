import Formats
import Support
import Testing

@testable import Data

@Suite struct ChatRenderingTests {
    static let template = """
        {% for message in messages %}<|start|>{{ message.role }}
        {{ message.content }}<|end|>
        {% endfor %}{% if add_generation_prompt %}<|start|>assistant
        {% endif %}
        """

    func rendering() throws -> ChatRendering {
        try ChatRendering(Self.source)
    }

    static let source = ChatSource(
        template: template, path: "chat.jinja", stopTokens: ["<|end|>"], addedTokens: ["<|start|>", "<|end|>"])

    let encoding = ByteEncoding(merges: ["<|start|>", "<|end|>"], endToken: 257)

    /// The text of the trained tokens, one stretch after another.
    func trained(_ row: SourceRow, _ trainOn: RowOptions.TrainOn) throws -> [String] {
        let rendered = try RowRenderer(encoding: encoding, trainOn: trainOn, chat: rendering()).render(row, place: "rows.jsonl:1")
        var stretches: [[UInt8]] = []
        var isInside = false
        for (id, isTrained) in zip(rendered.ids, rendered.trained) {
            if isTrained, !isInside { stretches.append([]) }
            if isTrained { stretches[stretches.count - 1] += id < 256 ? [UInt8(id)] : Array(encoding.merges[Int(id) - 256].utf8) }
            isInside = isTrained
        }
        return stretches.map { String(decoding: $0, as: UTF8.self) }
    }

    private let chat = SourceRow.chat(
        messages: [
            ChatRoles.message("system", "assistant<|end|>"), ChatRoles.message("user", "yes"), ChatRoles.message("assistant", "yes"),
            ChatRoles.message("user", "no"), ChatRoles.message("assistant", "Größe 😀"),
        ], tools: nil)

    @Test("pain 4: every assistant turn is trained with the token that ends it, and nothing else, though others say the same")
    func completions() throws {
        #expect(try trained(chat, .completions) == ["yes<|end|>", "Größe 😀<|end|>"])
        #expect(try trained(chat, .lastTurn) == ["Größe 😀<|end|>"])
    }

    @Test("pain 4: of each trained turn it is known where it starts and which stop token ends it")
    func turns() throws {
        let rendered = try RowRenderer(encoding: encoding, trainOn: .completions, chat: rendering()).render(chat, place: "rows.jsonl:1")
        let starts = rendered.trained.indices.filter { rendered.trained[$0] && ($0 == 0 || !rendered.trained[$0 - 1]) }
        #expect(rendered.turns.map(\.first) == starts)
        #expect(rendered.turns.allSatisfy { $0.end.map { rendered.ids[$0] == 257 } ?? false })
    }

    @Test("all trains the whole text as one stretch")
    func all() throws {
        let stretches = try trained(chat, .all)
        #expect(stretches.count == 1 && stretches[0].hasPrefix("<|start|>system\n") && stretches[0].hasSuffix("Größe 😀<|end|>\n"))
    }

    @Test("a prompt and its completion become a user's and an assistant's turn where that is asked for")
    func pair() throws {
        #expect(try trained(.pair(prompt: "a", completion: "b"), .completions) == ["b<|end|>"])
        #expect(try rendering().prompt("a", system: "s") == "<|start|>system\ns<|end|>\n<|start|>user\na<|end|>\n<|start|>assistant\n")
    }

    @Test("what a template raises is an error with the row's place and the template's")
    func raises() throws {
        let raising = try ChatRendering(ChatSource(template: "{{ raise_exception('no system turns') }}", path: "chat.jinja"))
        #expect {
            try RowRenderer(encoding: encoding, trainOn: .completions, chat: raising).render(chat, place: "rows.jsonl:7")
        } throws: {
            let error = $0 as? TrainerError
            return error?.subject == "rows.jsonl:7" && error?.problem.contains("no system turns") == true
                && error?.problem.contains("chat.jinja") == true
        }
    }
}
