import Data
import Testing

@Suite struct DataOrderTests {
    @Test("each epoch has every row once, in an order of its own")
    func epochs() {
        let order = DataOrder(rowCount: 50, seed: 3)
        let first = order.rows(at: 0..<50)
        let second = order.rows(at: 50..<100)
        #expect(first.sorted() == Array(0..<50))
        #expect(second.sorted() == Array(0..<50))
        #expect(first != second)
        #expect(first != DataOrder(rowCount: 50, seed: 4).rows(at: 0..<50))
    }

    @Test("pain 21: any stretch of the stream is the same whatever was asked before, across epochs and backwards")
    func stretches() {
        let whole = DataOrder(rowCount: 7, seed: 3).rows(at: 0..<70)
        let order = DataOrder(rowCount: 7, seed: 3)
        for range in [60..<70, 0..<3, 5..<23, 13..<15, 7..<14, 0..<70, 20..<20] {
            #expect(order.rows(at: range) == Array(whole[range]))
        }
    }
}
