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

/// The step as a whole: what a batch is divided into must not matter.
@Suite struct TrainingStepTests {
    /// Rows of ragged lengths and masks.
    static func rows(_ count: Int, vocabulary: Int) throws -> TokenizedRows {
        let random = Philox(seed: 7, purpose: .sampling)
        let rows = (0..<count).map { row in
            let length = 3 + Int(random.words(UInt64(row), 1).0 % 29)
            let words = (0..<length).map { random.words(UInt64($0), UInt64(row + 2)) }
            return TokenizedRow(tokens: words.map { Int32($0.0 % UInt32(vocabulary)) }, trained: words.map { $0.1 % 3 > 0 }, line: row + 1)
        }
        return try TokenizedRows(rows)
    }

    /// Losses of some steps with dropout, every step's rows in microbatches of at most `microbatchTokens`.
    static func losses(steps: Int, microbatchTokens: Int, checkpointing: Bool = false, threads: Int = 2) throws -> [Double] {
        let device = try CPUDevice(threadCount: threads)
        let reference = try ReferenceCase("tied")
        var options = ReferenceCase.lora
        options.loraDropout = 0.1
        let trained = try reference.make(.lora, lora: options, on: device)
        trained.model.setCheckpointing(checkpointing ? .full : .none)
        let data = try rows(64, vocabulary: trained.model.options.vocabulary)
        let schedule = try RunSchedule(data, options: .init(seed: 3, batch: .rows(8), maxSteps: steps))
        let step = TrainingStep(
            trained, optimizer: try Optimizer(OptimizerOptions(), shards: trained.shards),
            schedule: Schedule(ScheduleOptions(), peak: 5e-3, totalSteps: steps), maximumNorm: 1, seed: 3, on: device)
        return try (0..<steps).map { index in
            let plan = schedule.plan(step: index, packing: PackingOptions(rankCount: 1, microbatchTokens: microbatchTokens))
            let batches = try plan.batches(ofRank: 0, from: data)
            return try step.run(step: index, batches: batches, trainedTokenCount: plan.trainedTokenCount).loss
        }
    }

    @Test("pain 1: eight rows at once, in pieces and one by one give the same losses, dropout on")
    func accumulation() throws {
        let whole = try Self.losses(steps: 20, microbatchTokens: 1024)
        for microbatchTokens in [64, 32] {
            let pieces = try Self.losses(steps: 20, microbatchTokens: microbatchTokens)
            for (a, b) in zip(whole, pieces) { #expect(abs(a - b) <= 1e-5 * abs(a)) }
        }
    }

    @Test("checkpointing and thread count do not change the losses, dropout on")
    func recomputing() throws {
        let whole = try Self.losses(steps: 5, microbatchTokens: 1024)
        for (a, b) in zip(whole, try Self.losses(steps: 5, microbatchTokens: 1024, checkpointing: true)) { #expect(abs(a - b) <= 1e-6 * abs(a)) }
        for (a, b) in zip(whole, try Self.losses(steps: 5, microbatchTokens: 1024, threads: 1)) { #expect(abs(a - b) <= 1e-5 * abs(a)) }
    }

    @Test("pain 33: a loss that is not a number is an error that names step, rank and tensor, and nothing is updated")
    func nonFinite() throws {
        let device = try CPUDevice(threadCount: 1)
        let reference = try ReferenceCase("untied")
        let trained = try reference.make(.full, on: device)
        let norm = trained.model.finalNorm.gain
        norm.write([Float](repeating: .infinity, count: norm.count))
        let before = trained.model.embedding.weight.values.values()
        let step = TrainingStep(
            trained, optimizer: try Optimizer(OptimizerOptions(), shards: trained.shards),
            schedule: Schedule(ScheduleOptions(), peak: 1, totalSteps: 9),
            maximumNorm: 1, seed: 0, on: device)
        let batch = try reference.batch()
        let error = #expect(throws: TrainerError.self) { try step.run(step: 3, batches: [batch], trainedTokenCount: batch.targets.count) }
        #expect(error?.code == .numerics)
        #expect(error?.subject == "step 4, rank 0" && step.updates.nonFiniteInARow == 1)
        #expect(error?.problem.contains("not finite") == true)
        #expect(trained.model.embedding.weight.values.values() == before)
    }

    @Test("a gradient that is not finite, where every loss is, names the rank whose part has the first such tensor")
    func nonFiniteGradient() throws {
        let device = try CPUDevice(threadCount: 1)
        let reference = try ReferenceCase("untied")
        let trained = try reference.make(.full, on: device)
        var scale = LossScale.Options()
        scale.start = 0x1p1000
        let step = TrainingStep(
            trained, optimizer: try Optimizer(OptimizerOptions(), shards: trained.shards),
            schedule: Schedule(ScheduleOptions(), peak: 1, totalSteps: 9), maximumNorm: 1, seed: 0, on: device, lossScale: scale)
        let batch = try reference.batch()
        let error = #expect(throws: TrainerError.self) { try step.run(step: 3, batches: [batch], trainedTokenCount: batch.targets.count) }
        #expect(error?.subject == "step 4, rank 0", "\(String(describing: error))")
        #expect(error?.problem.hasPrefix("the gradient of ") == true && error?.problem.contains("(loss nan") == false)
    }

    @Test("a gradient whose copies differ by a bit has one norm on all ranks, so that they clip and skip alike")
    func oneNorm() throws {
        let norms = try ThreadGroup.run(3) { group in
            let device = try CPUDevice(threadCount: 1)
            var configuration = RunConfiguration()
            configuration.method.kind = .full
            let files = try ReferenceCase("tied").files
            let trained = try TrainedModel.make(files, configuration, on: device, longestSequence: 64, grid: ProcessGrid(data: group))
            trained.units.beginStep()
            let gradients = try #require(trained.model.units[0].gradients)
            device.copy(gradients, try device.tensor((0..<gradients.count).map { Float($0 % 7) + 1e-3 * Float(group.index) }))
            return try trained.units.gradientNorm()
        }.map { try $0.get() }
        #expect(Set(norms).count == 1 && norms[0] > 0)
    }

    @Test("told to, a step that is not finite leaves its update out: values and states stay, and the next update is the one that would have been")
    func skipping() throws {
        let device = try CPUDevice(threadCount: 1)
        let reference = try ReferenceCase("untied")
        let batch = try reference.batch()
        func values(poisoning: Bool) throws -> ([Float], UpdateGuard) {
            let trained = try reference.make(.full, on: device)
            var (options, constant) = (UpdateGuard.Options(), ScheduleOptions())
            options.skipsNonFinite = true
            constant.kind = .constant
            let step = TrainingStep(
                trained, optimizer: try Optimizer(OptimizerOptions(), shards: trained.shards),
                schedule: Schedule(constant, peak: 1e-2, totalSteps: 9), maximumNorm: 1, seed: 0, on: device,
                updates: options)
            func run(_ index: Int) throws -> TrainingStep.Result {
                try step.run(step: index, batches: [batch], trainedTokenCount: batch.targets.count)
            }
            #expect(try run(1).skipped == nil)
            if poisoning {
                let gain = trained.model.finalNorm.gain
                let before = gain.weight.values.values()
                gain.write([Float](repeating: .infinity, count: gain.count))
                let skipped = try run(2).skipped
                #expect(skipped?.code == .numerics && skipped?.subject == "step 3, rank 0")
                gain.write(before)
            }
            #expect(try run(poisoning ? 3 : 2).skipped == nil)
            return (trained.model.parameters.flatMap { $0.weight.values.values() }, step.updates)
        }
        let (plain, poisoned) = (try values(poisoning: false), try values(poisoning: true))
        #expect(plain.0 == poisoned.0 && plain.1.skippedCount == 0 && poisoned.1.skippedCount == 1)
    }

    @Test(
        "the counting device predicts the allocator's peak to the byte, whatever saves memory", arguments: [MethodOptions.Kind.full, .lora, .qlora],
        [nil] + OptimizerOptions.Kind.allCases)
    func counting(kind: MethodOptions.Kind, paged: OptimizerOptions.Kind?) throws {
        try withTemporaryFolder { folder in
            let reference = try ReferenceCase("tied")
            let batch = try reference.batch()
            var options = OptimizerOptions()
            (options.kind, options.paged) = (paged ?? .adamw8bit, paged != nil)
            func peak(_ checkpointing: Checkpointing, offloads: Bool, _ device: any Device) throws -> MemoryLedger {
                let trained = try reference.make(kind, lora: ReferenceCase.lora, on: device)
                trained.model.setCheckpointing(checkpointing)
                let spill = try Spill(folder: folder, on: device)
                let step = TrainingStep(
                    trained, optimizer: try Optimizer(options, shards: trained.shards, spill: spill),
                    schedule: Schedule(ScheduleOptions(), peak: 1e-3, totalSteps: 2), maximumNorm: 1, seed: 0, on: device,
                    activations: ActivationStorage(elementType: offloads ? .bfloat16 : .float32, spill: offloads ? spill : nil))
                device.ledger.restartPeak()
                _ = try step.run(step: 0, batches: [batch], trainedTokenCount: batch.targets.count)
                return device.ledger
            }
            for checkpointing in [Checkpointing.none, .selective, .full] {
                for offloads in [false, true] {
                    let counted = try peak(checkpointing, offloads: offloads, CountingDevice(threadCount: 2))
                    #expect(try counted == peak(checkpointing, offloads: offloads, try CPUDevice(threadCount: 2)))
                }
            }
        }
    }
}
