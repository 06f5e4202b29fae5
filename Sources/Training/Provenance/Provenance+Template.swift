public import Formats

extension Provenance {
    /// What the user should know where rows are made by another chat template than those that were trained on, or by none; nil if by the same.
    ///
    /// - Parameter template: In Jinja; nil for rows that are no chats.
    public func templateNote(template: String?) -> String? {
        guard let training else { return nil }
        let hash = template.map { digest(of: Array($0.utf8)) }
        guard hash != training.templateHash else { return nil }
        func short(_ hash: String) -> String { "SHA-256 \(hash.prefix(16))" }
        switch (training.templateHash, hash) {
        case (let trained?, let used?): return "these rows' chat template, \(short(used)), is not the one that was trained with, \(short(trained))"
        case (let trained?, nil): return "these rows are no chats, but the adapter was trained on chats, with the template \(short(trained))"
        case (nil, let used?): return "these rows are chats, with the template \(short(used)), but the adapter was trained on rows without one"
        case (nil, nil): return nil
        }
    }
}
