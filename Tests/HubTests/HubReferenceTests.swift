import Testing

@testable import Hub

@Suite struct HubReferenceTests {
    @Test("owner/name, revisions and GGUF files are read, and written as they were read")
    func texts() throws {
        for text in ["a/b", "HuggingFaceTB/SmolLM2-135M", "a/b@v1.0", "a/b@refs/pr/1", "a/b/c.gguf", "a/b/q4/c.gguf@dev"] {
            #expect(HubReference(text)?.description == text)
        }
        let reference = try #require(HubReference("a/b/q4/c.gguf@dev"))
        #expect(reference.repository == "a/b" && reference.file == "q4/c.gguf" && reference.revision == "dev")
        #expect(HubReference("a/b")?.revision == "main")
    }

    @Test("paths of files, and names that could lead out of the cache, are no references")
    func refused() {
        for text in [
            "model", "/a/b", "./a", "../a", "a/..", "a/b.gguf", "a/b/c", "a/b/../c.gguf", "a/b@", "a/b@../x", "a/b@/x", "-a/b", "a/b.", "a--b/c",
            "a/b c", "a/", "", "a/b@x\ny", "models/a/b", "a/" + String(repeating: "x", count: 97),
        ] { #expect(HubReference(text) == nil, "\(text)") }
    }

    @Test("what is put into an address is encoded")
    func encoding() {
        #expect(HubPath.encoded("refs/pr/1", keepsSlashes: false) == "refs%2Fpr%2F1")
        #expect(HubPath.encoded("q4/a b?.gguf", keepsSlashes: true) == "q4/a%20b%3F.gguf")
    }
}
