import Support
import Testing

@testable import Evaluation

@Suite struct FieldMatchTests {
    let reference = #" {"product":"Velto fan","order":48213,"urgency":"high","refund":true,"note":null}"#

    func matched(_ generated: String) throws -> [String] {
        try FieldMatch.score(generated: generated, reference: reference).fields.filter { $0.value.matched == 1 }.keys.sorted()
    }

    @Test("a record equal in value is right whatever its spacing, key order and number form")
    func equalInValue() throws {
        let text = "{ \"refund\": true, \"note\": null,\n \"order\": 48213.0, \"urgency\": \"high\", \"product\": \"Velto \\u0066an\" }"
        let score = try FieldMatch.score(generated: text, reference: reference)
        #expect(score.records == .init(matched: 1, total: 1))
        #expect(score.overall == 1)
        #expect(score.unparsableCount == 0)
    }

    @Test("text before and after the first object is passed over")
    func surroundings() throws {
        #expect(try matched("Sure {ok}: \(reference) and {\"order\":1}").count == 5)
        #expect(try matched("\(reference)}}} <|im_end|>").count == 5)
    }

    @Test("braces and quotes inside strings do not end the object")
    func braces() throws {
        let reference = #"{"note":"a } and \" {","n":{"b":[1,2]}}"#
        #expect(try FieldMatch.score(generated: "x\(reference)y", reference: reference).overall == 1)
    }

    @Test(
        "values of another type or case are wrong",
        arguments: [
            #"{"order":"48213"}"#, #"{"urgency":"High"}"#, #"{"refund":1}"#, #"{"refund":"true"}"#, #"{"note":"null"}"#, #"{"note":false}"#,
            #"{"product":null}"#, #"{"product":"Velto fan "}"#, #"{}"#,
        ])
    func otherType(text: String) throws {
        #expect(try matched(text) == [])
    }

    @Test("a missing field is wrong; a field too many spoils the whole record only")
    func missingAndExtra() throws {
        #expect(try matched(#"{"order":48213,"refund":true}"#) == ["order", "refund"])
        let extra = try FieldMatch.score(generated: #"{"a":1,"b":2}"#, reference: #"{"a":1}"#)
        #expect(extra.overall == 1)
        #expect(extra.records.matched == 0)
    }

    @Test("arrays compare in order, objects do not")
    func nested() throws {
        #expect(try FieldMatch.score(generated: #"{"a":{"y":2,"x":1}}"#, reference: #"{"a":{"x":1,"y":2}}"#).overall == 1)
        #expect(try FieldMatch.score(generated: #"{"a":[2,1]}"#, reference: #"{"a":[1,2]}"#).overall == 0)
    }

    @Test(
        "text without a whole object counts as unparsable, all fields wrong",
        arguments: ["", "no idea", "{", #"{"order":48213"#, "[1]", "}{", "{\"a\\"])
    func unparsable(text: String) throws {
        let score = try FieldMatch.score(generated: text, reference: reference)
        #expect(score.unparsableCount == 1)
        #expect(score.fields.count == 5)
        #expect(score.overall == 0)
        #expect(score.records == .init(matched: 0, total: 1))
    }

    @Test("a reference that is not a JSON object is refused and quoted", arguments: ["plain words", "[1, 2]", "7", "{\"a\":", ""])
    func badReference(text: String) {
        #expect {
            try FieldMatch.score(generated: "{}", reference: text)
        } throws: { error in
            guard let error = error as? TrainerError else { return false }
            return error.code == .format && error.problem.contains("'\(text)'")
        }
    }
}
