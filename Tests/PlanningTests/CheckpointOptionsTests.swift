import Support
import Testing

@testable import Planning

@Suite struct CheckpointOptionsTests {
    @Test("resume: auto, never or a folder; yes and no are neither")
    func resume() {
        let cases: [(String, Resume?)] = [
            ("auto", .auto), ("never", .never), ("runs/a/step-5", .path("runs/a/step-5")), ("no", nil), ("true", nil), ("null", nil),
        ]
        for (text, wanted) in cases {
            let found = Resume(configuration: .plain(text))
            #expect(found == wanted)
            if let found { #expect(Resume(configuration: found.configuration) == found) }
        }
    }
}
