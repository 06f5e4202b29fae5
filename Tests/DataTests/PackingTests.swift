import Support
import Testing

@testable import Data

@Suite struct PackingTests {
    @Test("assignRows: each row goes to one rank, and loads differ by no more than the dearest row")
    func assign() {
        let costs = (0..<40 as Range<UInt64>).map { Int(Philox(seed: 2, purpose: .sampling).words($0).0 % 1000) + 1 }
        for rankCount in [1, 2, 3, 5, 16, 40, 60] {
            let assigned = assignRows(costs: costs, rankCount: rankCount)
            #expect(assigned.count == rankCount)
            #expect(assigned.joined().sorted() == Array(costs.indices))
            #expect(assigned.allSatisfy { $0 == $0.sorted() })
            let loads = assigned.map { $0.reduce(0) { $0 + costs[$1] } }
            #expect((loads.max() ?? 0) - (loads.min() ?? 0) <= (costs.max() ?? 0))
        }
    }

    @Test("assignRows: the same as a plain search for the rank with least")
    func assignReference() {
        let costs = (0..<200 as Range<UInt64>).map { Int(Philox(seed: 5, purpose: .sampling).words($0).0 % 20) + 1 }
        var loads = Array(repeating: 0, count: 7)
        var wanted = Array(repeating: [Int](), count: 7)
        for row in costs.indices.sorted(by: { costs[$0] != costs[$1] ? costs[$0] > costs[$1] : $0 < $1 }) {
            let rank = loads.indices.first { loads[$0] == loads.min() } ?? 0
            loads[rank] += costs[row]
            wanted[rank].append(row)
        }
        #expect(assignRows(costs: costs, rankCount: 7) == wanted.map { $0.sorted() })
    }

    @Test("packRows: the same as a plain first fit decreasing, never over the limit")
    func pack() {
        let lengths = (0..<100 as Range<UInt64>).map { Int(Philox(seed: 3, purpose: .sampling).words($0).0 % 50) + 1 }
        let rows = Array(stride(from: 0, to: 100, by: 3))
        var wanted: [[Int]] = []
        for row in rows.sorted(by: { lengths[$0] != lengths[$1] ? lengths[$0] > lengths[$1] : $0 < $1 }) {
            if let fit = wanted.firstIndex(where: { $0.reduce(lengths[row]) { $0 + lengths[$1] } <= 64 }) {
                wanted[fit].append(row)
            } else {
                wanted.append([row])
            }
        }
        let packed = packRows(rows, lengths: lengths, limit: 64)
        #expect(packed == wanted.map { $0.sorted() }.sorted { $0[0] < $1[0] })
        #expect(packed.allSatisfy { $0.reduce(0) { $0 + lengths[$1] } <= 64 })
        #expect(packRows([], lengths: lengths, limit: 64).isEmpty)
        #expect(packRows([4], lengths: lengths, limit: lengths[4]) == [[4]])
    }

    @Test("cost: a row as long as the parity costs twice its tokens")
    func cost() {
        let linear = PackingOptions(rankCount: 1, microbatchTokens: 10)
        #expect(linear.cost(30) == 30)
        let quadratic = PackingOptions(rankCount: 1, microbatchTokens: 10, attentionParity: 100)
        #expect(quadratic.cost(100) == 2 * 100 * 100)
        #expect(quadratic.cost(200) == 3 * quadratic.cost(100))
    }
}
