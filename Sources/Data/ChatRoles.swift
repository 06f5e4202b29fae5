import Support

/// The roles of messages, as chat templates know them.
enum ChatRoles {
    static let all = ["system", "developer", "user", "assistant", "tool", "function", "ipython"]

    /// The names of ShareGPT's `from`, with the roles that they stand for.
    static let byShareGPTName = [
        "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "chatgpt": "assistant", "model": "assistant",
        "system": "system",
        "tool": "tool", "observation": "tool", "function_response": "tool", "function_call": "assistant",
    ]

    static func message(_ role: String, _ content: String) -> JSONObject { JSONObject([("role", .string(role)), ("content", .string(content))]) }
}
