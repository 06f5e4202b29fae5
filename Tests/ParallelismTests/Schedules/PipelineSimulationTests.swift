import Support
import TestSupport
import Testing

@testable import Parallelism

@Suite struct PipelineSimulationTests {
    @Test("no schedule deadlocks or mixes up messages, whatever the counts, and whatever passes and messages cost")
    func noDeadlock() throws {
        for (schedule, shape) in cases {
            // Uneven, so that stages drift apart: each part another cost, messages dear.
            let parts = 0..<shape.partCount
            let uneven = PipelineCosts(
                forward: parts.map { Double(1 + $0 * 7 % 5) }, backwardInput: parts.map { Double(1 + $0 * 3 % 4) },
                backwardWeights: parts.map { Double(1 + $0 * 5 % 3) }, activations: parts.map { _ in 1 }, message: 4)
            let simulation = try PipelineSimulation.run(schedule, shape, uneven)
            let work = (0..<shape.stageCount).map { stage in
                let costs = (0..<shape.chunkCount).map { shape.part(stage: stage, chunk: $0) }.map {
                    uneven.forward[$0] + uneven.backwardInput[$0] + uneven.backwardWeights[$0]
                }
                return costs.reduce(0, +) * Double(shape.microbatchCount)
            }
            #expect(simulation.busyTimes == work)
            #expect(simulation.time >= work.max() ?? 0 && (0..<1).contains(simulation.bubbleShare))
        }
    }

    @Test("peak activations: all microbatches under GPipe; under 1F1B those of the stages from here on; as many as stages under zero bubble")
    func peaks() throws {
        for (schedule, shape) in cases {
            let (stages, microbatches, chunks) = (shape.stageCount, shape.microbatchCount, shape.chunkCount)
            let peaks = try unit(schedule, shape).peakActivations.map { Int($0) }
            for (stage, peak) in peaks.enumerated() {
                switch schedule.name {
                case GPipe.name: #expect(peak == microbatches)
                case OneForwardOneBackward.name: #expect(peak == min(stages - stage, microbatches))
                case ZeroBubble.name: #expect(peak <= min(stages, microbatches) && peak >= min(stages - stage, microbatches))
                case Interleaved.name:
                    let most = min(2 * (stages - 1 - stage) + (chunks - 1) * stages + 1, microbatches * chunks)
                    #expect(microbatches % stages == 0 ? peak == most : peak <= most)
                default: Issue.record("no theory of \(schedule.name) is tested")
                }
            }
        }
    }

    @Test("the bubble is what the papers' formulas say, for passes alike and unlike")
    func bubbles() throws {
        for (schedule, shape) in cases where shape.microbatchCount >= shape.stageCount {
            for (forward, input, weights) in [(1.0, 1.0, 1.0), (3.0, 2.0, 1.0), (2.0, 3.0, 2.0)] {
                // A whole stage's costs; a chunk has its share of them.
                let share = 1 / Double(shape.chunkCount)
                let costs = PipelineCosts(
                    forward: forward * share, backwardInput: input * share, backwardWeights: weights * share, partCount: shape.partCount)
                let simulation = try PipelineSimulation.run(schedule, shape, costs)
                let all = forward + input + weights
                let work = Double(shape.microbatchCount) * all
                let others = Double(shape.stageCount - 1)
                let bubble: Double
                switch schedule.name {
                case GPipe.name, OneForwardOneBackward.name: bubble = others * all
                case ZeroBubble.name: bubble = others * (forward + input - weights)
                case Interleaved.name where shape.microbatchCount % shape.stageCount == 0: bubble = others * all * share
                case Interleaved.name:
                    // At most what the next multiple takes.
                    let rounds = (shape.microbatchCount + shape.stageCount - 1) / shape.stageCount
                    #expect(simulation.time <= Double(rounds * shape.stageCount) * all + others * all * share + 1e-9)
                    continue
                default:
                    Issue.record("no formula of \(schedule.name) is tested")
                    continue
                }
                #expect(abs(simulation.time - work - bubble) < 1e-9, "\(schedule.name) \(shape): \(simulation.time) for \(work) and \(bubble)")
                #expect(abs(simulation.bubbleShare - bubble / (work + bubble)) < 1e-12)
            }
        }
    }

    @Test("fewer microbatches than stages: the pipeline is never full, and a step takes one way there and back")
    func fewMicrobatches() throws {
        for microbatches in 1...4 {
            let shape = PipelineShape(stageCount: 8, microbatchCount: microbatches)
            let expected = Double(3 * (8 + microbatches - 1))
            for schedule in [GPipe.self, OneForwardOneBackward.self] as [any PipelineSchedule.Type] {
                #expect(try unit(schedule, shape).time == expected)
            }
            #expect(try unit(ZeroBubble.self, shape).time < expected)
        }
    }

    @Test("messages cost time between stages and none within one, and what a stage holds is weighed by the part")
    func messages() throws {
        let costs = { (count: Int) in PipelineCosts(forward: 1, backwardInput: 1, backwardWeights: 1, message: 0.5, partCount: count) }
        let alone = try PipelineSimulation.run(Interleaved.self, PipelineShape(stageCount: 1, microbatchCount: 3, chunkCount: 2), costs(2))
        #expect(alone.time == 18 && alone.bubbleShare == 0)
        let four = try PipelineSimulation.run(GPipe.self, PipelineShape(stageCount: 4, microbatchCount: 5), costs(4))
        #expect(four.time == 27)  // 5 * 3 of work, and 3 * (3 + 2 * 0.5) of waiting
        var weighed = costs(4)
        weighed.activations = [10, 20, 30, 40]
        let held = try PipelineSimulation.run(OneForwardOneBackward.self, PipelineShape(stageCount: 4, microbatchCount: 5), weighed)
        #expect(held.peakActivations == [40, 60, 60, 40])
    }

    @Test("a step without microbatches takes no time")
    func empty() throws {
        for (schedule, shape) in cases where shape.microbatchCount == 0 {
            let simulation = try unit(schedule, shape)
            #expect(simulation.time == 0 && simulation.bubbleShare == 0 && simulation.peakActivations.allSatisfy { $0 == 0 })
        }
    }

    @Test("a deadlock is found, and it says who waits for what; so are passes left out, doubled, out of order or of nowhere, and swapped messages")
    func mistakes() {
        let shape = PipelineShape(stageCount: 2, microbatchCount: 2)
        let right = (0..<2).map { OneForwardOneBackward.actions(stage: $0, of: shape) }
        let (forward, backward) = (PipelineAction(.forward, microbatch: 0), PipelineAction(.backward, microbatch: 0))
        let second = PipelineAction(.forward, microbatch: 1)
        func expectMistake(_ lists: [[PipelineAction]], _ part: String, line: SourceLocation = #_sourceLocation) {
            let costs = PipelineCosts(forward: 1, backwardInput: 1, backwardWeights: 1, partCount: 2)
            expectError(.configuration, "pipeline schedule mine", part, sourceLocation: line) {
                _ = try PipelineSimulation.run(lists, named: "mine", shape, costs)
            }
        }
        expectMistake([[forward, backward], [second, backward]], "the activation of microbatch 1 for part 1 from stage 0, but")
        expectMistake(
            [[backward, forward], right[1]], "a deadlock: stage 0 waits for the gradient of microbatch 0 for part 0 from stage 1, stage 1 waits")
        expectMistake([right[0], Array(right[1].dropLast())], "a deadlock: stage 0 waits for the gradient of microbatch 1")
        expectMistake([Array(right[0].dropLast()), right[1]], "microbatch 1 is left undone in part 0")
        expectMistake([[forward, forward], []], "stage 0 does the forward of microbatch 0 through chunk 0 twice or out of order")
        expectMistake([[forward, PipelineAction(.backwardWeights, microbatch: 0)], []], "backward for the weights of microbatch 0")
        expectMistake([[PipelineAction(.forward, microbatch: 2)], []], "which there is not")
        expectMistake([[PipelineAction(.forward, microbatch: 0, chunk: 1)], []], "which there is not")
    }

    /// All passes cost 1.
    private func unit(_ schedule: any PipelineSchedule.Type, _ shape: PipelineShape) throws -> PipelineSimulation {
        try PipelineSimulation.run(
            schedule, shape, PipelineCosts(forward: 1, backwardInput: 1, backwardWeights: 1, partCount: shape.partCount))
    }
}
