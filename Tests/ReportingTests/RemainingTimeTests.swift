import Testing

@testable import Reporting

@Suite struct RemainingTimeTests {
    @Test("estimate: nothing from the first step alone, which is slow and is left out of what follows")
    func beginning() {
        var time = RemainingTime()
        #expect(time.estimate(steps: 10) == nil)
        time.add(seconds: 30)
        #expect(time.estimate(steps: 10) == nil)
        time.add(seconds: 2)
        #expect(time.estimate(steps: 10) == .seconds(20))
        #expect(time.estimate(steps: 0) == .zero)
    }

    @Test("estimate: a step that waited does not move it, and a change of pace does within its window")
    func robust() {
        var time = RemainingTime()
        for step in 0..<30 { time.add(seconds: step == 15 ? 500 : 2) }
        #expect(time.estimate(steps: 100) == .seconds(200))
        for _ in 0..<60 { time.add(seconds: 3) }
        #expect(time.estimate(steps: 100) == .seconds(300))
        time.add(seconds: .nan)
        #expect(time.estimate(steps: 100) == .seconds(300))
    }
}
