import Adapters
import Formats
import Models
import Objectives
import Optimizers
import Planning
import Support
import Tensors
import TestSupport
import Testing

@testable import Training

/// A model folder of the fixtures with what transformers, PEFT and bitsandbytes computed on it.
struct ReferenceCase {
    let name: String
    let files: ModelFiles
    let reference: SafeTensorsFile

    init(_ name: String, _ file: String = "reference") throws {
        self.name = name
        files = try ModelFiles.open(fixture(name))
        reference = try SafeTensorsFile(path: fixture("\(name)/\(file).safetensors"))
    }

    func floats(_ tensor: String) throws -> [Float] {
        let entry = try reference.entry(tensor)
        return (0..<entry.elementCount).map { entry.bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
    }

    private func integers(_ tensor: String) throws -> [Int32] {
        let entry = try reference.entry(tensor)
        return (0..<entry.elementCount).map { entry.bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self) }
    }

    /// The reference's sequences, packed in one batch.
    func batch() throws -> PackedBatch {
        let tokens = try integers("tokens")
        let starts = try integers("sequence_starts").map(Int.init) + [tokens.count]
        let trained = try reference.entry("trained").bytes.map { $0 != 0 }
        return PackedBatch(tokens: tokens, sequenceStarts: starts, trained: trained, globalPositions: (0..<tokens.count).map(Int64.init))
    }

    func make(_ kind: MethodOptions.Kind, lora: LoRAOptions = LoRAOptions(), on device: any Device) throws -> TrainedModel {
        var configuration = RunConfiguration()
        configuration.method.kind = kind
        configuration.method.lora = lora
        return try TrainedModel.make(files, configuration, on: device, longestSequence: 64)
    }

    /// The LoRA settings of the fixtures' adapters.
    static var lora: LoRAOptions {
        var options = LoRAOptions()
        options.r = 4
        options.loraAlpha = 8
        return options
    }

    func logits(_ trained: TrainedModel, on device: any Device) throws -> [Float] {
        let pass = try Pass(try batch(), on: device, keepsActivations: false)
        return try trained.model.logits(pass).values()
    }

    /// The losses of five steps at the settings of the fixtures, each before its update, and the gradient norm of the first.
    func losses(
        _ trained: TrainedModel, learningRate: Double, weightDecay: Double, maximumNorm: Double = 0,
        on device: any Device
    ) throws -> (losses: [Float], norm: Double) {
        var options = OptimizerOptions()
        options.learningRate = learningRate
        options.weightDecay = weightDecay
        var constant = ScheduleOptions()
        constant.kind = .constant
        let step = TrainingStep(
            trained, optimizer: try Optimizer(options, shards: trained.shards), schedule: Schedule(constant, peak: learningRate, totalSteps: 5),
            maximumNorm: maximumNorm, seed: 0, on: device)
        let batch = try batch()
        let results = try (0..<5).map { try step.run(step: $0, batches: [batch], trainedTokenCount: batch.targets.count) }
        return (results.map { Float($0.loss) }, results[0].gradientNorm)
    }

    /// The gradients of the mean loss, by parameter.
    func backward(_ trained: TrainedModel, on device: any Device) throws -> Double {
        let batch = try batch()
        let pass = try Pass(batch, on: device, keepsActivations: true)
        let sum = try trained.model.lossSumAndGradients(pass, gradientScale: 1 / Double(batch.targets.count))
        #expect(pass.stack.isEmpty)
        return sum / Double(batch.targets.count)
    }
}

extension LanguageModel {
    /// Forward and backward of a model that is one part.
    func lossSumAndGradients(_ pass: Pass, gradientScale: Double) throws -> Double {
        let (sum, gradient) = try forwardAndHead(pass, gradientScale: gradientScale)
        try backward(parts[0], gradient, pass)
        return sum
    }

    /// The hidden states are gone when this returns, as they are in a run.
    private func forwardAndHead(_ pass: Pass, gradientScale: Double) throws -> (Double, Tensor) {
        let hidden = try forward(parts[0], nil, pass)
        return try NextToken().headLossAndGradient(self, pass, hidden: hidden, gradientScale: gradientScale)
    }
}
