import TestSupport
import Testing

@Suite struct MPIGroupTests {
    @Test(
        "sums of tensors: several under way, of a part, scattered, gathered, with the least bytes sent, from rank to rank, the same bits on every rank; of numbers",
        arguments: 1...4)
    func collectives(ranks: Int) throws {
        let result = try mpirun(ranks: ranks, check: "group")
        #expect(result.status == 0 && result.stdout.contains("10 checks passed on \(ranks) ranks"), "\(result)")
    }
}
