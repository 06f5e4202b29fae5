import Data
import Support
import Testing

@Suite struct RunScheduleTests {
    let data: TokenizedRows
    let packing = PackingOptions(rankCount: 2, microbatchTokens: 24)

    init() throws { data = try randomRows(23, longest: 12) }

    func schedule(_ batch: RunSchedule.GlobalBatch, epochs: Double? = nil, maxSteps: Int? = nil, seed: UInt64 = 9) throws -> RunSchedule {
        try RunSchedule(data, options: RunSchedule.Options(seed: seed, batch: batch, epochs: epochs, maxSteps: maxSteps))
    }

    @Test(
        "pain 9: over three epochs every row is trained three times, the remainder of an epoch in a step with the next",
        arguments: [
            RunSchedule.GlobalBatch.rows(5), .rows(1), .rows(50), .tokens(40), .tokens(1), .tokens(100_000),
        ])
    func everyRow(batch: RunSchedule.GlobalBatch) throws {
        let schedule = try schedule(batch, epochs: 3)
        let plans = (0..<schedule.stepCount).map { schedule.plan(step: $0, packing: packing) }
        let rows = plans.flatMap(\.rows)
        for epoch in 0..<3 { #expect(rows[(epoch * 23)..<(epoch * 23 + 23)].sorted() == Array(0..<23)) }
        #expect(plans.reduce(0) { $0 + $1.tokenCount } == 3 * data.tokenCount)
        #expect(plans.reduce(0) { $0 + $1.trainedTokenCount } == 3 * data.trainedTokenCount)
        for (step, plan) in plans.enumerated() {
            switch batch {
            case .rows(let count):
                #expect(plan.rows.count == count || step == schedule.stepCount - 1)
            case .tokens(let budget):
                #expect(plan.tokenCount <= budget || plan.rows.count == 1)
                if step + 1 < plans.count { #expect(plan.tokenCount + data.length(of: plans[step + 1].rows[0]) > budget) }
            }
        }
    }

    @Test("a run ends at its epochs or its steps, whichever comes first")
    func length() throws {
        #expect(try schedule(.rows(5), epochs: 1).cursors == [0, 5, 10, 15, 20, 23])
        #expect(try schedule(.rows(5), epochs: 1, maxSteps: 2).cursors == [0, 5, 10])
        #expect(try schedule(.rows(5), epochs: 1, maxSteps: 9).stepCount == 5)
        #expect(try schedule(.rows(5), maxSteps: 12).cursors.last == 60)
        #expect(try schedule(.rows(5), epochs: 0.5).cursors == [0, 5, 10, 12])
        #expect(try schedule(.tokens(40), maxSteps: 12).stepCount == 12)
        #expect(try schedule(.rows(5), epochs: 2).epoch(atStep: 5) == 25.0 / 23)
    }

    @Test("pain 21: a run that knows its cursor goes on with the steps of the run that never stopped")
    func resume() throws {
        for batch in [RunSchedule.GlobalBatch.rows(5), .tokens(40)] {
            let whole = try schedule(batch, epochs: 3)
            let plans = (0..<whole.stepCount).map { whole.plan(step: $0, packing: packing) }
            for stop in 0..<whole.stepCount {
                let resumed = try schedule(batch, epochs: 3)
                let step = try #require(resumed.step(startingAt: plans[stop].cursor.lowerBound))
                #expect(step == stop)
                #expect(resumed.plan(step: step, packing: packing) == plans[stop])
            }
            #expect(whole.step(startingAt: 69) == whole.stepCount)
            #expect(whole.step(startingAt: 70) == nil)
        }
        #expect(try schedule(.rows(5), epochs: 3).step(startingAt: 7) == nil)
    }

    @Test("pain 21: a longer run begins with the steps of the shorter one")
    func extended() throws {
        let short = try schedule(.tokens(40), maxSteps: 4)
        let long = try schedule(.tokens(40), maxSteps: 9)
        #expect(Array(long.cursors.prefix(5)) == short.cursors)
        #expect(long.streamFingerprint == short.streamFingerprint)
        #expect(long.fingerprint(packing: packing) != short.fingerprint(packing: packing))
    }

    @Test("fingerprint: rows, seed, batch, length and packing all count")
    func fingerprint() throws {
        let other = try RunSchedule(try randomRows(23, longest: 12, seed: 2), options: RunSchedule.Options(seed: 9, batch: .rows(5), epochs: 1))
        let streams = [
            try schedule(.rows(5), epochs: 1), try schedule(.rows(6), epochs: 1), try schedule(.tokens(5), epochs: 1),
            try schedule(.rows(5), epochs: 1, seed: 8), other,
        ]
        #expect(Set(streams.map(\.streamFingerprint)).count == streams.count)
        let same = try schedule(.rows(5), epochs: 1)
        #expect(same.fingerprint(packing: packing) == streams[0].fingerprint(packing: packing))
        var wider = packing
        wider.rankCount = 3
        #expect(same.fingerprint(packing: wider) != same.fingerprint(packing: packing))
    }

    @Test("a run without rows, batch or end is refused, and so is a microbatch that the longest row does not fit into")
    func refused() throws {
        func code(_ options: RunSchedule.Options, rows: TokenizedRows? = nil) -> TrainerError.Code? {
            do throws(TrainerError) { _ = try RunSchedule(rows ?? data, options: options) } catch { return error.code }
            return nil
        }
        #expect(code(.init(seed: 1, batch: .rows(0), epochs: 1)) == .configuration)
        #expect(code(.init(seed: 1, batch: .rows(1))) == .configuration)
        #expect(code(.init(seed: 1, batch: .rows(1), epochs: 0)) == .configuration)
        #expect(code(.init(seed: 1, batch: .rows(1), epochs: .nan)) == .configuration)
        #expect(code(.init(seed: 1, batch: .rows(1), maxSteps: 0)) == .configuration)
        #expect(code(.init(seed: 1, batch: .rows(1), epochs: 1), rows: TokenizedRows()) == .configuration)
        #expect(throws: Never.self) { try PackingOptions(rankCount: 1, microbatchTokens: 12).check(data) }
        #expect(throws: TrainerError.self) { try PackingOptions(rankCount: 1, microbatchTokens: 4).check(data) }
    }
}
