import Testing

@testable import Optimizers

@Suite struct ScheduleTests {
    private func schedule(_ kind: ScheduleOptions.Kind, warmup: Int) -> Schedule {
        var options = ScheduleOptions()
        options.kind = kind
        options.warmupSteps = warmup
        return Schedule(options, peak: 1, totalSteps: 20)
    }

    @Test("linear, cosine and constant: the rates that transformers' schedulers give, with and without warm-up")
    func rates() {
        // get_linear_schedule_with_warmup and get_cosine_schedule_with_warmup of transformers 5.23, 4 of 20 steps warm-up.
        let linear = schedule(.linear, warmup: 4)
        let cosine = schedule(.cosine, warmup: 4)
        let wanted: [(step: Int, linear: Double, cosine: Double)] = [
            (0, 0, 0), (1, 0.25, 0.25), (4, 1, 1), (8, 0.75, 0.853_553_390_593_273_7), (12, 0.5, 0.5), (19, 0.0625, 0.009_607_359_798_384_785),
        ]
        for (step, line, wave) in wanted {
            #expect(abs(linear.learningRate(step: step) - line) < 1e-12)
            #expect(abs(cosine.learningRate(step: step) - wave) < 1e-12)
        }
        #expect(schedule(.constant, warmup: 0).learningRate(step: 19) == 1)
        #expect(schedule(.linear, warmup: 0).learningRate(step: 0) == 1)
    }

    @Test("pain 35: the rate is a pure function of the step: asked in any order, any number of times, it is the same")
    func pure() {
        let cosine = schedule(.cosine, warmup: 3)
        let forward = (0..<20).map { cosine.learningRate(step: $0) }
        let backward = (0..<20).reversed().map { cosine.learningRate(step: $0) }
        #expect(forward == backward.reversed())
    }
}
