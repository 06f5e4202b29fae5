import Support
import TestSupport
import Testing

@testable import Parallelism

@Suite struct PipelineScheduleTests {
    @Test("every schedule is called by its name; another name is refused, and the names are listed")
    func names() throws {
        for schedule in PipelineSchedules.all { #expect(try PipelineSchedules.named(schedule.name) == schedule) }
        #expect(Set(PipelineSchedules.all.map { $0.name }).count == PipelineSchedules.all.count)
        expectError(.configuration, "no schedule pipedream", "gpipe, 1f1b, interleaved, zero_bubble") {
            _ = try PipelineSchedules.named("pipedream")
        }
    }

    @Test("chunks are refused where a schedule has one, and wanted where it has several")
    func chunks() {
        for schedule in PipelineSchedules.all {
            let wrong = PipelineShape(stageCount: 2, microbatchCount: 4, chunkCount: schedule.hasChunks ? 1 : 2)
            expectError(.configuration, "parallel.pipeline_chunks", schedule.name, schedule.hasChunks ? "Use 2 or more" : "Use 1, or the schedule") {
                try schedule.check(wrong)
            }
        }
        #expect(throws: Never.self) { try GPipe.check(PipelineShape(stageCount: 1, microbatchCount: 0)) }
    }

    @Test("each forward comes once, before its backward, and each backward once, whole or in two, the input's part first")
    func everythingOnce() throws {
        for (schedule, shape) in cases {
            for stage in 0..<shape.stageCount {
                let actions = schedule.actions(stage: stage, of: shape)
                var places: [PipelineAction: Int] = [:]
                for (place, action) in actions.enumerated() { #expect(places.updateValue(place, forKey: action) == nil, "\(action) twice") }
                for microbatch in 0..<shape.microbatchCount {
                    for chunk in 0..<shape.chunkCount {
                        let place = { (kind: PipelineAction.Kind) in
                            places.removeValue(forKey: PipelineAction(kind, microbatch: microbatch, chunk: chunk))
                        }
                        let forward = try #require(place(.forward))
                        let (whole, input, weights) = (place(.backward), place(.backwardInput), place(.backwardWeights))
                        let backwards = [whole, input, weights].compactMap { $0 }
                        #expect(backwards.count == (whole == nil ? 2 : 1) && [forward] + backwards == ([forward] + backwards).sorted())
                    }
                }
                #expect(places.isEmpty, "\(schedule.name) \(shape): \(places)")
            }
        }
    }

    @Test("between any two stages messages of a kind are sent in the order they are received")
    func messageOrder() {
        for (schedule, shape) in cases {
            var sent: [PipelineMessage.Channel: [PipelineMessage]] = [:]
            var received = sent
            for stage in 0..<shape.stageCount {
                for action in schedule.actions(stage: stage, of: shape) {
                    if let message = shape.output(of: action, on: stage) {
                        #expect(message.channel.sender == stage)
                        sent[message.channel, default: []].append(message)
                    }
                    if let message = shape.input(of: action, on: stage) {
                        #expect(message.channel.receiver == stage)
                        received[message.channel, default: []].append(message)
                    }
                }
            }
            #expect(sent == received, "\(schedule.name) \(shape)")
            let parts = shape.partCount - 1
            #expect(sent.values.reduce(0) { $0 + $1.count } == 2 * parts * shape.microbatchCount)
        }
    }

    @Test("a chunk's gradients of weights are added up in the order of the microbatches, under every schedule")
    func orderOfSums() {
        for (schedule, shape) in cases {
            for stage in 0..<shape.stageCount {
                let last = schedule.actions(stage: stage, of: shape).filter(\.isLast)
                for chunk in 0..<shape.chunkCount {
                    #expect(last.filter { $0.chunk == chunk }.map(\.microbatch) == Array(0..<shape.microbatchCount))
                }
            }
        }
    }

    @Test("1F1B, interleaved and zero-bubble lists of 2 stages are those of the papers")
    func small() {
        let text = { (schedule: any PipelineSchedule.Type, stage: Int, microbatches: Int, chunks: Int) in
            let shape = PipelineShape(stageCount: 2, microbatchCount: microbatches, chunkCount: chunks)
            return schedule.actions(stage: stage, of: shape).map { action in
                let letter: [PipelineAction.Kind: String] = [.forward: "F", .backward: "B", .backwardInput: "I", .backwardWeights: "W"]
                return letter[action.kind, default: "?"] + "\(action.microbatch)" + (chunks > 1 ? ".\(action.chunk)" : "")
            }.joined(separator: " ")
        }
        #expect(text(OneForwardOneBackward.self, 0, 3, 1) == "F0 F1 B0 F2 B1 B2")
        #expect(text(OneForwardOneBackward.self, 1, 3, 1) == "F0 B0 F1 B1 F2 B2")
        #expect(text(ZeroBubble.self, 0, 3, 1) == "F0 F1 I0 W0 F2 I1 W1 I2 W2")
        #expect(text(ZeroBubble.self, 1, 3, 1) == "F0 I0 F1 I1 W0 F2 I2 W1 W2")
        #expect(text(Interleaved.self, 0, 2, 2) == "F0.0 F1.0 F0.1 F1.1 B0.1 B1.1 B0.0 B1.0")
        #expect(text(Interleaved.self, 1, 2, 2) == "F0.0 F1.0 F0.1 B0.1 F1.1 B1.1 B0.0 B1.0")
        #expect(text(Interleaved.self, 1, 1, 2) == "F0.0 F0.1 B0.1 B0.0")
    }
}

/// Every schedule with 1 to 6 stages, 0 to 14 microbatches and the chunks it can have, and a large one of each.
let cases: [(schedule: any PipelineSchedule.Type, shape: PipelineShape)] = PipelineSchedules.all.flatMap { schedule in
    let small = (1...6).flatMap { stages in
        (0...14).flatMap { microbatches in
            (schedule.hasChunks ? [2, 3, 5] : [1]).map {
                PipelineShape(stageCount: stages, microbatchCount: microbatches, chunkCount: $0)
            }
        }
    }
    let large = PipelineShape(stageCount: 16, microbatchCount: 67, chunkCount: schedule.hasChunks ? 4 : 1)
    return (small + [large]).map { (schedule, $0) }
}
