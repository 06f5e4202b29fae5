import TestSupport
import Testing

@Suite struct MPIJobTests {
    @Test("pain 13: one rank throws while the others wait; the job ends with that rank's message and exit status", arguments: [1, 2, 4])
    func throwing(ranks: Int) throws {
        let result = try mpirun(ranks: ranks, check: "fail.throws", limitSeconds: 60)
        #expect(!result.isTimedOut, "\(result)")
        #expect(result.status == 66, "\(result)")
        #expect(result.stderr.contains("rank \(ranks - 1): file: fail.throws: data/part-3.jsonl: is cut short at byte 17."), "\(result)")
    }

    @Test("pain 13: a rank that exits or dies without a word ends the job too", arguments: ["fail.exits", "fail.dies"])
    func dying(check: String) throws {
        let result = try mpirun(ranks: 3, check: check, limitSeconds: 60)
        #expect(!result.isTimedOut, "\(result)")
        #expect(result.status != 0, "\(result)")
        #expect(!result.stdout.contains("passed"), "\(result)")
    }
}
