import Foundation
import Testing

@testable import Doctor

@Suite struct ExaminationTests {
    private func rank(_ rank: Int, leader: Int, _ speed: Double) -> RankFacts {
        var facts = RankFacts()
        (facts.rank, facts.rankCount, facts.node, facts.nodeLeader, facts.isFirstOnNode) = (rank, 3, "same", leader, rank == leader)
        (facts.threadLevel, facts.memoryTotal, facts.memoryAvailable, facts.openFiles) = ("funneled", 8 << 30, 8 << 30, 1024)
        (facts.nodeCores, facts.usedCores) = ([0, 1], [0])
        facts.speeds.ownAllThreads = speed
        return facts
    }

    @Test("runs of cores are written as ranges")
    func ranges() {
        #expect(Examination.ranges([0, 1, 2, 3, 8, 10, 11]) == "0-3, 8, 10-11" && Examination.ranges([]) == "")
    }

    @Test("each node has its table, with what its ranks reach together, though nodes may have one name")
    func nodes() {
        let text = Examination([rank(0, leader: 0, 100), rank(1, leader: 0, 110), rank(2, leader: 2, 120)]).text
        #expect(text.components(separatedBy: "node same").count == 3)
        #expect(text.contains("products, all threads  210 GFLOP/s") && text.contains("products, all threads  120 GFLOP/s"), "\(text)")
    }

    @Test("JSON holds every rank and finding; a speed that is no number does not break it")
    func json() throws {
        let examination = Examination([rank(0, leader: 0, 100), rank(1, leader: 0, 10), rank(2, leader: 2, .infinity)])
        let object = try JSONSerialization.jsonObject(with: Data(examination.json.utf8)) as? [String: Any]
        #expect((object?["ranks"] as? [Any])?.count == 3 && object?["isSound"] as? Bool == true)
        #expect(
            (object?["findings"] as? [[String: Any]])?.contains { ($0["problem"] as? String)?.hasPrefix("rank 1 on same reaches 10") == true } == true
        )
    }
}
