import Support

@testable import Templates

/// A message of a random conversation.
struct TestMessage {
    var role: String
    var content: String
    var reasoning: String?
    /// The name and the one argument of each call.
    var calls: [(name: String, argument: String)] = []

    var value: TemplateValue {
        var pairs: [(String, TemplateValue)] = [("role", .string(role)), ("content", .string(content))]
        if let reasoning { pairs.append(("reasoning_content", .string(reasoning))) }
        if !calls.isEmpty {
            let values = calls.map { name, argument in
                TemplateValue.mapping([("function", .mapping([("name", .string(name)), ("arguments", .mapping([("x", .string(argument))]))]))])
            }
            pairs.append(("tool_calls", .list(values)))
        }
        return .mapping(pairs)
    }
}

/// A way to write chats, twice: as a template in the manner of a published family, and as Swift that knows what the model writes.
struct ChatFamily: Sendable {
    typealias Pieces = [(text: String, isTrained: Bool)]

    let name: String
    let template: String
    let stopTokens: [String]
    var variables: [(String, TemplateValue)] = []
    var allowsSystem = true
    var allowsTools = false
    var allowsReasoning = false
    /// The chat's text in pieces; each that is trained is a turn.
    let write: @Sendable ([TestMessage]) -> Pieces

    static let all: [ChatFamily] = [
        chatML, llama2, llama3, gemma, zephyr, phi, thinking(isOn: true), thinking(isOn: false), deepSeek, speakers, positions, glm, marked,
    ]

    private static func trimmed(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        let kept = scalars.indices.filter { !scalars[$0].properties.isWhitespace }
        guard let first = kept.first, let last = kept.last else { return "" }
        return String(String.UnicodeScalarView(scalars[first...last]))
    }

    // MARK: - One turn a message

    private static let chatML = ChatFamily(
        name: "ChatML",
        template: """
            {% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}\
            {% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
            """, stopTokens: ["<|im_end|>"]
    ) { messages in
        messages.flatMap { message -> Pieces in
            let header = "<|im_start|>\(message.role)\n"
            return [(header, false), (message.content + "<|im_end|>", message.role == "assistant"), ("\n", false)]
        }
    }

    private static let llama3 = ChatFamily(
        name: "Llama 3",
        template: #"""
            {% for message in messages %}{% set content = '<|head|>' + message['role'] + '<|/head|>\n\n' + message['content'] | trim + '<|eot_id|>' %}\#
            {% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}\#
            {% if add_generation_prompt %}{{ '<|head|>assistant<|/head|>\n\n' }}{% endif %}
            """#, stopTokens: ["<|end_of_text|>", "<|eot_id|>"]
    ) { messages in
        [("<s>", false)]
            + messages.flatMap { message -> Pieces in
                [("<|head|>\(message.role)<|/head|>\n\n", false), (trimmed(message.content) + "<|eot_id|>", message.role == "assistant")]
            }
    }

    private static let gemma = ChatFamily(
        name: "Gemma",
        template: #"""
            {{ bos_token }}{% for message in messages %}{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}\#
            {{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}\#
            {% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}
            """#, stopTokens: ["<eos>", "<end_of_turn>"]
    ) { messages in
        [("<s>", false)]
            + messages.flatMap { message -> Pieces in
                let isModel = message.role == "assistant"
                return [
                    ("<start_of_turn>\(isModel ? "model" : message.role)\n", false), (trimmed(message.content) + "<end_of_turn>", isModel),
                    ("\n", false),
                ]
            }
    }

    private static let zephyr = ChatFamily(
        name: "Zephyr",
        template: """
            {% for message in messages %}
            {% if message['role'] == 'assistant' %}
            {{ '<|assistant|>\\n'  + message['content'] + eos_token }}
            {% else %}
            {{ '<|' + message['role'] + '|>\\n' + message['content'] + eos_token }}
            {% endif %}
            {% if loop.last and add_generation_prompt %}
            {{ '<|assistant|>' }}
            {% endif %}
            {% endfor %}
            """, stopTokens: ["</s>"]
    ) { messages in
        messages.flatMap { message -> Pieces in
            [("<|\(message.role)|>\n", false), (message.content + "</s>", message.role == "assistant"), ("\n", false)]
        }
    }

    /// A space stands between the prompt's colon and the text.
    private static let speakers = ChatFamily(
        name: "speakers",
        template: #"""
            {% for m in messages %}{% if m.role == 'user' %}{{ 'User: ' + m.content + '\n\n' }}{% elif m.role == 'assistant' %}\#
            {{ 'Assistant: ' + m.content + eos_token }}{% else %}{{ m.content + '\n\n' }}{% endif %}{% endfor %}\#
            {{ 'Assistant:' if add_generation_prompt else '' }}
            """#, stopTokens: ["</s>"]
    ) { messages in
        messages.flatMap { message -> Pieces in
            if message.role == "assistant" { return [("Assistant:", false), (" \(message.content)</s>", true)] }
            return [((message.role == "user" ? "User: " : "") + message.content + "\n\n", false)]
        }
    }

    private static let positions = ChatFamily(
        name: "positions",
        template: #"""
            {% for i in range(messages | length) %}{% set message = messages[i] %}{{ '<' ~ message.role ~ '>' }}{{ message.content }}{{ '</>' }}{% endfor %}\#
            {% if add_generation_prompt %}<assistant>{% endif %}
            """#, stopTokens: ["</>"]
    ) { messages in
        messages.flatMap { message -> Pieces in [("<\(message.role)>", false), (message.content + "</>", message.role == "assistant")] }
    }

    /// The next turn's header ends a turn.
    private static let glm = ChatFamily(
        name: "GLM",
        template: #"""
            [gMASK]{% for m in messages %}{{ '<|' + m.role + '|>\n' + m.content }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}
            """#, stopTokens: ["<|user|>", "<|end|>"]
    ) { messages in
        var pieces: Pieces = [("[gMASK]", false)]
        for (place, message) in messages.enumerated() {
            let follows = place > 0 && messages[place - 1].role == "assistant"
            let header = "<|\(message.role)|>"
            if follows, message.role == "user", let last = pieces.indices.last { pieces[last].text += header } else { pieces.append((header, false)) }
            pieces.append(("\n" + message.content, message.role == "assistant"))
        }
        return pieces
    }

    private static let marked = ChatFamily(
        name: "generation blocks",
        template: #"""
            {% for m in messages %}{{ m.role + '> ' }}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|end|>{% endgeneration %}\#
            {% else %}{{ m.content }}<|end|>{% endif %}{{ '\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant> ' }}{% endif %}
            """#, stopTokens: ["<|end|>"]
    ) { messages in
        messages.flatMap { message -> Pieces in
            [("\(message.role)> ", false), (message.content + "<|end|>", message.role == "assistant"), ("\n", false)]
        }
    }

    // MARK: - Headers elsewhere

    private static let llama2 = ChatFamily(
        name: "Llama 2",
        template: #"""
            {% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}\#
            {% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}\#
            {% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\n' + system_message + '\n<</SYS>>\n\n' + message['content'] %}\#
            {% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}\#
            {% else %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}
            """#, stopTokens: ["</s>"]
    ) { messages in
        let system = messages[0].role == "system" ? messages[0].content : nil
        return (system == nil ? messages[...] : messages.dropFirst()).enumerated().map { place, message in
            if message.role == "assistant" { return (" \(trimmed(message.content)) </s>", true) }
            let opening = place == 0 ? system.map { "<<SYS>>\n\($0)\n<</SYS>>\n\n" } ?? "" : ""
            return ("<s>[INST] \(trimmed(opening + message.content)) [/INST]", false)
        }
    }

    /// The user's turn prints the assistant's header.
    private static let phi = ChatFamily(
        name: "Phi 3",
        template: #"""
            {% for message in messages %}{% if message['role'] == 'user' %}{{ '<|user|>\n' + message['content'] + '<|end|>\n<|assistant|>\n' }}\#
            {% else %}{{ message['content'] + '<|end|>' + '\n' }}{% endif %}{% endfor %}
            """#, stopTokens: ["<|end|>"], allowsSystem: false
    ) { messages in
        messages.flatMap { message -> Pieces in
            if message.role == "user" { return [("<|user|>\n\(message.content)<|end|>\n<|assistant|>\n", false)] }
            return [(message.content + "<|end|>", true), ("\n", false)]
        }
    }
}
