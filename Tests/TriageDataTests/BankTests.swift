import Testing

@testable import TriageData

@Suite struct BankTests {
    @Test("every fifth phrase is reserved: training never draws it, the held-out split does two times in five")
    func reserved() {
        let bank = Bank("a\nb\nc\nd\ne\nf")
        #expect(bank.common == ["a", "b", "c", "d", "f"])
        #expect(bank.reserved == ["e"])
        var draw = Draw(seed: 3, stream: 0)
        #expect(!(0..<200).contains { _ in bank.draw(for: .train, with: &draw).isReserved })
        let count = (0..<1_000).count { _ in bank.draw(for: .heldOut, with: &draw).phrase == "e" }
        #expect((340...460).contains(count))
    }

    @Test("one alternative of each choice is drawn, an empty one too")
    func choices() {
        var draw = Draw(seed: 3, stream: 1)
        let drawn = Set((0..<200).map { _ in Bank.choose("[x|y]-[|z]{p}", with: &draw) })
        #expect(drawn == ["x-{p}", "y-{p}", "x-z{p}", "y-z{p}"])
    }

    @Test("an empty alternative is no reason to lose the text around it")
    func plain() {
        var draw = Draw(seed: 3, stream: 2)
        #expect(Bank.choose("no choice here", with: &draw) == "no choice here")
    }
}
