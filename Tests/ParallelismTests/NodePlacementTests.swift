import Parallelism
import Testing

@Suite struct NodePlacementTests {
    @Test("members by node; a sum goes by nodes where two or more hold as many members each, at least two")
    func placements() {
        let even = NodePlacement([5, 5, 2, 2])
        #expect(even.members == [[0, 1], [2, 3]] && even.suitsHierarchy && even.description == "2 and 2 ranks on 2 nodes")
        let turns = NodePlacement([0, 1, 2, 0, 1, 2])
        #expect(turns.members == [[0, 3], [1, 4], [2, 5]] && turns.suitsHierarchy && turns.description == "2, 2 and 2 ranks on 3 nodes")
        for (nodes, words) in [
            ([0, 0, 0, 4], "3 and 1 ranks on 2 nodes"), ([0, 0, 0, 0], "4 ranks on 1 node"), ([0, 1, 2], "1, 1 and 1 ranks on 3 nodes"),
            ([0], "1 rank on 1 node"),
        ] {
            #expect(!NodePlacement(nodes).suitsHierarchy && NodePlacement(nodes).description == words)
        }
    }
}
