import Foundation
import Support
import TestSupport

@testable import Templates

/// What transformers makes of the templates of the tests; see `Fixtures/make_templates.py`.
struct TemplateReferences {
    struct Case {
        let template: String
        let conversation: String
        /// Nil where rendering fails.
        let text: String?
        let generated: [Range<Int>]
    }

    let templates: [String: String]
    let conversations: [String: TestChat]
    let cases: [Case]
    /// What expressions may name.
    let values: TestChat
    let expressions: [(source: String, text: String?)]

    /// The moment at which the fixture's clock stands.
    static let time = TemplateTime(year: 2026, month: 2, day: 3, hour: 4, minute: 5, second: 6)

    static let shared = Result { try TemplateReferences() }

    private init() throws {
        let path = URL(fileURLWithPath: fixture("templates.json", of: "Templates"))
        let file = try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any] ?? [:]
        templates = file["templates"] as? [String: String] ?? [:]
        conversations = (file["conversations"] as? [String: Any] ?? [:]).mapValues { Self.context(Self.value($0)) }
        values = Self.context(Self.value(file["values"] ?? ""))
        cases = (file["cases"] as? [[Any]] ?? []).map { row in
            Case(
                template: row[0] as? String ?? "", conversation: row[1] as? String ?? "", text: row[2] as? String,
                generated: (row[3] as? [[Int]] ?? []).map { $0[0]..<$0[1] })
        }
        expressions = (file["expressions"] as? [[Any]] ?? []).map { ($0[0] as? String ?? "", $0[1] as? String) }
    }

    private static func context(_ value: TemplateValue) -> TestChat {
        guard case .mapping(let mapping) = value else { return TestChat(messages: []) }
        var messages: [TemplateValue] = []
        if case .list(let list)? = mapping["messages"] { messages = list.items }
        let named = ["messages", "tools", "documents", "add_generation_prompt"]
        let variables = mapping.entries.compactMap { key, value -> (String, TemplateValue)? in
            guard case .string(let name) = key, !named.contains(name.text) else { return nil }
            return (name.text, value)
        }
        return TestChat(
            messages: messages, tools: mapping["tools"] ?? .none, documents: mapping["documents"] ?? .none,
            addsGenerationPrompt: mapping["add_generation_prompt"]?.isTrue ?? false, variables: variables)
    }

    /// A value as the fixture writes it.
    private static func value(_ any: Any) -> TemplateValue {
        if let text = any as? String { return .string(text) }
        guard let parts = any as? [Any], let kind = parts.first as? String else { return .undefined("no value") }
        let text = parts.count > 1 ? parts[1] as? String ?? "" : ""
        let items = parts.count > 1 ? parts[1] as? [Any] ?? [] : []
        switch kind {
        case "int": return .integer(Int(text) ?? 0)
        case "float": return .double(Double(text) ?? 0)
        case "true", "false": return .boolean(kind == "true")
        case "list": return .list(items.map(value))
        case "tuple": return .tuple(items.map(value))
        case "dict":
            let pairs = items.compactMap { $0 as? [Any] }.map { (value($0[0]), value($0[1])) }
            return .mapping(TemplateMapping(pairs))
        default: return .none
        }
    }
}

/// Renders a template of a test; errors are the test's.
func rendered(
    _ source: String, _ chat: TestChat = TestChat(messages: []), limits: TemplateLimits = TemplateLimits()
) throws(TrainerError) -> RenderedChat {
    var template = try ChatTemplate(source, path: "test.jinja")
    template.time = TemplateReferences.time
    template.limits = limits
    return try template.render(chat.conversation, addsGenerationPrompt: chat.addsGenerationPrompt)
}

/// A conversation and whether to ask for a generation prompt.
struct TestChat {
    let conversation: Conversation
    let addsGenerationPrompt: Bool

    init(
        messages: [TemplateValue], tools: TemplateValue = .none, documents: TemplateValue = .none, addsGenerationPrompt: Bool = false,
        variables: [(String, TemplateValue)] = []
    ) {
        conversation = Conversation(messages: messages, tools: tools, documents: documents, variables: variables)
        self.addsGenerationPrompt = addsGenerationPrompt
    }
}

/// A message with the two usual keys and some more.
func message(_ role: String, _ content: String, _ more: [(String, TemplateValue)] = []) -> TemplateValue {
    .mapping([("role", .string(role)), ("content", .string(content))] + more)
}
