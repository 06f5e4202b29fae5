import Adapters
import Formats
import Models
import Planning
import Tensors
import TestSupport
import Testing

@testable import Training

/// The adapters that PEFT made, on a dense base and on one that bitsandbytes quantised to NF4; tolerances as in `FullReferenceTests`.
@Suite struct AdapterReferenceTests {
    struct Case: CustomTestStringConvertible {
        var name: String
        var kind: MethodOptions.Kind
        var saves: [String] = []
        var testDescription: String { "\(kind.rawValue) on \(name)" }

        func make(on device: any Device) throws -> (reference: ReferenceCase, trained: TrainedModel) {
            let reference = try ReferenceCase(name, kind.rawValue)
            var options = ReferenceCase.lora
            options.modulesToSave = saves
            let trained = try reference.make(kind, lora: options, on: device)
            let files = try AdapterFiles.open(fixture("\(name)/adapter"))
            let lora = try #require(trained.lora)
            try lora.read(files)
            return (reference, trained)
        }
    }

    static let cases = [Case(name: "tied", kind: .lora), Case(name: "untied", kind: .lora, saves: ["lm_head"]), Case(name: "tied", kind: .qlora)]

    @Test("adapters: logits agree with PEFT to 1e-5", arguments: cases)
    func logits(item: Case) throws {
        let device = try CPUDevice(threadCount: 2)
        let (reference, trained) = try item.make(on: device)
        expectClose(try reference.logits(trained, on: device), try reference.floats("logits"), absolute: 1e-5, "logits")
    }

    @Test("adapters: every gradient agrees with PEFT to 1e-4, with and without checkpointing (pain 30)", arguments: cases, [false, true])
    func gradients(item: Case, checkpointing: Bool) throws {
        let device = try CPUDevice(threadCount: 2)
        let (reference, trained) = try item.make(on: device)
        trained.model.setCheckpointing(checkpointing ? .full : .none)
        let loss = try reference.backward(trained, on: device)
        expectClose([Float(loss)], try reference.floats("loss"), absolute: 1e-5, "loss")
        let lora = try #require(trained.lora)
        var compared = 0
        for (name, parameter) in lora.fileParameters {
            let gradient = try #require(parameter.gradient)
            expectClose(gradient.values(), try reference.floats("grad.\(name)"), relative: 1e-4, name)
            #expect(gradient.values().contains { $0 != 0 })
            compared += 1
        }
        #expect(compared == reference.reference.names.filter { $0.hasPrefix("grad.") }.count)
        #expect(trained.model.trainableCount == lora.fileParameters.reduce(0) { $0 + $1.parameter.count })
    }

    @Test("adapters: losses of five AdamW steps agree with PEFT and torch to 1e-5", arguments: cases)
    func losses(item: Case) throws {
        let device = try CPUDevice(threadCount: 2)
        let (reference, trained) = try item.make(on: device)
        let found = try reference.losses(trained, learningRate: 5e-3, weightDecay: 0, on: device)
        expectClose(found.losses, try reference.floats("losses"), absolute: 1e-5, "losses")
    }

    @Test("use_rslora: the scale is alpha / sqrt(r), as PEFT's logits say")
    func rsLoRA() throws {
        let device = try CPUDevice(threadCount: 2)
        let batch = try ReferenceCase("tied").batch()
        let wanted = try ReferenceCase("tied", "rslora").floats("logits")
        var options = ReferenceCase.lora
        options.useRslora = true
        let trained = try ReferenceCase("tied").make(.lora, lora: options, on: device)
        try #require(trained.lora).read(try AdapterFiles.open(fixture("tied/adapter_rslora")))
        let pass = try Pass(batch, on: device, keepsActivations: false)
        expectClose(try trained.model.logits(pass).values(), wanted, absolute: 1e-5, "logits")
    }
}
