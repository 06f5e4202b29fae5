import Support
import TestSupport
import Testing

@Suite struct TokenizeTests {
    @Test("trainer tokenize shows pieces, ids and offsets in bytes and characters, for people and for programs")
    func shows() throws {
        let folder = fixture("llama2", of: "Tokenizers")
        let shown = try runTrainer(["tokenize", folder, "née½"])
        #expect(shown.status == 0, "\(shown)")
        let rows = shown.stdout.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(rows.contains { $0.count == 6 && $0[1...] == ["1", "<s>", "0-0", "0-0", "(special)"] })
        #expect(rows.contains { $0.count > 4 && $0[2] == "<0xBD>" && $0[3] == "4-6" && $0[4] == "3-4" })
        #expect(shown.stdout.hasSuffix("tokens, 6 bytes, 4 characters\n"))
        let plain = try runTrainer(["tokenize", folder, "née½", "--json", "--no-special"])
        guard case .object(let object) = try JSONValue.parse(Array(plain.stdout.utf8), path: "stdout"), case .array(let ids)? = object["ids"] else {
            Issue.record("\(plain)")
            return
        }
        #expect(object["count"] == .integer(ids.count) && ids.first != .integer(1))
        guard case .array(let bytes)? = object["bytes"], case .array(let characters)? = object["characters"] else {
            Issue.record("\(plain)")
            return
        }
        #expect(bytes.last == .integers([4, 6]) && characters.last == .integers([3, 4]))
    }

    @Test("what can't be tokenised ends in one line")
    func refused() throws {
        let missing = try runTrainer(["tokenize", "/nowhere", "x"])
        #expect(missing.status == 66 && missing.stderr.split(separator: "\n").count == 1, "\(missing)")
    }
}
