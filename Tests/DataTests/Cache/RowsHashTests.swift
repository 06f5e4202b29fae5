import Testing

@testable import Data

@Suite struct RowsHashTests {
    func hash(_ rows: [UInt64]) -> RowsHash { rows.reduce(into: RowsHash()) { $0.add($1) } }

    @Test("parts joined anywhere hash like the whole, and the order of rows counts")
    func joining() {
        let rows: [UInt64] = [3, .max, 0, 1 << 61, 7, 7, 12_345_678_901_234_567]
        for cut in 0...rows.count {
            var joined = hash(Array(rows[..<cut]))
            joined.append(hash(Array(rows[cut...])))
            #expect(joined == hash(rows))
        }
        #expect(hash(rows.reversed()) != hash(rows))
        #expect(hash([1, 2]) != hash([2, 1]) && hash([0]).power != hash([]).power)
    }
}
