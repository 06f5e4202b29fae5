import Formats
import Testing

@testable import Training

@Suite struct ProvenanceTemplateTests {
    @Test("rows made by another chat template than an adapter's, or by none where it had one, are noted with the hashes; the same are not")
    func notes() {
        var record = ModelCardTests.record(.adapter)
        record.training?.templateHash = digest(of: Array("{{ a }}".utf8))
        #expect(record.templateNote(template: "{{ a }}") == nil)
        let trained = digest(of: Array("{{ a }}".utf8)).prefix(16)
        let other = record.templateNote(template: "{{ b }}") ?? ""
        #expect(other.contains("is not the one that was trained with, SHA-256 \(trained)"))
        #expect(other.contains("\(digest(of: Array("{{ b }}".utf8)).prefix(16))"))
        #expect(record.templateNote(template: nil)?.contains("are no chats") == true)
        #expect(record.templateNote(template: nil, for: .prompt)?.hasPrefix("the prompt is no chat, but the adapter was trained on chats") == true)
        #expect(record.templateNote(template: "{{ b }}", for: .prompt)?.hasPrefix("the prompt's chat template, SHA-256 ") == true)
        record.training?.templateHash = nil
        #expect(record.templateNote(template: "{{ b }}", for: .prompt)?.hasPrefix("the prompt is a chat, with the template") == true)
        #expect(record.templateNote(template: nil) == nil)
        #expect(record.templateNote(template: "{{ b }}")?.contains("trained on rows without one") == true)
        record.training = nil
        #expect(record.templateNote(template: "{{ b }}") == nil)
    }
}
