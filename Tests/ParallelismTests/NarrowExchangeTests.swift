import TestSupport
import Testing

@Suite struct NarrowExchangeTests {
    @Test(
        "sums, gathers and messages in two bytes an element: within half a unit of each addend, the same bits on every rank, among exact ones, half the bytes, no more memory than counted",
        arguments: 1...4)
    func rounded(ranks: Int) throws {
        let result = try mpirun(ranks: ranks, check: "narrow")
        #expect(result.status == 0 && result.stdout.contains("8 checks passed on \(ranks) ranks"), "\(result)")
    }
}
