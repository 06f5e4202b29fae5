import Support
import TestSupport
import Testing

@Suite struct JSONParserTests {
    private func parse(_ text: String) throws -> JSONValue { try JSONValue.parse(Array(text.utf8), path: "a.json", offset: 8) }

    @Test("parse: every kind of value, in the file's order, numbers as they are spelled")
    func values() throws {
        let text = #"{"z":[1,-2.50,1e-05,0.0,NaN,-Infinity],"a":{"t":true,"f":false,"n":null},"s":"é\n\"\\\/\u00e9\ud83d\ude00"}"#
        let value = try parse(text)
        guard case .object(let object) = value else { return #expect(Bool(false)) }
        #expect(object.keys == ["z", "a", "s"])
        #expect(object["z"] == .array(["1", "-2.50", "1e-05", "0.0", "NaN", "-Infinity"].map { .number($0) }))
        #expect(object["s"] == .string("é\n\"\\/é😀"))
        #expect(try parse(value.text()) == value)
        #expect(try parse(value.text(indent: 2)) == value)
        #expect(try parse(" [ ] \n") == .array([]))
    }

    @Test("text: one line as serde writes it, or indented as Python's json.dumps does")
    func text() {
        let value = JSONValue.object(JSONObject([("a", .integers([1, 2])), ("b", .object(JSONObject())), ("c", .string("\u{1}\t/"))]))
        #expect(value.text() == #"{"a":[1,2],"b":{},"c":"\u0001\t/"}"#)
        #expect(value.text(indent: 2) == "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": \"\\u0001\\t/\"\n}")
    }

    @Test("names that Unicode holds equal are different names: a vocabulary has é both ways")
    func equivalentNames() throws {
        guard case .object(let object) = try parse(#"{"\u00e9":1,"e\u0301":2,"\u212b":3,"\u00c5":4}"#) else { return #expect(Bool(false)) }
        #expect(object.keys.count == 4)
        #expect(object["\u{E9}"] == .number("1") && object["e\u{301}"] == .number("2") && object["\u{212B}"] == .number("3"))
    }

    @Test("parse: what breaks the rules is refused with its byte in the file")
    func refused() {
        let cases = [
            ("", 8), ("{", 9), ("{\"a\"}", 12), ("{\"a\":1,}", 15), ("[1,]", 11), ("[1 2]", 11), ("01", 8), ("-", 8), ("1.", 10), ("1e", 10),
            ("tru", 8),
            ("\"\n\"", 9), ("\"a", 8), ("\"\\x\"", 9), ("\"\\ud800\"", 9), ("\"\\u12\"", 9), ("1 2", 10), ("{\"a\":1,\"a\":2}", 15), ("nul", 8),
            ("+1", 8),
        ]
        for (text, place) in cases {
            expectError(.format, "a.json: byte \(place):") { _ = try parse(text) }
        }
        expectError(.format, "a.json: byte 8:", "UTF-8") { _ = try JSONValue.parse([0x22, 0xFF, 0x22], path: "a.json", offset: 8) }
        expectError(.format, "a second time") { _ = try parse(#"{"é":1,"é":2}"#) }
        expectError(.format, "128 levels") { _ = try parse(String(repeating: "[", count: 100_000)) }
    }
}
