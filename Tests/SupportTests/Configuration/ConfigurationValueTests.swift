import Testing

@testable import Support

@Suite struct ConfigurationValueTests {
    @Test("numbers: as people write them, and nothing that readers of YAML disagree about")
    func numbers() {
        let numbers: [(String, Double)] = [
            ("16", 16), ("-3", -3), ("+2", 2), ("8_192", 8192), ("0.5", 0.5), (".5", 0.5), ("1.", 1), ("1e-4", 1e-4), ("2.0e-4", 2e-4), ("2E4", 2e4),
            ("0", 0),
        ]
        for (text, value) in numbers { #expect(Double(configuration: .plain(text)) == value, "\(text)") }
        for text in ["", "abc", "e5", "1e", "-", "1__0", "_1", "1_", "0x10", "010", "1:30", "inf", ".inf", "nan", "1e999", "1.2.3", "1-2", "٣"] {
            #expect(Double(configuration: .plain(text)) == nil, "\(text)")
        }
    }

    @Test("whole numbers: an exponent is allowed, a fraction is not")
    func wholeNumbers() {
        #expect(Int(configuration: .plain("1e6")) == 1_000_000)
        #expect(Int(configuration: .plain("9223372036854775807")) == .max)
        for text in ["1.5", "1e-1", "1e300", "9223372036854775808"] { #expect(Int(configuration: .plain(text)) == nil, "\(text)") }
    }

    @Test("flags: true and false alone; yes, no, on and off are words")
    func flags() {
        #expect(Bool(configuration: .plain("true")) == true)
        #expect(Bool(configuration: .plain("False")) == false)
        for text in ["yes", "no", "on", "off", "1", ""] { #expect(Bool(configuration: .plain(text)) == nil) }
        #expect(Bool(configuration: ConfigurationNode(.scalar("true", isQuoted: true))) == nil)
    }

    @Test("numbers as text: the shortest that reads back, with a point before an exponent")
    func numbersAsText() {
        let cases = [(2e-4, "0.0002"), (1e-8, "1.0e-08"), (1.5e-8, "1.5e-08"), (0, "0"), (1, "1"), (0.03, "0.03")]
        for (value, text) in cases {
            #expect(value.configuration.flowText == text)
            #expect(Double(configuration: .plain(text)) == value)
        }
    }

    @Test("automatic counts: auto or a whole number from 1 to 65536")
    func automaticCounts() {
        #expect(AutomaticCount(configuration: .plain("auto")) == .auto)
        #expect(AutomaticCount(configuration: .plain("4")) == .count(4))
        for text in ["0", "-1", "65537", "automatic", ""] { #expect(AutomaticCount(configuration: .plain(text)) == nil) }
    }
}
