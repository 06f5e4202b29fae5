import Support
import Testing

@testable import Data

@Suite struct DataOptionsTests {
    @Test("validation: a number above 0 and below 1 is a share, a text is a file, and what looks like another type is refused")
    func validation() {
        #expect(ValidationSource(configuration: .plain("0.05")) == .fraction(0.05))
        #expect(ValidationSource(configuration: .plain("held.jsonl")) == .files("held.jsonl"))
        #expect(ValidationSource(configuration: .text("0.05")) == .files("0.05"))
        for text in ["0", "1", "-0.5", "5", "true", "null"] { #expect(ValidationSource(configuration: .plain(text)) == nil) }
        for source in [ValidationSource.fraction(0.1), .files("0.1")] { #expect(ValidationSource(configuration: source.configuration) == source) }
    }
}
