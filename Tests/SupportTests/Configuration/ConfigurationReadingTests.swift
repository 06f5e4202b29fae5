import Support
import Testing

private func section(_ entries: KeyValuePairs<String, ConfigurationNode>) -> ConfigurationNode {
    let lines = entries.enumerated().map { index, entry in
        ConfigurationNode.Entry(entry.key, ConfigurationNode(entry.value.content, origin: .file("kitchen.yaml", line: index + 1)))
    }
    return ConfigurationNode(.section(lines))
}

private func problems(_ entries: KeyValuePairs<String, ConfigurationNode>) -> [String] {
    ConfigurationReading<Kitchen>(section(entries)).problems.map(\.description)
}

@Suite struct ConfigurationReadingTests {
    @Test("reading: values, lists and sections land in their properties, and absent keys keep their defaults")
    func values() {
        let node = section([
            "name": .plain("home"), "share": .plain("2e-1"), "spices": ConfigurationNode(.list([.plain("salt"), .text("on")])),
            "oven": section(["heat": .plain("2_00")]),
        ])
        let reading = ConfigurationReading<Kitchen>(node)
        var wanted = Kitchen()
        (wanted.name, wanted.share, wanted.spices, wanted.oven.heat) = ("home", 0.2, ["salt", "on"], 200)
        #expect(reading.problems.isEmpty)
        #expect(reading.value == wanted)
        #expect(reading.origins["share"] == .file("kitchen.yaml", line: 2))
        #expect(reading.origins["stove"] == nil)
    }

    @Test("pain 36: an unknown key is refused with the nearest known one, in its own section, elsewhere, or by another program's name")
    func unknownKeys() {
        let name = ConfigurationNode.plain("home")
        #expect(problems(["name": name, "stoev": name]) == ["configuration: kitchen.yaml:2: stoev: is no known key. Did you mean stove?"])
        #expect(problems(["name": name, "heat": .plain("9")]) == ["configuration: kitchen.yaml:2: heat: is no known key. Did you mean oven.heat?"])
        #expect(problems(["name": name, "Title": name]) == ["configuration: kitchen.yaml:2: Title: is no known key."])
        #expect(problems(["name": name, "title": name]) == ["configuration: kitchen.yaml:2: title: is no known key. Did you mean name?"])
        let oven = section(["fam": .plain("true")])
        #expect(problems(["name": name, "oven": oven]) == ["configuration: kitchen.yaml:1: oven.fam: is no known key. Did you mean fan?"])
    }

    @Test("wrong types: the error gives the value found and what is wanted")
    func wrongTypes() {
        let name = ConfigurationNode.plain("home")
        let cases: [(String, ConfigurationNode, String)] = [
            ("share", .plain("abc"), "found the text \"abc\", wants a number from 0 to below 1."),
            ("share", .text("0.5"), "found the text \"0.5\", wants a number from 0 to below 1."),
            ("share", .plain("1.5"), "found 1.5, wants a number from 0 to below 1."),
            ("share", .plain(""), "found nothing, wants a number from 0 to below 1."),
            ("burners", .plain("2.5"), "found 2.5, wants a whole number of 1 or more."),
            ("burners", .plain("true"), "found true, wants a whole number of 1 or more."),
            ("stove", .plain("gass"), "found the text \"gass\", wants gas, induction or none. Did you mean gas?"),
            ("stove", .plain("off"), "found the text \"off\", wants gas, induction or none."),
            ("spices", .plain("salt"), "found the text \"salt\", wants a list of texts."),
            ("spices", ConfigurationNode(.list([.null])), "found a list, wants a list of texts."),
            ("oven", .plain("hot"), "found the text \"hot\", wants a section. Write its keys below it: heat, fan and so on."),
            ("name", section([:]), "found a section, wants a text."),
        ]
        for (key, node, message) in cases {
            let found = key == "name" ? problems(["name": node]) : problems([key: node, "name": name])
            #expect(found == ["configuration: kitchen.yaml:1: \(key): \(message)"])
        }
    }

    @Test("several problems: all are found in one pass, and print as one error of many lines")
    func severalAtOnce() throws {
        let oven = section(["heat": .plain("900"), "fan": .plain("no")])
        let reading = ConfigurationReading<Kitchen>(section(["stove": .plain("coal"), "shaer": .plain("1"), "oven": oven]))
        let error = #expect(throws: TrainerError.self) { try TrainerError.throwAll(reading.problems) }
        #expect(
            error?.description == """
                configuration: kitchen.yaml:1: stove: found the text "coal", wants gas, induction or none.
                configuration: kitchen.yaml:2: shaer: is no known key. Did you mean share?
                configuration: kitchen.yaml:1: oven.heat: found 900, wants a whole number from 50 to 250.
                configuration: kitchen.yaml:2: oven.fan: found the text "no", wants true or false.
                configuration: name: is missing. Give a text: What it is called.
                """)
    }

    @Test("pain 36: a key that another key makes inert is an error, not a silence")
    func inertKeys() {
        let name = ConfigurationNode.plain("home")
        let found = problems(["name": name, "stove": .plain("none"), "burners": .plain("2")])
        #expect(
            found == [
                "configuration: kitchen.yaml:3: burners: has no effect: it counts only where stove is gas or induction. Remove it or change the other key."
            ])
        #expect(problems(["name": name, "stove": .plain("none"), "burners": .null]).isEmpty)
    }
}
