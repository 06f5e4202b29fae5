import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct WatchdogTests {
    private func hang(_ check: String, ranks: Int) throws -> (result: ProgramResult, line: String, told: String?) {
        try withTemporaryFolder { folder in
            // Limit, ten seconds, and what a busy machine takes to start a job.
            let result = try mpirun(ranks: ranks, check: check, [folder], limitSeconds: 1 + 10 + 9)
            #expect(!result.isTimedOut)
            let lines = result.stderr.split(separator: "\n").filter { $0.hasPrefix("communication: ") }.map(String.init)
            #expect(lines.count == 1, "\(result)")
            let told = try? String(contentsOfFile: "\(folder)/told", encoding: .utf8)
            return (result, lines.first ?? "", told)
        }
    }

    @Test("pain 13: a rank that never comes to a barrier ends the job with status 75; one line says for whom, in what, and where that one is")
    func barrier() throws {
        let found = try hang("hang.barrier", ranks: 3)
        #expect(found.result.status == 75, "\(found.result)")
        let pattern =
            /communication: step 1, rank 0 of 3: has waited 1 s in barrier \(the test's end\), phase backward: rank 2 has not come to it, in step 1, forward since \d+ s \(host [^ ,]+, written \d+ s ago\)\. Look at that host; started again, the run goes on from its last checkpoint\. The limit is parallel\.timeout_seconds\./
        #expect(try pattern.wholeMatch(in: found.line) != nil, "\(found.line)")
        #expect(found.told == found.line)
    }

    @Test("a rank that stays away from a sum of tensors: the step and the unit are named")
    func sum() throws {
        let found = try hang("hang.sum", ranks: 2)
        #expect(found.result.status == 75, "\(found.result)")
        #expect(
            found.line.contains(
                "step 7, rank 0 of 2: has waited 1 s in sum (gradients of block 2), phase block 2: rank 1 has not come to it, in step 7"),
            "\(found.line)")
    }

    @Test("a rank that stays away from a sum by nodes is named, and not its neighbour, whom the other node waits for")
    func hierarchicalSum() throws {
        let found = try hang("hang.hierarchy", ranks: 4)
        #expect(found.result.status == 75, "\(found.result)")
        #expect(
            found.line.contains("rank 0 of 4: has waited 1 s in sum (gradients of block 2), phase block 2: rank 3 has not come to it, in step 1"),
            "\(found.line)")
    }

    @Test("a rank that has come but no longer moves its messages is named by what is missing from it")
    func started() throws {
        let found = try hang("hang.started", ranks: 3)
        #expect(found.result.status == 75, "\(found.result)")
        #expect(found.line.contains("in gather (values of block 1), phase beginning: rank 2 has come, but its messages are missing"), "\(found.line)")
        #expect(!found.line.contains("rank 1 has come"), "\(found.line)")
    }

    @Test("a rank whose pieces of a sum are not yet asked for is not named with the one whose pieces are missing")
    func pieces() throws {
        let found = try hang("hang.pieces", ranks: 3)
        #expect(found.result.status == 75, "\(found.result)")
        #expect(
            found.line.contains("in scattered sum (gradients of block 1), phase beginning: rank 2 has come, but its messages are missing"),
            "\(found.line)")
        #expect(!found.line.contains("rank 1 has come"), "\(found.line)")
    }

    @Test("in a chain of ranks that wait for the next one's message the last is named, before the neighbour")
    func chain() throws {
        let found = try hang("hang.chain", ranks: 4)
        #expect(found.result.status == 75, "\(found.result)")
        let wait = "receive (hidden gradients)"
        #expect(
            found.line.contains("rank 0 of 4: has waited 1 s in \(wait), phase beginning: rank 3 keeps rank 2 waiting in \(wait), in step 1"),
            "\(found.line)")
        #expect(found.line.contains("; rank 1 has not answered, in step 1") && !found.line.contains("has come"), "\(found.line)")
    }

    @Test("pain 12: work that others wait for by agreement, and a job that was stopped as a whole, may take longer than the limit")
    func late() throws {
        try withTemporaryFolder { folder in
            let result = try mpirun(ranks: 3, check: "late", [folder], limitSeconds: 30)
            #expect(result.status == 0 && result.stdout.contains("2 checks passed on 3 ranks"), "\(result)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }
}
