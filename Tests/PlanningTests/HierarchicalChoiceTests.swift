import Parallelism
import Planning
import Support
import TestSupport
import Testing

@Suite struct HierarchicalChoiceTests {
    @Test("auto goes by nodes where every group of copies lies on them evenly; true is refused elsewhere with what there is; false never does")
    func nodes() throws {
        let (even, uneven) = ([0, 0, 2, 2], [0, 0, 0, 3])
        let copies = GridShape(data: 4)
        #expect(try HierarchicalChoice.auto.nodes(of: copies, even) == even)
        #expect(try HierarchicalChoice.always.nodes(of: copies, even) == even)
        #expect(try HierarchicalChoice.never.nodes(of: copies, even).isEmpty)
        #expect(try HierarchicalChoice.auto.nodes(of: copies, uneven).isEmpty)
        expectError(
            .configuration,
            "configuration: parallel.hierarchical: is true, which takes two nodes or more that hold as many of the ranks with the same parameters each, at least 2; there are 3 and 1 ranks on 2 nodes. Start as many ranks on every node, or use auto."
        ) { _ = try HierarchicalChoice.always.nodes(of: copies, uneven) }
        // Each tensor group fills a node: the copies of a part lie on nodes of their own.
        let cut = GridShape(data: 2, tensor: 2)
        #expect(cut.replicaRanks == [[0, 2], [1, 3]])
        #expect(try HierarchicalChoice.auto.nodes(of: cut, even).isEmpty)
    }
}
