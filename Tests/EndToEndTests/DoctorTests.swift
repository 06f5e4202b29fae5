import Foundation
import TestSupport
import Testing

@Suite struct DoctorTests {
    @Test("trainer doctor measures a process alone and says what to fix, or that nothing has to be")
    func alone() throws {
        let result = try runTrainer(
            ["doctor", "--folder", "/tmp"], environment: ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"])
        #expect([0, 78].contains(result.status), "\(result)")
        for word in ["MPI", "GFLOP/s", "instruction sets", "available", "written", "open files"] { #expect(result.stdout.contains(word), "\(word)") }
        #expect(result.status == 78 || !result.stdout.contains("To fix:"), "\(result.stdout)")
    }

    @Test("pain 16: on two ranks each is measured, and three ranks on two cores are what has to be fixed; as JSON")
    func ranks() throws {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let result = try runTrainer(["doctor", "--json", "--folder", "/tmp"], ranks: cores + 1)
        #expect(result.status == 78, "\(result)")
        let start = try #require(result.stdout.firstIndex(of: "{"))
        let end = try #require(result.stdout.lastIndex(of: "}"))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(result.stdout[start...end].utf8)) as? [String: Any])
        #expect(object["isSound"] as? Bool == false)
        let ranks = try #require(object["ranks"] as? [[String: Any]])
        #expect(ranks.count == cores + 1 && ranks.allSatisfy { $0["sharesCores"] as? Bool == true })
        let speeds = ranks.compactMap { $0["speeds"] as? [String: Any] }
        #expect(speeds.allSatisfy { $0["ownAllThreads"] is Double } && speeds.last?["messageSeconds"] is Double)
        let findings = try #require(object["findings"] as? [[String: Any]])
        #expect(findings.contains { ($0["problem"] as? String)?.contains("share its") == true && $0["mustFix"] as? Bool == true })
    }
}
