import Adapters
import Data
import Models
import Optimizers
import Parallelism
import Planning
import Support
import Tensors
import TestSupport
import Testing

@testable import Training

/// Losses that are scaled for float16's sake.
@Suite struct LossScaleTests {
    private func options(start: Double, dynamic: Bool = true, growthSteps: Int = 2000) -> LossScale.Options {
        var options = LossScale.Options()
        (options.start, options.isDynamic, options.growthSteps) = (start, dynamic, growthSteps)
        return options
    }

    @Test("it halves down to 1, doubles after so many finite steps in a row, and a fixed one stays")
    func follows() {
        let dynamic = options(start: 4, growthSteps: 3)
        var scale = LossScale(dynamic)
        let lowered = (0..<3).map { _ in scale.lower(dynamic) }
        #expect(lowered == [true, true, false] && scale.value == 1 && scale.loweredCount == 2)
        for _ in 0..<5 { scale.keep(dynamic) }
        #expect(scale.value == 2 && scale.goodSteps == 2)
        let again = scale.lower(dynamic)
        #expect(again && scale.goodSteps == 0)
        scale.keep(dynamic)
        scale.restart()
        #expect(scale.goodSteps == 0 && scale.value == 1 && scale.loweredCount == 3)
        let highest = options(start: LossScaleChoice.highest, growthSteps: 1)
        var most = LossScale(highest)
        most.keep(highest)
        #expect(most.value == LossScaleChoice.highest)
        let fixed = options(start: 8, dynamic: false, growthSteps: 1)
        var still = LossScale(fixed)
        still.keep(fixed)
        let moved = still.lower(fixed)
        #expect(!moved && still == LossScale(fixed))
    }

    @Test("where float16 is in use it begins at 2^16 and follows; a number is fixed; where nothing is float16 it is 1")
    func configured() throws {
        var configuration = RunConfiguration()
        #expect(LossScale.Options(configuration) == LossScale.Options())
        configuration.method.kind = .full
        configuration.model.dtype = .bfloat16
        configuration.parallel.gradientDtype = .bfloat16
        #expect(!LossScale.Options(configuration).isUsed)
        configuration.training.lossScale = .fixed(1024)
        #expect(LossScale.Options(configuration) == options(start: 1024, dynamic: false))
        configuration.training.lossScale = .auto
        for (name, change) in [
            ("weights", { $0.model.dtype = .float16 }), ("saved", { $0.memory.activationDtype = .float16 }),
            ("kept", { $0.memory.gradientDtype = .float16 }), ("sent", { $0.parallel.gradientDtype = .float16 }),
            ("handed on", { $0.parallel.activationDtype = .float16 }),
        ] as [(String, (inout RunConfiguration) -> Void)] {
            var changed = configuration
            change(&changed)
            #expect(LossScale.Options(changed) == options(start: 65_536), "\(name)")
        }
    }

    @Test("a checkpoint that holds one gives it back; one of an earlier version, without the field, is read too")
    func saved() throws {
        let dynamic = options(start: 4, growthSteps: 3)
        var scale = LossScale(dynamic)
        _ = scale.lower(dynamic)
        scale.keep(dynamic)
        var position = RunPosition(step: 7, cursor: 1, stream: 1, method: "full", before: nil, updates: UpdateGuard())
        let earlier = try position.metadata
        #expect(earlier["position"]?.contains("lossScale") == false)
        #expect(try RunPosition(metadata: earlier, subject: "checkpoint").lossScale == nil)
        position.lossScale = scale
        #expect(try RunPosition(metadata: position.metadata, subject: "checkpoint").lossScale == scale)
    }

    /// Some steps on one batch, gradients kept as the second stage keeps them.
    private func train(
        _ scale: LossScale.Options, gradients: FloatType = .float32, stage: ZeROStage = .nothing, steps: Int = 6, on device: any Device
    ) throws -> (results: [TrainingStep.Result], values: [Float], step: TrainingStep, ledger: MemoryLedger) {
        let reference = try ReferenceCase("tied")
        var configuration = RunConfiguration()
        configuration.method.kind = .full
        configuration.memory.gradientDtype = gradients
        let trained = try TrainedModel.make(reference.files, configuration, on: device, longestSequence: 64, stage: stage)
        var constant = ScheduleOptions()
        constant.kind = .constant
        let step = TrainingStep(
            trained, optimizer: try Optimizer(OptimizerOptions(), shards: trained.shards),
            schedule: Schedule(constant, peak: 1e-3, totalSteps: steps), maximumNorm: 1, seed: 0, on: device, lossScale: scale)
        let batch = try reference.batch()
        device.ledger.restartPeak()
        let results = try (0..<steps).map { try step.run(step: $0, batches: [batch, batch], trainedTokenCount: 2 * batch.targets.count) }
        let values = device.holdsValues ? trained.model.parameters.flatMap { $0.weight.values.values() } : []
        return (results, values, step, device.ledger)
    }

    @Test("a power of two is divided out exactly: losses, norms and values are the same bits as without it")
    func exact() throws {
        let plain = try train(LossScale.Options(), on: try CPUDevice(threadCount: 2))
        let scaled = try train(options(start: 65_536), on: try CPUDevice(threadCount: 2))
        #expect(plain.results.map(\.loss) == scaled.results.map(\.loss) && plain.results.map(\.gradientNorm) == scaled.results.map(\.gradientNorm))
        #expect(plain.values == scaled.values && !plain.values.isEmpty)
        #expect(plain.results.allSatisfy { $0.lossScale == nil } && scaled.results.allSatisfy { $0.lossScale == 65_536 })
    }

    @Test(
        "gradients kept in 16 bits: losses near float32's, half the memory for them, and the peak as counted",
        arguments: [FloatType.bfloat16, .float16])
    func kept(type: FloatType) throws {
        let scale = type == .float16 ? options(start: 1024) : LossScale.Options()
        let wanted = try train(LossScale.Options(), stage: .gradients, on: try CPUDevice(threadCount: 2))
        let found = try train(scale, gradients: type, stage: .gradients, on: try CPUDevice(threadCount: 2))
        #expect(found.values != wanted.values)
        for (a, b) in zip(wanted.results, found.results) { #expect(abs(a.loss - b.loss) <= 2e-3 * a.loss) }
        #expect(try train(scale, gradients: type, stage: .gradients, on: CountingDevice(threadCount: 2)).ledger == found.ledger)
        #expect(found.ledger.alive(.gradients).bytes == wanted.ledger.alive(.gradients).bytes / 2)
    }

    @Test("a gradient that float16 can't hold leaves its update out and halves the scale until it can; then it trains on, as if it had begun there")
    func overflow() throws {
        func run(_ start: Double, steps: Int) throws -> (results: [TrainingStep.Result], values: [Float], step: TrainingStep, ledger: MemoryLedger) {
            try train(options(start: start), gradients: .float16, stage: .gradients, steps: steps, on: try CPUDevice(threadCount: 2))
        }
        let found = try run(0x1p26, steps: 20)
        let skipped = found.results.prefix { $0.skipped != nil }
        #expect((3...15).contains(skipped.count) && found.results.dropFirst(skipped.count).allSatisfy { $0.skipped == nil })
        #expect(skipped.map(\.lossScale) == skipped.indices.map { 0x1p26 / Double(1 << $0) })
        #expect(skipped.allSatisfy { $0.lowersScale && $0.loss.isFinite && $0.skipped?.code == .numerics })
        #expect(found.step.updates.skippedCount == skipped.count && found.step.updates.nonFiniteInARow == 0)
        #expect(found.step.lossScale.loweredCount == skipped.count)
        // Updates are numbered as if the steps left out had not been.
        let from = 0x1p26 / Double(1 << skipped.count)
        let wanted = try run(from, steps: 20 - skipped.count)
        #expect(wanted.results.allSatisfy { $0.skipped == nil } && wanted.values == found.values)
        // One that is fixed, or can't be halved, makes an error of it; so does a loss that is not finite, which is none of its doing.
        let fixed = #expect(throws: TrainerError.self) {
            try train(options(start: 0x1p26, dynamic: false), gradients: .float16, stage: .gradients, on: try CPUDevice(threadCount: 2))
        }
        #expect(fixed?.code == .numerics && fixed?.subject.hasPrefix("step 1") == true)
        for scale in [options(start: 1), options(start: 0x1p26)] {
            let error = #expect(throws: TrainerError.self) {
                let device = try CPUDevice(threadCount: 1)
                let reference = try ReferenceCase("tied")
                let trained = try reference.make(.full, on: device)
                let step = TrainingStep(
                    trained, optimizer: try Optimizer(OptimizerOptions(), shards: trained.shards),
                    schedule: Schedule(ScheduleOptions(), peak: 1, totalSteps: 99), maximumNorm: 1, seed: 0, on: device, lossScale: scale)
                let batch = try reference.batch()
                _ = try step.run(step: 0, batches: [batch], trainedTokenCount: batch.targets.count)
                #expect(step.lossScale.goodSteps == 1)
                let gain = trained.model.finalNorm.gain
                gain.write([Float](repeating: .infinity, count: gain.count))
                defer { #expect(step.lossScale.goodSteps == 0 && step.lossScale.loweredCount == 0) }
                _ = try step.run(step: 1, batches: [batch], trainedTokenCount: batch.targets.count)
            }
            #expect(error?.code == .numerics && error?.subject == "step 2, rank 0")
        }
    }
}
