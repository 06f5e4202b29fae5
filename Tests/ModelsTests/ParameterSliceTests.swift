import Testing

@testable import Models

@Suite struct ParameterSliceTests {
    @Test("the parts of a group's ranks cover a matrix once, or as often as there are copies", arguments: [1, 2, 3, 4, 6])
    func cover(size: Int) {
        let places = (0..<size).map { TensorPlace(index: $0, size: size) }
        func counts(_ slices: [ParameterSlice]) -> [Int] {
            var counts = [Int](repeating: 0, count: 12 * 7)
            for slice in slices { for element in 0..<slice.count { counts[slice.place(element)] += 1 } }
            return counts
        }
        #expect(counts(places.map { $0.rows(12, columns: 7) }) == [Int](repeating: 1, count: 84))
        #expect(counts(places.map { $0.columns(7, rows: 12) }) == [Int](repeating: 1, count: 84))
        #expect(counts(places.map { $0.whole(rows: 12, columns: 7) }) == [Int](repeating: size, count: 84))
        for parts in [1, 2, 3] where size % parts == 0 {
            let slices = places.map { $0.rows(12, columns: 7, parts: parts) }
            #expect(counts(slices) == [Int](repeating: size / parts, count: 84))
            #expect(slices.allSatisfy { $0.copies == size / parts })
            // Those that hold the same stand next to each other.
            for (index, slice) in slices.enumerated() { #expect(slice == slices[index / slice.copies * slice.copies]) }
        }
    }

    @Test("an adapter's A and B are cut as the weight is, where they share the dimension, and are copies where not")
    func lowRank() {
        let place = TensorPlace(index: 1, size: 3)
        let byRows = place.rows(12, columns: 6).lowRank(2, ranks: 3)
        #expect(byRows.a == ParameterSlice(rows: 2, columns: 6, copies: 3))
        #expect(byRows.b == place.rows(12, columns: 2))
        let byColumns = place.columns(6, rows: 12).lowRank(2, ranks: 3)
        #expect(byColumns.a == place.columns(6, rows: 2))
        #expect(byColumns.b == ParameterSlice(rows: 12, columns: 2, copies: 3))
        let shared = TensorPlace(index: 3, size: 4).rows(8, columns: 6, parts: 2).lowRank(2, ranks: 4)
        #expect(shared.a.copies == 4 && shared.b.copies == 2 && shared.b.rows == 4..<8)
    }
}
