import Testing

@testable import Support

@Suite struct ConfigurationNodeTests {
    @Test("found: what an error says of each kind of value")
    func found() {
        let list = ConfigurationNode(.list([]))
        let cases: [(ConfigurationNode, String)] = [
            (.plain(""), "nothing"), (.plain("~"), "nothing"), (.null, "nothing"), (.plain("0.5"), "0.5"), (.plain("true"), "true"),
            (.plain("off"), "the text \"off\""), (.text("0.5"), "the text \"0.5\""), (.text("null"), "the text \"null\""), (list, "a list"),
            (ConfigurationNode(.section([])), "a section"),
        ]
        for (node, words) in cases { #expect(node.found == words) }
    }

    @Test("flow text: a text is quoted where a reader could take it for something else")
    func flowText() {
        let plain = ["runs/a", "q_proj", "all-linear", "a1"]
        for text in plain { #expect(ConfigurationNode.text(text).flowText == text) }
        let quoted = ["", "no", "Null", "12", "-x", "./x", "a b", "a: b", "a #b", "[a", "é", "~"]
        for text in quoted { #expect(ConfigurationNode.text(text).flowText == "\"\(text)\"") }
        #expect(ConfigurationNode.text("a\"b\\c\n\t\u{1}\u{85}").flowText == "\"a\\\"b\\\\c\\n\\t\\x01\\x85\"")
        let section = ConfigurationNode(.section([.init("a", ConfigurationNode(.list([.plain("1"), .text("b")])))]))
        #expect(section.flowText == "{a: [1, b]}")
    }

    @Test("origins: named as an error's subject begins")
    func origins() {
        #expect(ConfigurationOrigin.builtIn.subject("method.r") == "method.r")
        #expect(ConfigurationOrigin.file("run.yaml", line: 3).subject("method.r") == "run.yaml:3: method.r")
        #expect(ConfigurationOrigin.commandLine.subject("") == "command line")
    }
}
