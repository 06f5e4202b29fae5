import Support
import Testing

@Suite struct TrainerErrorTests {
    @Test("description: one line that ends once, whatever the remedy ends in")
    func description() {
        #expect(TrainerError(.file, "a", "is\nmissing").description == "file: a: is missing.")
        #expect(TrainerError(.file, "a", "is missing", remedy: "Make it").description == "file: a: is missing. Make it.")
        #expect(TrainerError(.file, "a", "is missing", remedy: "Did you mean b?").description == "file: a: is missing. Did you mean b?")
    }

    @Test("description: what ends a line or steers a terminal in a name or text of a file becomes a space")
    func hostileText() {
        let text = "a\r\nb\u{2028}c\u{85}d\u{1B}[2Je\u{0}f\u{7F}g\u{9B}h"
        #expect(TrainerError(.format, text, "is wrong").description == "format: a b c d [2Je f g h: is wrong.")
    }

    @Test("description: of a text of any length the start and the end are shown")
    func longText() {
        let text = "begin " + String(repeating: "é", count: 100_000) + " end"
        let line = TrainerError(.format, text, text, remedy: text).description
        #expect(line.utf8.count < 4000 && line.hasPrefix("format: begin éé") && line.hasSuffix("é end."))
    }

    @Test("throwAll: none for no problems, the first with the others below it for several")
    func throwAll() throws {
        try TrainerError.throwAll([])
        let error = #expect(throws: TrainerError.self) {
            try TrainerError.throwAll([TrainerError(.configuration, "a", "is wrong"), TrainerError(.file, "b", "is missing")])
        }
        #expect(error?.code == .configuration)
        #expect(error?.description == "configuration: a: is wrong.\nfile: b: is missing.")
    }
}
