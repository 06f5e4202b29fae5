import Testing

@testable import Optimizers

@Suite struct OptimizerOptionsTests {
    @Test("warm-up: steps as given, a ratio rounded up, none with a constant schedule")
    func warmup() {
        var schedule = ScheduleOptions()
        #expect(schedule.warmupStepCount(totalSteps: 100) == 3)
        #expect(schedule.warmupStepCount(totalSteps: 101) == 4)
        schedule.warmupSteps = 7
        #expect(schedule.warmupStepCount(totalSteps: 100) == 7)
        schedule.kind = .constant
        #expect(schedule.warmupStepCount(totalSteps: 100) == 0)
    }
}
