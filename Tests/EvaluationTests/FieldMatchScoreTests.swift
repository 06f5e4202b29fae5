import Testing

@testable import Evaluation

@Suite struct FieldMatchScoreTests {
    let generated = [#"{"a":1,"b":2}"#, #"{"a":1,"b":3}"#, "nothing", #"{"a":0,"b":2} tail"#]

    func score(_ texts: [String]) throws -> FieldMatchScore {
        var sum = FieldMatchScore()
        for text in texts { sum += try FieldMatch.score(generated: text, reference: #"{"a":1,"b":2}"#) }
        return sum
    }

    @Test("scores of ranks add up to the score of one rank, in any order and with empty ranks")
    func merge() throws {
        let whole = try score(generated)
        var merged = try score(Array(generated[2...]))
        merged += FieldMatchScore()
        merged += try score(Array(generated[..<2]))
        #expect(merged == whole)
        #expect(whole.fields["a"] == .init(matched: 2, total: 4))
        #expect(whole.records == .init(matched: 1, total: 4))
        #expect(whole.unparsableCount == 1)
        #expect(whole.overall == 0.5)
    }

    @Test("nothing counted scores zero, not nan")
    func empty() {
        #expect(FieldMatchScore().overall == 0)
        #expect(FieldMatchScore.Count().share == 0)
    }

    @Test("the table has a line for each field, then the mean, the records and the unparsable")
    func table() throws {
        let lines = try score(generated).table.split(separator: "\n")
        #expect(
            lines == [
                "a                    50.0 %  2 of 4",
                "b                    50.0 %  2 of 4",
                "mean of the fields   50.0 %",
                "whole record         25.0 %  1 of 4",
                "not JSON             25.0 %  1 of 4",
            ])
    }
}
