import Support
import Testing

@Suite struct ConfigurationOptionsWritingTests {
    @Test("writing: every key with effect, its origin as a comment, quotes where a reader could mistake a text")
    func writing() {
        var kitchen = Kitchen()
        (kitchen.name, kitchen.stove, kitchen.share, kitchen.spices) = ("no", .none, 1e-8, ["salt", "a: b", "0.5"])
        let text = kitchen.yaml(origins: ["name": .commandLine, "share": .file("kitchen.yaml", line: 7)], notes: ["oven.heat": "as the door says"])
        #expect(
            text == """
                name: "no"                                      # command line
                stove: none                                     # default
                share: 1.0e-08                                  # kitchen.yaml:7
                spices: [salt, "a: b", "0.5"]                   # default
                oven:
                  heat: 180                                     # default; as the door says
                  fan: true                                     # default

                """)
        kitchen.stove = .gas
        kitchen.burners = nil
        #expect(kitchen.yaml().contains("burners: null"))
    }

    @Test("explanations: one per key, with what it holds, its default and its conditions")
    func explanations() {
        let all = Kitchen.explanations
        #expect(all.map(\.path) == ["name", "stove", "share", "burners", "spices", "oven.heat", "oven.fan"])
        #expect(all.map(\.defaultText) == [nil, "gas", "0.5", "4", "[]", "180", "true"])
        #expect(all[3].conditions == ["where stove is gas or induction"])
        #expect(all[5].wanted == "a whole number from 50 to 250")
    }
}
