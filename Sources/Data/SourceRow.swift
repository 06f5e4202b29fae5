import Support

/// One row of a data file before it is tokenised.
enum SourceRow: Equatable {
    case pair(prompt: String, completion: String)
    case text(String)
    /// Objects with at least a `role`, in the order of the conversation; and what `tools` holds, if the row has it.
    case chat(messages: [JSONObject], tools: JSONValue?)

    /// The first role of a chat's messages that no template knows.
    var unknownRole: String? {
        guard case .chat(let messages, _) = self else { return nil }
        for message in messages {
            if case .string(let role)? = message["role"], !ChatRoles.all.contains(role) { return role }
        }
        return nil
    }
}

/// What the rows of a data set hold. All rows are of one kind, that of the first.
public enum RowKind: String, CaseIterable, Codable, Sendable {
    /// Fields `prompt` and `completion`.
    case pairs
    /// Field `text`.
    case text
    /// Field `messages`: a list of objects with `role` and `content`, and `tools` beside it.
    case messages
    /// Field `conversations` as ShareGPT has it: a list of objects with `from` and `value`, and `system` beside it.
    case conversations
    /// Fields `instruction` and `output`, maybe `input` and `system`, as Alpaca has them.
    case instructions

    /// The fields that rows of the kind must have.
    var fields: [String] {
        switch self {
        case .pairs: ["prompt", "completion"]
        case .text: ["text"]
        case .messages: ["messages"]
        case .conversations: ["conversations"]
        case .instructions: ["instruction", "output"]
        }
    }

    /// As errors name it: `prompt and completion`.
    public var name: String { fields.joined(separator: " and ") }

    /// Whether the rows are chats, which the model's template renders.
    public var isChat: Bool { self == .messages || self == .conversations || self == .instructions }
}
