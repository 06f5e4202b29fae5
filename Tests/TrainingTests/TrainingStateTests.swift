import Adapters
import Foundation
import Optimizers
import Planning
import Support
import Tensors
import TestSupport
import Testing

@testable import Training

/// What a checkpoint holds of weights and optimizer, whatever the update rule.
@Suite struct TrainingStateTests {
    /// A small model in training, whose steps all see the same batch.
    struct Course {
        let trained: TrainedModel
        let optimizer: Optimizer
        let step: TrainingStep
        let reference: ReferenceCase
        var state: TrainingState { TrainingState(trained: trained, optimizer: optimizer) }

        init(_ kind: OptimizerOptions.Kind, method: MethodOptions.Kind) throws {
            let device = try CPUDevice(threadCount: 2)
            reference = try ReferenceCase("tied")
            trained = try reference.make(method, lora: ReferenceCase.lora, on: device)
            var options = OptimizerOptions()
            options.kind = kind
            options.weightDecay = 0.01
            optimizer = try Optimizer(options, shards: trained.shards)
            step = TrainingStep(
                trained, optimizer: optimizer, schedule: Schedule(ScheduleOptions(), peak: 1e-2, totalSteps: 100), maximumNorm: 1, seed: 0,
                on: device)
        }

        func losses(_ steps: Range<Int>) throws -> [Double] {
            let batch = try reference.batch()
            return try steps.map { try step.run(step: $0, batches: [batch], trainedTokenCount: batch.targets.count).loss }
        }

        func restore(from checkpoint: VerifiedCheckpoint) throws {
            try state.restore(from: StoredState(folder: checkpoint.folder, names: checkpoint.manifest.files.map(\.name)))
        }

        func save(_ folder: String) throws -> VerifiedCheckpoint {
            try CheckpointStore(folder: folder, keepLast: 2, keepBest: false).save(
                step: 3, score: nil, files: [try state.file(rank: 0, of: 1)], metadata: [:]
            ).checkpoint
        }
    }

    @Test(
        "pain 23: with each optimizer, saved and restored elsewhere, losses go on with the same bits", arguments: OptimizerOptions.Kind.allCases,
        [MethodOptions.Kind.full, .lora])
    func resume(kind: OptimizerOptions.Kind, method: MethodOptions.Kind) throws {
        try withTemporaryFolder { folder in
            let course = try Course(kind, method: method)
            _ = try course.losses(0..<3)
            let checkpoint = try course.save(folder)
            let other = try Course(kind, method: method)
            try other.restore(from: checkpoint)
            #expect(try other.losses(3..<6) == course.losses(3..<6))
        }
    }

    @Test("a checkpoint of another optimizer is refused, and what is missing is named")
    func otherOptimizer() throws {
        try withTemporaryFolder { folder in
            let checkpoint = try Course(.adamw, method: .lora).save(folder)
            let error = #expect(throws: TrainerError.self) { try Course(.adamw8bit, method: .lora).restore(from: checkpoint) }
            #expect(error?.description.contains("holds no exp_avg_codes, only exp_avg, exp_avg_sq, value") == true)
        }
    }

    @Test("adamw_8bit learns as adamw does: after 30 steps that take the loss to a thousandth, the two are within a tenth")
    func quality() throws {
        let full = try Course(.adamw, method: .full).losses(0..<30)
        let small = try Course(.adamw8bit, method: .full).losses(0..<30)
        #expect(full[29] < 1e-3 * full[0])
        #expect(abs(small[29] - full[29]) < 0.1 * full[29], "\(small[29]), \(full[29])")
    }
}
