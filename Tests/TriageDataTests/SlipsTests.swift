import Testing

@testable import TriageData

@Suite struct SlipsTests {
    let text = "Hello there, \(Slips.keep("Velto Air 3 fan")) broke; order 48213 isn't the old one."

    @Test("pieces are words, kept texts and single characters, and join to the text without its marks")
    func pieces() {
        let pieces = Slips.pieces(of: text)
        #expect(pieces.map(\.text).joined() == "Hello there, Velto Air 3 fan broke; order 48213 isn't the old one.")
        #expect(pieces.filter(\.isKept).map(\.text) == ["Velto Air 3 fan"])
        #expect(pieces.filter { $0.text == "4" || $0.text == "order" }.count == 2)
    }

    @Test("whatever a register does to a text, the product and the order number stay", arguments: Register.allCases)
    func kept(register: Register) {
        var changed = 0
        for stream in 0..<200 as Range<UInt64> {
            var slips = Slips(draw: Draw(seed: 5, stream: stream))
            let result = slips.apply(to: text, register: register)
            #expect(result.contains("Velto Air 3 fan"))
            #expect(result.contains("48213"))
            if result != Slips.pieces(of: text).map(\.text).joined() { changed += 1 }
        }
        #expect(changed > 0)
    }
}
