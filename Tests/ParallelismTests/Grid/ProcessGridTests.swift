import Parallelism
import Support
import TestSupport
import Tensors
import Testing

@Suite struct ProcessGridTests {
    @Test("groups of every kind, on all grids of 1 to 6 ranks: who is in them, their order, and sums over them", arguments: [1, 2, 4, 6])
    func groups(ranks: Int) throws {
        let result = try mpirun(ranks: ranks, check: "grid")
        #expect(result.status == 0 && result.stdout.contains("2 checks passed on \(ranks) ranks"), "\(result)")
    }

    @Test("on paper a rank has the groups that it would have")
    func paper() throws {
        let shape = GridShape(data: 2, pipeline: 3, context: 2, tensor: 4)
        for rank in [0, 17, 47] {
            let grid = try ProcessGrid.paper(shape, rank: rank, on: CountingDevice(threadCount: 1))
            let place = shape.place(ofRank: rank)
            #expect(grid.place == place)
            try grid.makeHolders(of: [4, 2, 1, 2])
            for (group, index, size) in [
                (grid.world, rank, 48), (grid.tensor, place.tensor, 4), (grid.context, place.context, 2), (grid.pipeline, place.pipeline, 3),
                (grid.replicas, place.data * 2 + place.context, 4), (grid.model, place.pipeline * 4 + place.tensor, 12),
                (grid.holders(of: 2), place.tensor % 2, 2), (grid.holders(of: 4), place.tensor, 4), (grid.holders(of: 1), 0, 1),
            ] {
                #expect(group.index == index && group.size == size)
            }
            #expect(grid.ends.size == (place.pipeline == 1 ? 1 : 2))
        }
    }

    @Test("on paper sums by nodes take the slots of two sums: within a node, and between nodes")
    func paperByNodes() throws {
        for (nodes, sets) in [([], 1), ([0, 0, 2, 2], 2), ([0, 0, 0, 3], 1)] {
            let device = CountingDevice(threadCount: 1)
            let before = device.ledger.total.bytes
            let grid = try ProcessGrid.paper(GridShape(data: 4), rank: 1, nodes: nodes, on: device)
            withExtendedLifetime(grid) { #expect(device.ledger.total.bytes - before == sets * SumSlots.count * SumSlots.pieceCount * 4) }
        }
    }
}
