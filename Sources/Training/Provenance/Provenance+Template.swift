public import Formats

extension Provenance {
    /// What a template is used for, as the note names it.
    public enum TemplateUse: Sendable {
        case rows, prompt

        var name: String { self == .rows ? "these rows" : "the prompt" }
        var possessive: String { self == .rows ? "these rows'" : "the prompt's" }
        var isNoChat: String { self == .rows ? "are no chats" : "is no chat" }
        var isChat: String { self == .rows ? "are chats" : "is a chat" }
    }

    /// What the user should know where text is made by another chat template than the rows that were trained on, or by none; nil if by the same.
    ///
    /// - Parameter template: In Jinja; nil for text that is no chat.
    public func templateNote(template: String?, for use: TemplateUse = .rows) -> String? {
        guard let training else { return nil }
        let hash = template.map { digest(of: Array($0.utf8)) }
        guard hash != training.templateHash else { return nil }
        func short(_ hash: String) -> String { "SHA-256 \(hash.prefix(16))" }
        switch (training.templateHash, hash) {
        case (let trained?, let used?):
            return "\(use.possessive) chat template, \(short(used)), is not the one that was trained with, \(short(trained))"
        case (let trained?, nil): return "\(use.name) \(use.isNoChat), but the adapter was trained on chats, with the template \(short(trained))"
        case (nil, let used?):
            return "\(use.name) \(use.isChat), with the template \(short(used)), but the adapter was trained on rows without one"
        case (nil, nil): return nil
        }
    }
}
