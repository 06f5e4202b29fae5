import Support

@testable import Templates

/// Families with calls of tools and with reasoning.
extension ChatFamily {
    /// As Qwen 3: reasoning is kept after the last question alone; without thinking the prompt holds an empty thought.
    static func thinking(isOn: Bool) -> ChatFamily {
        var family = ChatFamily(
            name: isOn ? "thinking" : "no thinking",
            template: #"""
                {%- set ns = namespace(last=-1) %}
                {%- for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}
                {%- for m in messages %}
                    {%- if m.role == 'assistant' %}
                        {%- set thought = m.reasoning_content or '' %}
                        {%- if loop.index0 > ns.last and (loop.last or thought) %}
                            {{- '<|im_start|>' + m.role + '\n<think>\n' + thought + '\n</think>\n\n' + m.content }}
                        {%- else %}
                            {{- '<|im_start|>' + m.role + '\n' + m.content }}
                        {%- endif %}
                        {%- for call in m.tool_calls or [] %}
                            {%- if m.content or not loop.first %}{{ '\n' }}{% endif %}
                            {{- '<tool_call>\n{"name": "' }}{{ call.function.name }}{{ '", "arguments": ' }}
                            {{- call.function.arguments | tojson }}{{ '}\n</tool_call>' }}
                        {%- endfor %}
                        {{- '<|im_end|>\n' }}
                    {%- elif m.role == 'tool' %}
                        {%- if loop.first or messages[loop.index0 - 1].role != 'tool' %}{{ '<|im_start|>user' }}{% endif %}
                        {{- '\n<tool_response>\n' }}{{ m.content }}{{ '\n</tool_response>' }}
                        {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}{{ '<|im_end|>\n' }}{% endif %}
                    {%- else %}
                        {{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}
                    {%- endif %}
                {%- endfor %}
                {%- if add_generation_prompt %}
                    {{- '<|im_start|>assistant\n' }}
                    {%- if enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}{% endif %}
                {%- endif %}
                """#, stopTokens: ["<|endoftext|>", "<|im_end|>"], allowsTools: true, allowsReasoning: isOn
        ) { messages in
            let last = messages.lastIndex { $0.role == "user" } ?? -1
            return messages.enumerated().flatMap { place, message -> Pieces in
                if message.role == "tool" { return [(toolResponse(messages, place), false)] }
                guard message.role == "assistant" else { return [("<|im_start|>\(message.role)\n\(message.content)<|im_end|>\n", false)] }
                let calls = message.calls.enumerated().map { number, call in
                    (message.content.isEmpty && number == 0 ? "" : "\n")
                        + "<tool_call>\n{\"name\": \"\(call.name)\", \"arguments\": {\"x\": \(quoted(call.argument))}}\n</tool_call>"
                }.joined()
                let thought = message.reasoning ?? ""
                let written = message.content + calls + "<|im_end|>"
                let thinks = place > last && (place == messages.count - 1 || !thought.isEmpty)
                let opening = thinks ? "<think>\n\(thought)\n</think>\n\n" : ""
                if isOn { return [("<|im_start|>assistant\n", false), (opening + written, true), ("\n", false)] }
                return [("<|im_start|>assistant\n" + opening, false), (written, true), ("\n", false)]
            }
        }
        if !isOn { family.variables = [("enable_thinking", .boolean(false))] }
        return family
    }

    /// As DeepSeek's: the answer to a tool's output has no header of its own.
    static let deepSeek = ChatFamily(
        name: "DeepSeek",
        template: #"""
            {% set ns = namespace(is_tool=false) %}{{ bos_token }}{%- for m in messages %}\#
            {%- if m['role'] == 'system' %}{{ m['content'] }}{%- endif %}\#
            {%- if m['role'] == 'user' %}{%- set ns.is_tool = false -%}{{ '<｜User｜>' + m['content'] }}{%- endif %}\#
            {%- if m['role'] == 'assistant' and m['tool_calls'] %}{%- set ns.is_tool = false -%}{{ '<｜Assistant｜>' + m['content'] }}\#
            {%- for call in m['tool_calls'] %}{{ '<｜call｜>' + call['function']['name'] + '\n' + call['function']['arguments'] | tojson + '<｜/call｜>' }}{%- endfor %}\#
            {{ '<｜end｜>' }}{%- elif m['role'] == 'assistant' %}{%- if ns.is_tool %}{{ '<｜/outputs｜>' + m['content'] + '<｜end｜>' }}{%- set ns.is_tool = false -%}\#
            {%- else %}{{ '<｜Assistant｜>' + m['content'] + '<｜end｜>' }}{%- endif %}{%- endif %}\#
            {%- if m['role'] == 'tool' %}{%- set ns.is_tool = true -%}{{ '<｜output｜>' + m['content'] }}{%- endif %}{%- endfor -%}\#
            {% if ns.is_tool %}{{ '<｜/outputs｜>' }}{% endif %}{% if add_generation_prompt and not ns.is_tool %}{{ '<｜Assistant｜>' }}{% endif %}
            """#, stopTokens: ["<｜end｜>"], allowsTools: true
    ) { messages in
        [("<s>", false)]
            + messages.enumerated().flatMap { place, message -> Pieces in
                switch message.role {
                case "system": return [(message.content, false)]
                case "user": return [("<｜User｜>" + message.content, false)]
                case "tool":
                    // The template closes the outputs where the chat ends with them.
                    return [("<｜output｜>" + message.content + (place == messages.count - 1 ? "<｜/outputs｜>" : ""), false)]
                default:
                    let isAnswer = place > 0 && messages[place - 1].role == "tool" && message.calls.isEmpty
                    let calls = message.calls.map { "<｜call｜>\($0.name)\n{\"x\": \(quoted($0.argument))}<｜/call｜>" }.joined()
                    return [(isAnswer ? "<｜/outputs｜>" : "<｜Assistant｜>", false), (message.content + calls + "<｜end｜>", true)]
                }
            }
    }

    private static func toolResponse(_ messages: [TestMessage], _ place: Int) -> String {
        let isFirst = messages[place - 1].role != "tool"
        let isLast = place == messages.count - 1 || messages[place + 1].role != "tool"
        return (isFirst ? "<|im_start|>user" : "") + "\n<tool_response>\n\(messages[place].content)\n</tool_response>"
            + (isLast ? "<|im_end|>\n" : "")
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
    }
}
