import Testing

@testable import TriageData

@Suite struct DrawTests {
    @Test("the same seed and stream give the same draws, another stream gives others")
    func deterministic() {
        func numbers(_ stream: UInt64) -> [Int] {
            var draw = Draw(seed: 9, stream: stream)
            return (0..<20).map { _ in draw.below(1_000) }
        }
        #expect(numbers(1) == numbers(1))
        #expect(numbers(1) != numbers(2))
    }

    @Test("weights are kept, and an item of weight zero is never drawn")
    func weights() {
        var draw = Draw(seed: 9, stream: 0)
        let drawn = (0..<3_000).map { _ in draw.pick(weighted: [("a", 0), ("b", 2), ("c", 1)]) }
        #expect(!drawn.contains("a"))
        #expect((1_900...2_100).contains(drawn.count { $0 == "b" }))
    }

    @Test("a shuffle keeps every item")
    func shuffle() {
        var draw = Draw(seed: 9, stream: 0)
        #expect(draw.shuffled(Array(0..<50)).sorted() == Array(0..<50))
        #expect(draw.shuffled([Int]()) == [])
    }
}
