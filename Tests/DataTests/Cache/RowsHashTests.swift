import Foundation
import Testing

@testable import Data

@Suite struct RowsHashTests {
    func hash(_ rows: [UInt64]) -> RowsHash { rows.reduce(into: RowsHash()) { $0.add($1) } }

    @Test("numbers that no rows give are told, as adding them up would overflow")
    func implausible() throws {
        let read = { (text: String) in try JSONDecoder().decode(RowsHash.self, from: Foundation.Data(text.utf8)) }
        #expect(try read("{\"value\": 5, \"power\": 1}").isPlausible && hash([1, 2]).isPlausible)
        #expect(try !read("{\"value\": 18446744073709551615, \"power\": 1}").isPlausible)
        #expect(try !read("{\"value\": 0, \"power\": 2305843009213693951}").isPlausible)
    }

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
