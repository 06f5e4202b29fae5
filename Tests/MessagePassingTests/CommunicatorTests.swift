import TestSupport
import Testing

@Suite struct CommunicatorTests {
    @Test("reductions, broadcasts, uneven and empty gathers, barriers and the node's ranks are what they say", arguments: 1...4)
    func collectives(ranks: Int) throws {
        let result = try mpirun(ranks: ranks, check: "communicator")
        #expect(result.status == 0 && result.stdout.contains("7 checks passed on \(ranks) ranks"), "\(result)")
    }
}
