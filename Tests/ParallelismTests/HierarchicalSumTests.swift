import TestSupport
import Testing

@Suite struct HierarchicalSumTests {
    @Test(
        "4 ranks as 2 nodes, 6 as 2 and 3: a sum by nodes is that of a loop to rounding, has the same bits on all ranks and sends the bytes of the formula",
        arguments: [4, 6])
    func sums(ranks: Int) throws {
        let result = try mpirun(ranks: ranks, check: "hierarchy")
        #expect(result.status == 0 && result.stdout.contains("7 checks passed on \(ranks) ranks"), "\(result)")
    }
}
