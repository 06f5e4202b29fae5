import TestSupport
import Testing

/// Context parallelism: sequences shared out over ranks, keys and values going round.
@Suite struct ContextTests {
    @Test(
        "pain 34: 1 to 4 ranks of a context group find one rank's hidden states, loss and gradients; bytes sent are the formula's, memory as counted; rounded on their way, near it",
        arguments: 1...4)
    func ring(ranks: Int) throws {
        let result = try mpirun(ranks: ranks, check: "context")
        #expect(result.status == 0 && result.stdout.contains("4 checks passed on \(ranks) ranks"), "\(result)")
    }
}
