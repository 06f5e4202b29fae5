import Formats
import Models
import Planning
import Tensors
import TestSupport
import Testing

@testable import Training

/// Float32 noise between two ways of running the reference: logits 3e-6 (they reach 5), gradients 2e-6, losses 1e-6.
@Suite struct FullReferenceTests {
    static let cases = ["tied", "untied", "llama3", "bf16", "sharded"]

    @Test("full: logits agree with transformers to 1e-5", arguments: cases)
    func logits(name: String) throws {
        let device = try CPUDevice(threadCount: 2)
        let reference = try ReferenceCase(name)
        expectClose(try reference.logits(try reference.make(.full, on: device), on: device), try reference.floats("logits"), absolute: 1e-5, name)
    }

    @Test("full: every gradient agrees with transformers to 1e-4, with and without checkpointing", arguments: cases, [false, true])
    func gradients(name: String, checkpointing: Bool) throws {
        let device = try CPUDevice(threadCount: 2)
        let reference = try ReferenceCase(name)
        let trained = try reference.make(.full, on: device)
        trained.model.setCheckpointing(checkpointing ? .full : .none)
        let loss = try reference.backward(trained, on: device)
        expectClose([Float(loss)], try reference.floats("loss"), absolute: 1e-5, "loss")
        var compared = 0
        for parameter in trained.model.parameters where reference.reference.contains("grad.\(parameter.name)") {
            let gradient = try #require(parameter.gradient)
            expectClose(gradient.values(), try reference.floats("grad.\(parameter.name)"), relative: 1e-4, parameter.name)
            compared += 1
        }
        #expect(compared == reference.reference.names.filter { $0.hasPrefix("grad.") }.count)
    }

    @Test("full: losses of five AdamW steps agree with torch to 1e-5, clipped and not", arguments: cases)
    func losses(name: String) throws {
        let reference = try ReferenceCase(name)
        for clipped in [false, true] {
            let device = try CPUDevice(threadCount: 2)
            let norm = clipped ? Double(try reference.floats("maximum_norm")[0]) : 0
            let found = try reference.losses(
                try reference.make(.full, on: device), learningRate: 1e-3, weightDecay: 0.01, maximumNorm: norm, on: device)
            expectClose(found.losses, try reference.floats(clipped ? "losses_clipped" : "losses"), absolute: 1e-5, "losses")
            expectClose([Float(found.norm)], try reference.floats("gradient_norm"), relative: 1e-5, "norm")
        }
    }
}
