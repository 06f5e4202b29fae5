import Foundation
import Support
import TestSupport
import Testing

@testable import Reporting

/// A record whose numbers follow from its step.
func record(_ step: Int, of total: Int = 1000, loss: Double = 1.25, seconds: Double = 2) -> StepRecord {
    StepRecord(
        step: step, totalSteps: total, epoch: Double(step) / Double(total), loss: loss, learningRate: 2e-4, gradientNorm: 0.5, tokens: 8000,
        trainedTokens: 2000, seconds: seconds, peakAllocatedBytes: 900_000_000, peakResidentBytes: 1_340_000_000)
}

private func steps(_ path: String) throws -> [Int] { try Metrics.read(path: path).steps.map(\.step) }

@Suite struct MetricsLogTests {
    @Test("append: each record is a whole line in the file at once, keys in a fixed order")
    func append() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/metrics.jsonl"
            let log = try MetricsLog.open(path: path, keepingSteps: 0)
            try log.append(
                EvaluationRecord(
                    step: 0, loss: 0, trainedTokens: 10, seconds: 1, scores: ["field_match": 0.5],
                    samples: [.init(prompt: "a \"b\"\n", wanted: "c", generated: "")], time: 1.5))
            var step = record(1)
            step.peakBytesByKind = ["weights": 2, "activations": 3]
            step.sentBytes = ["gradients": 4]
            step.rankSeconds = [1.5, 1.25]
            step.time = 2.5
            try log.append(step)
            #expect(
                try String(contentsOfFile: path, encoding: .utf8) == """
                    {"step":0,"evaluation":"heldout","loss":0.0,"perplexity":1.0,"trained_tokens":10,"seconds":1.0,"scores":{"field_match":0.5},\
                    "samples":[{"prompt":"a \\"b\\"\\u000a","wanted":"c","generated":""}],"time":1.5}
                    {"step":1,"total_steps":1000,"epoch":0.001,"loss":1.25,"learning_rate":0.0002,"gradient_norm":0.5,"tokens":8000,"trained_tokens":2000,\
                    "seconds":2.0,"tokens_per_second":4000.0,"peak_allocated_bytes":900000000,"peak_resident_bytes":1340000000,\
                    "peak_bytes_by_kind":{"activations":3,"weights":2},"sent_bytes":{"gradients":4},"rank_seconds":[1.5,1.25],"time":2.5,"skipped":false}

                    """)
            let metrics = try Metrics.read(path: path)
            #expect(metrics.steps == [step])
            #expect(metrics.evaluations.map(\.scores) == [["field_match": 0.5]])
            #expect(metrics.evaluations[0].samples == [.init(prompt: "a \"b\"\n", wanted: "c", generated: "")])
            // Where losses are scaled, by what.
            step.lossScale = 65_536
            #expect(step.line.hasSuffix(#""skipped":false,"loss_scale":65536.0}"#))
            #expect(step.scalars.contains { $0.tag == "train/loss_scale" && $0.value == 65_536 })
        }
    }

    @Test("pain 33: a loss that is not finite is written as it is, and reads back as it is")
    func notFinite() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/metrics.jsonl"
            let log = try MetricsLog.open(path: path, keepingSteps: 0)
            for (index, loss) in [Double.nan, .infinity, -.infinity].enumerated() { try log.append(record(index + 1, loss: loss)) }
            let text = try String(contentsOfFile: path, encoding: .utf8)
            for word in ["\"loss\":\"nan\"", "\"loss\":\"inf\"", "\"loss\":\"-inf\""] { #expect(text.contains(word)) }
            let losses = try Metrics.read(path: path).steps.map(\.loss)
            #expect(losses[0].isNaN && losses[1] == .infinity && losses[2] == -.infinity)
        }
    }

    @Test("resume: lines after the resumed step are dropped, so no step stands twice", arguments: [0, 1, 3, 5, 9])
    func resume(step: Int) throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/metrics.jsonl"
            let log = try MetricsLog.open(path: path, keepingSteps: 0)
            for step in 1...5 { try log.append(record(step)) }
            let resumed = try MetricsLog.open(path: path, keepingSteps: step)
            let kept = Array(1...5).filter { $0 <= step }
            #expect(try steps(path) == kept)
            for next in (kept.count + 1)...(kept.count + 2) { try resumed.append(record(next, loss: 2)) }
            #expect(try steps(path) == Array(1...(kept.count + 2)))
        }
    }

    @Test("resume: a line that a kill cut short is dropped, and the file is made if it is missing")
    func cutShort() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/metrics.jsonl"
            let whole = record(1).line + "\n" + record(2).line + "\n"
            try (whole + record(3).line.prefix(40)).write(toFile: path, atomically: true, encoding: .utf8)
            let log = try MetricsLog.open(path: path, keepingSteps: 5)
            try log.append(record(3))
            #expect(try steps(path) == [1, 2, 3])
        }
    }

    @Test("resume: an evaluation that the file holds already is not written again")
    func evaluationOnce() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/metrics.jsonl"
            let evaluation = EvaluationRecord(step: 0, loss: 1, trainedTokens: 1, seconds: 1)
            for _ in 0..<2 { try MetricsLog.open(path: path, keepingSteps: 0).append(evaluation) }
            #expect(try Metrics.read(path: path).evaluations.count == 1)
        }
    }

    @Test("damage: a line that is no record is named by its number")
    func damage() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/metrics.jsonl"
            try (record(1).line + "\n{\"step\": }\n").write(toFile: path, atomically: true, encoding: .utf8)
            let error = TrainerError(.format, "\(path):2", "is no record of metrics", remedy: "Move the file away to begin a new one")
            #expect(throws: error) { try MetricsLog.open(path: path, keepingSteps: 5) }
        }
    }

    @Test("full disk: an error, and the file still ends with a whole line")
    func fullDisk() throws {
        #expect(throws: TrainerError.self) { try GrowingFile(path: "/dev/full").append("lost") }
    }
}
