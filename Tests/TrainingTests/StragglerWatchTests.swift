import Parallelism
import Tensors
import Testing

@testable import Training

@Suite struct StragglerWatchTests {
    private func findings(
        steps: Int, kinds: [Int], _ times: (_ step: Int, _ place: Int, _ phase: StragglerWatch.Phase) -> Double
    ) -> [(step: Int, found: StragglerWatch.Finding)] {
        var watch = StragglerWatch(kinds: kinds)
        return (0..<steps).flatMap { step in
            let all = Dictionary(
                uniqueKeysWithValues: StragglerWatch.Phase.allCases.map { phase in (phase, kinds.indices.map { times(step, $0, phase) }) })
            return watch.add(all, seconds: 2).map { (step, $0) }
        }
    }

    @Test("a rank that is slower than the others' median by half in nine of ten steps is found once, and again after it has recovered")
    func persistent() {
        let found = findings(steps: 100, kinds: [0, 0, 0]) { step, place, phase in
            let isSlow = place == 1 && phase == .compute && !(40..<60).contains(step) && step % 10 != 3
            return isSlow ? 1.6 : 1
        }
        #expect(found.map(\.step) == [19, 79])
        #expect(found.allSatisfy { $0.found.place == 1 && $0.found.phase == .compute && $0.found.others == 1 })
        #expect(found.allSatisfy { abs($0.found.seconds - (18 * 1.6 + 2) / 20) < 1e-9 })
    }

    @Test("of two ranks the slow one is found; now and then slow, slow by little, and uneven where it costs nothing are no news")
    func noise() {
        #expect(findings(steps: 20, kinds: [0, 0]) { _, place, _ in place == 1 ? 1.6 : 1 }.count == 3)
        #expect(findings(steps: 20, kinds: [0, 0]) { step, place, _ in place == 1 && step % 5 != 0 ? 3 : 1 }.isEmpty)
        #expect(findings(steps: 20, kinds: [0, 0, 0]) { _, place, _ in place == 1 ? 1.4 : 1 }.isEmpty)
        #expect(findings(steps: 20, kinds: [0, 0, 0]) { _, place, _ in place == 1 ? 0.03 : 0.001 }.isEmpty)
        #expect(findings(steps: 19, kinds: [0, 0]) { _, place, _ in place == 1 ? 1.6 : 1 }.isEmpty)
    }

    @Test("ranks that do other work, such as another stage of a pipeline, are not compared")
    func kinds() {
        #expect(findings(steps: 20, kinds: [0, 0, 1, 1]) { _, place, _ in place > 1 ? 9 : 1 }.isEmpty)
        #expect(findings(steps: 20, kinds: [0, 0, 1, 1]) { _, place, _ in place == 2 ? 9 : 1 }.allSatisfy { $0.found.place == 2 })
        #expect(findings(steps: 20, kinds: [0]) { _, _, _ in 5 }.isEmpty)
    }

    @Test("the rank is named with its host and phase, the same on every rank, also where several ranks share a place")
    func words() throws {
        let lines = ThreadGroup.run(3) { group in
            var times = StepTimes(ProcessGrid(data: group))
            var said: [String] = []
            for _ in 0..<StragglerWatch.window {
                let own: [StragglerWatch.Phase: Double] = [.data: 0.1, .compute: group.index == 2 ? 4 : 1, .update: 0.2]
                let spread = group.max(times.spread(own), name: "")
                said += try times.add(own, spread: spread[...], seconds: 5)
            }
            return said
        }
        for line in try lines.map({ try $0.get() }) {
            #expect(line.count == 1)
            let text = line.first ?? ""
            #expect(
                text.hasPrefix("rank 2 on ")
                    && text.hasSuffix(
                        " is slow: 4.000 s a step in forward and backward over the last 20 steps, where the median of the others is 1.000 s"),
                "\(text)")
        }
    }
}
