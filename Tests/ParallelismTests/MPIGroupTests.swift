import TestSupport
import Testing

@Suite struct MPIGroupTests {
    @Test("sums of tensors, alone, several under way, of a part and to the same bits on every rank; sums and maxima of numbers", arguments: 1...4)
    func collectives(ranks: Int) throws {
        let result = try mpirun(ranks: ranks, check: "group")
        #expect(result.status == 0 && result.stdout.contains("6 checks passed on \(ranks) ranks"), "\(result)")
    }
}
